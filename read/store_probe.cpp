// SPDX-License-Identifier: Apache-2.0
#include "read/store_probe.h"

#include <algorithm>

#include "ledger/results.h"
#include "sql/images.h"
#include "sql/retry.h"
#include "sql/row_list.h"

namespace backglance {
namespace {

// Pages of ids to look at, even if few of their images are in the place.
constexpr int kPages = 1024;

// True if the location is in a store that backglance does not support.
bool is_elsewhere(const std::variant<FoundLocation, ReadFailure>& found) {
  const auto* const failure = std::get_if<ReadFailure>(&found);
  return failure != nullptr && failure->result == ImageResult::store_not_supported;
}

}  // namespace

bool StoreProbe::sees(const std::string& place, const std::set<std::string>& doubted,
                      const std::string& opened) {
  constexpr std::chrono::minutes kGood{1};
  const auto now = std::chrono::steady_clock::now();
  const auto known = answers_.find(place);
  if (opened.empty() && known != answers_.end() && now - known->second.at < kGood &&
      (place.empty() ? doubted.size() <= known->second.doubted : !known->second.sees))
    return known->second.sees;
  const bool sees = look(place, doubted, opened);
  answers_[place] = {sees, doubted.size(), now};
  return sees;
}

bool StoreProbe::is_configured(const std::string& place) const {
  // Places of the network are named by the store that the configuration has.
  return !place.starts_with('/') || std::find(stores_.places().begin(), stores_.places().end(),
                                              place) != stores_.places().end();
}

bool StoreProbe::look(const std::string& place, const std::set<std::string>& doubted,
                      const std::string& opened) {
  // Ids are random, so a page has images of every size and age. An image that was read once can be
  // opened, so a few are enough; many images that were never read may be unreadable on every host.
  constexpr int kSome = 64;
  constexpr int kMany = 4096;
  constexpr int kManyRequests = 256;
  const bool is_remote = !place.empty() && !place.starts_with('/');
  if (!opened.empty()) {
    // Its result may not be recorded yet, and those that are recorded may be lost.
    Seen now;
    look_at(
        place, doubted,
        [&](const std::string& after) {
          return after.empty() ? std::vector{opened} : std::vector<std::string>();
        },
        1, now);
    if (now.opened)
      return true;
  }
  if (has_ledger_) {
    const auto page = [&](const std::string& after) {
      return Results(session_).read_page(after, kRowsPerStatement);
    };
    Seen read;
    look_at(place, doubted, page, kSome, read);
    if (!read.tells_nothing())
      return read.opened;
  }
  // None was ever read there. Then one image that opens shows that the place is the right one, and
  // nothing else does: a file of another program may lie where a mount is gone.
  // Count both together: the images in other stores may all be hashed, and the doubted ones are
  // not.
  Seen seen;
  for (const auto page_of : {unhashed_page, hashed_page}) {
    const auto page = [&](const std::string& after) {
      return page_of(session_, after, kRowsPerStatement);
    };
    look_at(place, doubted, page, is_remote ? kManyRequests : kMany, seen);
    if (seen.opened)
      return true;
  }
  constexpr int kStrays = 2;
  if (!place.empty() && !is_configured(place))
    // A directory of a store that is empty, or is not there, may be a mount that is gone.
    return seen.tried <= kStrays && !(stores_.has_place(place) && stores_.is_empty(place)) &&
           look("", doubted, {});
  return place.empty() && seen.tells_nothing();
}

void StoreProbe::look_at(const std::string& place, const std::set<std::string>& doubted,
                         const Page& page, int most, Seen& seen) {
  std::string after;
  int tried = 0;
  for (int pages = 0; pages < kPages && tried < most; ++pages) {
    const auto ids = retry(session_, [&] { return page(after); });
    if (ids.empty())
      break;
    const auto images = retry(session_, [&] { return read_details(session_, ids); });
    for (const auto& [id, image] : images)
      for (const LocationRow& location : image.locations) {
        // That the API answers says nothing of directories and keys, which "" is about.
        const bool may_ask_api = !place.empty() && image.locations.size() == 1;
        const auto found =
            stores_.find(location.value, location.meta_data, may_ask_api ? id : std::string());
        const auto* there = std::get_if<FoundLocation>(&found);
        if (!place.empty() && (there == nullptr || there->place() != place))
          continue;
        if (there != nullptr && there->opens()) {
          seen.opened = true;
          return;
        }
        if (place.empty() && is_elsewhere(found)) {
          ++seen.elsewhere;
        } else if (place.empty() && doubted.contains(id)) {
          ++seen.doubted;
        } else {
          ++seen.tried;
          ++tried;
        }
      }
    after = ids.back();
  }
}

}  // namespace backglance
