// SPDX-License-Identifier: Apache-2.0
#include "read/look_up.h"

#include <fmt/format.h>

#include "base/text.h"
#include "sql/retry.h"

namespace backglance {

std::optional<ImageDetails> LookAhead::take(
    const std::string& image_id, const std::function<std::vector<std::string>()>& coming) {
  constexpr std::chrono::seconds kFresh{5};
  const auto now = std::chrono::steady_clock::now();
  if (now - read_at_ > kFresh || !known_.contains(image_id)) {
    const std::vector<std::string> ids = coming();
    // Replaces all that is known: the rest is as old as this image's rows.
    known_ = retry(session_, [&] { return read_details(session_, ids, with_); });
    read_at_ = now;
  }
  auto found = known_.extract(image_id);
  return found ? std::optional(std::move(found.mapped())) : std::nullopt;
}

void settle_unread(Work& work, ImageResult image_result, std::string reason) {
  ReadOutcome outcome;
  outcome.result = image_result;
  outcome.reason = std::move(reason);
  work.outcome = std::move(outcome);
}

void look_up_rest(Work& work, ImageDetails details, const DigestAlgorithm* algorithm) {
  const ImageRow& image = work.task.image;
  if (!details.busy_marker.empty())
    return settle_unread(work, ImageResult::busy_in_glance,
                         "property " + details.busy_marker + " says that Glance is working on it");
  if (algorithm == nullptr)
    return settle_unread(work, ImageResult::hash_not_supported,
                         fmt::format("os_hash_algo is '{}'", printable(image.os_hash_algo, 64)));
  work.algorithm = algorithm;
  work.task.signatures = ToVerify(details.signature.values, details.signature.is_snapshot);
  work.task.signed_with = std::move(details.signature);
  work.task.locations = std::move(details.locations);
  if (work.task.locations.empty())
    settle_unread(work, ImageResult::no_location, "the image has no live location");
}

}  // namespace backglance
