// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/image_sight.h"
#include "sql/images.h"
#include "sql/session.h"
#include "store/stores.h"

namespace backglance {

// Whether the location can be opened now, and has the length that Glance knows. Reads nothing.
bool opens_whole(const FoundLocation& there, const ImageRow& image);

// Answers StoreQuestions with what this host sees. "Not seen" is never "not there": everything that
// could not be looked at is `unknown`. Changes nothing and reads no image. One thread at a time.
class StoreView {
 public:
  // `session` and `stores` must live longer than this. Requires the columns for the hash.
  // `without`: the stores that the operator has left out: a type ("rbd"), a scheme, the id of a
  // store or a store directory. This hides no image that can be opened.
  StoreView(Session& session, const Stores& stores, std::set<std::string> without)
      : session_(session), stores_(stores), without_(std::move(without)) {}

  // What counts as readable: a location that can be opened; or only one that has the length that
  // Glance knows, if the store says a length.
  enum class Readable { opens, whole };
  std::vector<ImageSight> look_at(const std::vector<std::string>& image_ids,
                                  Readable readable = Readable::opens);

  // Compares with the images that have a hash: they were read, so their files must be there. The
  // place is in doubt unless more of them are found, with the right length, than images are
  // missing, these and the `gone` ones together. Another store's directory, an old copy of the
  // store, or the directory below a mount that is gone do not pass. Tries a sample of them: four
  // times `gone`, and at least several thousand.
  std::string doubt(const std::string& place, std::int64_t gone);

  // Places that this host cannot use and that the operator did not leave out: a sentence for each.
  std::vector<std::string> unavailable() const;

  // Both questions. This must live longer than they do.
  StoreQuestions questions();

 private:
  ImageSight look_at_one(const ImageDetails& image, bool has_others, Readable readable) const;
  bool is_left_out(const LocationRow& row, const std::string& scheme,
                   const std::string& place) const;
  bool is_place_left_out(const PlaceState& place) const;
  // True if a location of the image in `place` can be opened and has the right length.
  bool is_found(const ImageDetails& image, const std::string& place) const;
  bool has_place(const ImageDetails& image, const std::string& place) const;

  Session& session_;
  const Stores& stores_;
  std::set<std::string> without_;
};

}  // namespace backglance
