// SPDX-License-Identifier: Apache-2.0
#include "contract/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "contract/blocking.h"
#include "sql/images.h"
#include "sql/retry.h"

namespace backglance {
namespace {

constexpr std::int64_t kPage = 200;
constexpr std::size_t kListed = 10;
// Reasons that are kept apart. There are few texts, but a site may have many store directories.
constexpr std::size_t kReasons = 32;
constexpr std::size_t kPlaces = 256;
constexpr const char* kOther = "for other reasons";

// Counts sights, and decides at the end: only then it is known how many images are missing from a
// place.
class Count {
 public:
  void add(const std::string& image_id, const ImageSight& sight) {
    switch (sight.kind) {
      case ImageSight::Kind::readable:
        ++findings_.readable;
        if (findings_.first_readable.size() < kListed)
          findings_.first_readable.push_back(image_id);
        return;
      case ImageSight::Kind::left_out:
        ++findings_.left_out;
        return;
      case ImageSight::Kind::unknown:
        return add_unknown(sight.reason, sight.store, 1, image_id);
      case ImageSight::Kind::gone:
        break;
    }
    if (gone_.size() == kPlaces && !gone_.contains(sight.places))
      return add_unknown(kOther, "", 1, image_id);
    Group& group = gone_[sight.places];
    if (group.images++ == 0)
      group.example = image_id;
  }

  GateFindings finish(const StoreQuestions& stores) {
    std::map<std::string, std::int64_t> missing;
    for (const auto& [places, group] : gone_)
      for (const std::string& place : places)
        missing[place] += group.images;
    std::map<std::string, std::string> doubts;
    for (const auto& [place, images] : missing)
      doubts[place] = stores.doubt(place, images);
    for (const auto& [places, group] : gone_) {
      const auto doubted = std::find_if(places.begin(), places.end(),
                                        [&](const auto& place) { return !doubts[place].empty(); });
      if (doubted == places.end())
        findings_.gone += group.images;
      else
        add_unknown(doubts[*doubted], "", group.images, group.example);
    }
    for (auto& [reason, unknown] : unknown_)
      findings_.unknown.push_back(std::move(unknown));
    std::stable_sort(findings_.unknown.begin(), findings_.unknown.end(),
                     [](const auto& a, const auto& b) { return a.images > b.images; });
    return std::move(findings_);
  }

 private:
  struct Group {
    std::int64_t images = 0;
    std::string example;
  };

  void add_unknown(std::string reason, std::string store, std::int64_t images,
                   const std::string& example) {
    if (unknown_.size() >= kReasons && !unknown_.contains(reason)) {
      reason = kOther;
      store.clear();
    }
    GateFindings::Unknown& unknown = unknown_[reason];
    if (unknown.images == 0)
      unknown = {reason, std::move(store), 0, example};
    unknown.images += images;
    findings_.unknown_images += images;
  }

  GateFindings findings_;
  std::map<std::string, GateFindings::Unknown> unknown_;  // by reason
  std::map<std::vector<std::string>, Group> gone_;        // by places
};

std::string readable_text(const GateFindings& findings) {
  return fmt::format("{} {} no hash", counted(findings.readable, "readable image"),
                     findings.readable == 1 ? "has" : "have");
}

std::string unknown_text(const GateFindings& findings) {
  return fmt::format("{} {} no hash and may still be readable",
                     counted(findings.unknown_images, "image"),
                     findings.unknown_images == 1 ? "has" : "have");
}

// The first reasons, each with its number of images.
std::string reasons_text(const GateFindings& findings) {
  constexpr std::size_t kSaid = 3;
  std::vector<std::string> reasons;
  for (const GateFindings::Unknown& one : findings.unknown) {
    if (reasons.size() == kSaid) {
      reasons.emplace_back("...");
      break;
    }
    reasons.push_back(fmt::format("{} ({})", one.reason, one.images));
  }
  return join(reasons, "; ");
}

std::string next_step(Session& session, const GateFindings& findings) {
  if (findings.readable > 0)
    return next_for(needs_of(session, findings.first_readable));
  std::string without;
  for (const GateFindings::Unknown& one : findings.unknown)
    if (!one.store.empty())
      without += " --without-store " + one.store;
  // Only if that alone opens the gate.
  if (std::all_of(findings.unknown.begin(), findings.unknown.end(),
                  [](const auto& one) { return !one.store.empty(); }))
    return fmt::format("backglance contract{}, if these images may stay without a hash", without);
  return "make that data readable on this host, or delete the images; then backglance contract "
         "--dry-run";
}

}  // namespace

GateFindings look_at_gate(Session& session, const StoreQuestions& stores) {
  Count count;
  std::string after;
  for (;;) {
    const auto page = retry(session, [&] { return unhashed_page(session, after, kPage); });
    if (page.empty())
      return count.finish(stores);
    const std::vector<ImageSight> sights = stores.look_at(page);
    for (std::size_t i = 0; i < page.size(); ++i)
      count.add(page[i], i < sights.size() ? sights[i] : ImageSight{.reason = "no answer"});
    after = page.back();
  }
}

std::string what_blocks(const GateFindings& findings) {
  std::vector<std::string> parts;
  if (findings.readable > 0)
    parts.push_back(readable_text(findings));
  if (findings.unknown_images > 0)
    parts.push_back(unknown_text(findings));
  return join(parts, ", and ");
}

void require_open(Session& session, const GateFindings& findings) {
  if (findings.is_open())
    return;
  std::vector<std::string> parts;
  if (findings.readable > 0)
    parts.push_back(fmt::format(
        "{}: {}{}", readable_text(findings), join(findings.first_readable, ", "),
        findings.readable > static_cast<std::int64_t>(findings.first_readable.size()) ? ", ..."
                                                                                      : ""));
  if (findings.unknown_images > 0)
    parts.push_back(fmt::format("{}: {}", unknown_text(findings), reasons_text(findings)));
  throw Error(ErrorKind::gate, "contract is blocked: " + join(parts, "; "),
              next_step(session, findings));
}

void GateWatch::look() {
  // A look may take minutes on a site with many images without a hash.
  constexpr std::chrono::seconds kBetween{10};
  constexpr int kShare = 5;
  const auto began = Clock::now();
  require_open(session_, look_at_gate(session_, stores_));
  const auto ended = Clock::now();
  look_again_ = ended + std::max<Clock::duration>(kBetween, kShare * (ended - began));
}

void GateWatch::before_removal(const std::string& image_id) {
  if (Clock::now() >= look_again_)
    look();
  if (!retry(session_, [&] { return is_unhashed(session_, image_id); }))
    return;
  Count count;
  count.add(image_id, stores_.look_at({image_id}).at(0));
  require_open(session_, count.finish(stores_));
}

}  // namespace backglance
