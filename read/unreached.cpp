// SPDX-License-Identifier: Apache-2.0
#include "read/unreached.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "base/text.h"

namespace backglance {
namespace {

void append(UnreachedImages::Images& all, UnreachedImages::Images more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

}  // namespace

UnreachedImages::Images UnreachedImages::add(SettledImage settled) {
  // One or two lost images are normal; this many at once are a reason to check the place.
  constexpr std::size_t kMany = 20;
  const std::string place = settled.outcome.place;
  images_[place].push_back(std::move(settled));
  if (images_[place].size() < kMany)
    return {};
  doubt(place);
  return believe(place);
}

UnreachedImages::Images UnreachedImages::reached(const std::string& place) {
  // This host sees the place, so images that did not open there are really lost.
  reached_.insert(place);
  return believe(place);
}

UnreachedImages::Images UnreachedImages::finish() {
  Images all;
  while (!images_.empty()) {
    const std::string place = images_.begin()->first;
    // If one image of the place was opened in this run, the host sees the place.
    if (!reached_.contains(place))
      doubt(place);
    append(all, believe(place));
  }
  return all;
}

UnreachedImages::Images UnreachedImages::take_all() {
  Images all;
  for (auto& [place, images] : images_)
    append(all, std::move(images));
  images_.clear();
  return all;
}

UnreachedImages::Images UnreachedImages::believe(const std::string& place) {
  auto found = images_.extract(place);
  return found.empty() ? Images() : std::move(found.mapped());
}

void UnreachedImages::doubt(const std::string& place) {
  const Images& images = images_[place];
  std::set<std::string> ids;
  for (const SettledImage& one : images)
    ids.insert(one.claim.image_id);
  if (probe_.sees(place, ids))
    return;
  const std::string none =
      fmt::format("none of {} could be opened on this host", counted(std::ssize(images), "image"));
  if (place.empty())
    throw Error(
        ErrorKind::io,
        fmt::format("{}, and no other image that was tried; for example {}: {}. They are left for "
                    "another host",
                    none, printable(images.front().claim.image_id), images.front().outcome.reason),
        "check the store directories and metadata_encryption_key, and run this again");
  throw Error(ErrorKind::io,
              fmt::format("{} from store directory {}, and no other image there: is it mounted? "
                          "They are left for another host",
                          none, printable(place)),
              "mount it, and run this again");
}

}  // namespace backglance
