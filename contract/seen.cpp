// SPDX-License-Identifier: Apache-2.0
#include "contract/seen.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

// Reasons that are kept apart; a site may have many store directories.
constexpr std::size_t kReasons = 32;
constexpr std::size_t kSaid = 3;

std::string reason_of(const ImageSight& sight) {
  switch (sight.kind) {
    case ImageSight::Kind::unknown:
      return sight.reason;
    case ImageSight::Kind::left_out:
      return "in a store that was left out";
    case ImageSight::Kind::gone:
    case ImageSight::Kind::readable:
      break;
  }
  if (sight.places.empty())
    return "no location";
  return fmt::format("no such file in store directory {}",
                     printable(join(sight.places, ", "), 600));
}

}  // namespace

std::string UnseenImages::reasons() const {
  std::vector<std::string> said;
  for (const Group& group : groups) {
    if (said.size() == kSaid) {
      said.emplace_back("...");
      break;
    }
    said.push_back(fmt::format("{} ({})", group.reason, group.images));
  }
  return join(said, "; ");
}

bool is_seen(const StoreQuestions& stores, const std::string& image_id, UnseenImages& unseen) {
  const auto sights = stores.look_at({image_id});
  const ImageSight sight = sights.empty() ? ImageSight{.reason = "no answer"} : sights.front();
  if (sight.kind == ImageSight::Kind::readable)
    return true;
  ++unseen.images;
  std::string reason = reason_of(sight);
  auto& groups = unseen.groups;
  auto group = std::find_if(groups.begin(), groups.end(),
                            [&](const auto& known) { return known.reason == reason; });
  if (group == groups.end() && groups.size() < kReasons)
    group = groups.insert(groups.end(), {std::move(reason), 0, image_id});
  // Beyond the limit, images count with the last reason's.
  ++(group == groups.end() ? groups.back() : *group).images;
  return false;
}

void refuse_unseen(const UnseenImages& unseen) {
  throw Error(ErrorKind::gate,
              fmt::format("contract --settled is blocked: {} cannot be read on this host: {}",
                          counted(unseen.images, "settled image"), unseen.reasons()),
              "make that data readable on this host, then backglance contract --settled --dry-run");
}

}  // namespace backglance
