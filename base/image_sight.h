// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace backglance {

// What this host sees of an image's data, without reading it. read/ finds it and contract/ decides
// by it; neither module knows the other.
struct ImageSight {
  enum class Kind {
    readable,  // a location can be opened
    gone,      // no location has an object; true only if this host sees all of `places`
    left_out,  // its data may be in a store that the operator has named with --without-store
    unknown    // a location cannot be looked at from here: its data may be there
  };
  Kind kind = Kind::unknown;
  // Of `gone`: the places of the store in which objects were looked for; sorted, each once. Empty
  // if the image has no location.
  std::vector<std::string> places = {};
  // Of `unknown`: why, the same text for all images alike, without secrets; and the name for
  // --without-store, or empty if it is not a store that is at fault.
  std::string reason = {};
  std::string store = {};
};

// Questions about the stores, for a module that does not know them. Each may throw what the
// database and the stores throw.
struct StoreQuestions {
  // Returns one answer for each id, in the same order.
  std::function<std::vector<ImageSight>(const std::vector<std::string>& image_ids)> look_at;
  // Whether the place is the one that holds the site's images, if `gone` images have no object
  // there. Returns why this is in doubt; empty if it is not.
  std::function<std::string(const std::string& place, std::int64_t gone)> doubt;
};

}  // namespace backglance
