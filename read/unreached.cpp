// SPDX-License-Identifier: Apache-2.0
#include "read/unreached.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "base/text.h"

namespace backglance {
namespace {

void append(UnreachedImages::Images& all, UnreachedImages::Images more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

bool is_directory(const std::string& place) {
  return place.starts_with('/');
}

}  // namespace

UnreachedImages::Decided UnreachedImages::add(SettledImage settled) {
  // One or two lost images are normal; this many at once are a reason to check the place.
  constexpr std::size_t kMany = 20;
  const std::string place = settled.outcome.place;
  const bool is_away = settled.outcome.store_is_away;
  const bool is_refused = is_away && settled.outcome.store_refused;
  const auto unseen = unseen_.find(place);
  const bool is_unseen = unseen != unseen_.end() && !unseen->second.over;
  Decided decided;
  if (is_away ? is_unseen || !is_refused : is_unseen) {
    decided.left.push_back(std::move(settled));
    if (is_away)
      leave_away(place, decided.left);
    else
      ++unseen->second.images;
  } else {
    Images& images = is_refused ? refused_[place] : images_[place];
    images.push_back(std::move(settled));
    if (images.size() < kMany)
      return {};
    decided = is_refused ? decide_refused(place) : decide(place);
  }
  if (sees_nothing())
    throw Error(*error());
  return decided;
}

void UnreachedImages::leave_away(const std::string& place, const Images& left) {
  leave(place, left).is_away = true;
}

UnreachedImages::Decided UnreachedImages::reached(const std::string& place, const Claim& claim) {
  // This host sees the place, so images that did not open there are really lost.
  reached_[place] = claim.image_id;
  if (const auto unseen = unseen_.find(place); unseen != unseen_.end())
    unseen->second.over = true;
  Decided decided{believe(place), {}};
  if (const auto refused = refused_.find(place); refused != refused_.end()) {
    Images& images = refused->second;
    // Claimed later, so it was opened later: the store still gave what it has.
    const auto is_of_image = [&](const SettledImage& image) {
      return image.claim.order > 0 && claim.order > image.claim.order;
    };
    const auto begin =
        std::stable_partition(images.begin(), images.end(), std::not_fn(is_of_image));
    for (auto image = begin; image != images.end(); ++image)
      image->outcome.store_is_away = false;
    std::move(begin, images.end(), std::back_inserter(decided.believed));
    images.erase(begin, images.end());
  }
  return decided;
}

UnreachedImages::Decided UnreachedImages::finish() {
  Decided all;
  const auto add_all = [&](Decided decided) {
    append(all.believed, std::move(decided.believed));
    append(all.left, std::move(decided.left));
  };
  // Asked again, though images of the place were opened in this run: it may be gone since.
  while (!refused_.empty())
    add_all(decide_refused(std::string(refused_.begin()->first)));
  while (!images_.empty())
    add_all(decide(std::string(images_.begin()->first)));
  return all;
}

UnreachedImages::Images UnreachedImages::take_all() {
  Images all;
  for (auto& [place, images] : images_)
    append(all, std::move(images));
  for (auto& [place, images] : refused_)
    append(all, std::move(images));
  images_.clear();
  refused_.clear();
  return all;
}

UnreachedImages::Images UnreachedImages::believe(const std::string& place) {
  auto found = images_.extract(place);
  return found.empty() ? Images() : std::move(found.mapped());
}

UnreachedImages::Decided UnreachedImages::decide(const std::string& place) {
  Images images = believe(place);
  if (sees(place, images))
    return {std::move(images), {}};
  leave(place, images);
  return {{}, std::move(images)};
}

UnreachedImages::Decided UnreachedImages::decide_refused(const std::string& place) {
  Images images = std::move(refused_.extract(place).mapped());
  if (images.empty())
    return {};
  if (!sees(place, images)) {
    leave_away(place, images);
    return {{}, std::move(images)};
  }
  for (SettledImage& image : images)
    image.outcome.store_is_away = false;
  return {std::move(images), {}};
}

bool UnreachedImages::sees(const std::string& place, const Images& doubted) {
  std::set<std::string> ids;
  for (const SettledImage& one : doubted)
    ids.insert(one.claim.image_id);
  const auto opened = reached_.find(place);
  return probe_.sees(place, ids, opened == reached_.end() ? std::string() : opened->second);
}

UnreachedImages::Unseen& UnreachedImages::leave(const std::string& place, const Images& left) {
  Unseen& unseen = unseen_[place];
  unseen.images += std::ssize(left);
  unseen.example = left.front().claim.image_id;
  unseen.reason = left.front().outcome.reason;
  unseen.over = false;
  return unseen;
}

bool UnreachedImages::sees_nothing() const {
  const auto is_unseen = [&](const std::string& place) {
    const auto unseen = unseen_.find(place);
    return unseen != unseen_.end() && !unseen->second.over && !reached_.contains(place);
  };
  // The answer about "" is one about all places.
  return (is_unseen("") && reached_.empty()) ||
         (!unseen_.empty() && !stores_.places().empty() &&
          std::all_of(stores_.places().begin(), stores_.places().end(), is_unseen));
}

bool UnreachedImages::is_configured(const std::string& place) const {
  return !is_directory(place) || stores_.has_place(place);
}

std::optional<Error> UnreachedImages::error() const {
  if (unseen_.empty())
    return std::nullopt;
  std::vector<std::string> texts;
  std::vector<std::string> next;
  // Rows may name any number of places.
  constexpr std::size_t kMostTexts = 8;
  for (const auto& [place, unseen] : unseen_) {
    if (texts.size() == kMostTexts) {
      texts.push_back(fmt::format("and so on for {} more",
                                  counted(std::ssize(unseen_) - std::ssize(texts), "place")));
      break;
    }
    const std::string none =
        fmt::format("none of {} could be opened on this host", counted(unseen.images, "image"));
    const std::string example =
        fmt::format("for example {}: {}", printable(unseen.example), unseen.reason);
    if (unseen.is_away) {
      texts.push_back(
          fmt::format("{}; {}. They are left for another host, or for a later run", none, example));
      next.push_back("look at " + place_text(place));
    } else if (place.empty()) {
      texts.push_back(
          fmt::format("{}, and no other image that was tried; {}. They are left for another host",
                      none, example));
      next.emplace_back("check the store directories and metadata_encryption_key");
    } else if (!is_configured(place)) {
      texts.push_back(fmt::format(
          "{} from {}, which is not one of the stores that are configured here; {}. They are left "
          "for another host",
          none, place_text(place), example));
      next.push_back("add " + place_text(place) + " to the configuration (or with --store-dir)");
    } else {
      texts.push_back(fmt::format(
          "{} from {}, nor another image of it; {}{}. They are left for another host", none,
          place_text(place), example, is_directory(place) ? ": is it mounted?" : ""));
      next.push_back(is_directory(place) ? "mount " + printable(place)
                                         : "look at " + place_text(place));
    }
  }
  return Error(ErrorKind::io, join(texts, "; "), join(next, ", ") + ", and run this again");
}

}  // namespace backglance
