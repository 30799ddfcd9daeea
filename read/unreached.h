// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ledger/read_outcome.h"
#include "read/store_probe.h"

namespace backglance {

// Images that could not be opened, kept back until it is known whether they are lost or this host
// does not see the place of the store that they lie in. One host of the latter kind would pass over
// the whole queue in a minute, and leave nothing to those that see it. One thread at a time.
class UnreachedImages {
 public:
  using Images = std::vector<SettledImage>;

  // As those of StoreProbe.
  UnreachedImages(Session& session, bool has_ledger, const Stores& stores)
      : probe_(session, has_ledger, stores) {}

  static bool is_one(const ReadOutcome& outcome) {
    return outcome.result == ImageResult::missing || outcome.result == ImageResult::unreadable;
  }

  // Each returns images that are to be settled as what they are. add() and finish() throw Error{io}
  // for a place that this host does not see: add() once they are many, finish() if no image of the
  // place was reached in this run.
  Images add(SettledImage settled);
  Images reached(const std::string& place);
  Images finish();

  // What is still kept back, and is not known.
  Images take_all();

 private:
  Images believe(const std::string& place);
  void doubt(const std::string& place);

  StoreProbe probe_;
  std::map<std::string, Images> images_;  // by place, since one of it was reached
  std::set<std::string> reached_;
};

}  // namespace backglance
