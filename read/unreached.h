// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
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
      : stores_(stores), probe_(session, has_ledger, stores) {}

  static bool is_one(const ReadOutcome& outcome) {
    if (outcome.store_is_away || outcome.is_transient)
      return outcome.store_is_away;
    // Of `other_location`, the place is that of the first location, which this host may not see.
    return facts_of(outcome.result).retry.when == RetryRule::When::when_reachable &&
           (outcome.result != ImageResult::other_location ||
            (!outcome.location_id && !outcome.place.empty()));
  }

  // Images that are decided.
  struct Decided {
    Images believed;  // their result is to be recorded
    Images left;      // of a place that this host does not see: for another host, or a later run
  };

  // An image whose store cannot be used (ReadOutcome::store_is_away) is left at once. If its store
  // refused it (store_refused), its result is believed once the store gives an image later: one
  // that was claimed after it, or one that the probe opens. Another place is decided once there
  // are many images of it, at finish(), or when an image of it was opened in this run. A place that
  // is not seen does not keep the run from reading the others. add() throws Error{io} if no place
  // of the site is seen: then the run can read nothing.
  Decided add(SettledImage settled);
  // `claim`: of an image that was opened there.
  Decided reached(const std::string& place, const Claim& claim);
  Decided finish();

  // The Error{io} with which the run must end, because images were left; it names their places.
  std::optional<Error> error() const;

  // Returns the images that are still held back and not decided.
  Images take_all();

 private:
  // A place that this host did not see.
  struct Unseen {
    std::int64_t images = 0;  // that were left
    std::string example;      // one of them
    std::string reason;       // why that could not be opened
    bool over = false;        // an image was opened there since: something was mounted
    bool is_away = false;     // the store itself said so; nobody had to find it out
  };

  // Takes out the images of the place, to be recorded with their results.
  Images believe(const std::string& place);
  // Leaves images of a store that cannot be used.
  void leave_away(const std::string& place, const Images& left);
  // Asks whether this host sees the place.
  Decided decide(const std::string& place);
  // Asks whether the place gives an image now.
  Decided decide_refused(const std::string& place);
  bool sees(const std::string& place, const Images& doubted);
  // Counts images that are left.
  Unseen& leave(const std::string& place, const Images& left);
  bool is_configured(const std::string& place) const;
  // True if no place can be read, as far as this run knows.
  bool sees_nothing() const;

  const Stores& stores_;
  StoreProbe probe_;
  std::map<std::string, Unseen> unseen_;
  std::map<std::string, Images> images_;   // by place; since an image of the place was opened
  std::map<std::string, Images> refused_;  // by place
  // By place, the image that was opened last. The ledger may not have it yet.
  std::map<std::string, std::string> reached_;
};

}  // namespace backglance
