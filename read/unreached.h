// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/read_outcome.h"
#include "read/store_probe.h"

namespace backglance {

// Images that could not be opened, held back until it is known whether they are lost or this host
// does not see their place of the store. Without this, a host with a missing mount would fail the
// whole queue in a minute and leave nothing to the other hosts. One thread at a time.
class UnreachedImages {
 public:
  using Images = std::vector<SettledImage>;

  // The arguments of StoreProbe.
  UnreachedImages(Session& session, bool has_ledger, const Stores& stores)
      : probe_(session, has_ledger, stores) {}

  static bool is_one(const ReadOutcome& outcome) {
    // Of `other_location`, the place is that of the first location, which this host may not see.
    return outcome.result == ImageResult::missing || outcome.result == ImageResult::unreadable ||
           (outcome.result == ImageResult::other_location && !outcome.location_id &&
            !outcome.place.empty());
  }

  // Each returns images whose result is to be believed and recorded. add() and finish() throw
  // Error{io} for a place that this host does not see: add() once there are many images of the
  // place, finish() if no image of the place was opened in this run.
  Images add(SettledImage settled);
  Images reached(const std::string& place);
  Images finish();

  // Returns the images that are still held back and not decided.
  Images take_all();

 private:
  // Takes out the images of the place, to be recorded with their results.
  Images believe(const std::string& place);
  // Throws Error{io} if this host does not see the place.
  void doubt(const std::string& place);

  StoreProbe probe_;
  std::map<std::string, Images> images_;  // by place; since an image of the place was opened
  std::set<std::string> reached_;
};

}  // namespace backglance
