#include "backfill/look_up.h"

#include <fmt/format.h>

#include "base/text.h"

namespace backglance {

void settle_unread(Work& work, ReadClass read_class, std::string reason) {
  ReadOutcome outcome;
  outcome.read_class = read_class;
  outcome.reason = std::move(reason);
  work.outcome = std::move(outcome);
}

void look_up_rest(Session& session, Work& work, const DigestAlgorithm* algorithm) {
  const ImageRow& image = work.task.image;
  const std::string marker = busy_marker(session, image.id);
  if (!marker.empty())
    return settle_unread(work, ReadClass::busy_in_glance,
                         "property " + marker + " says that Glance is working on it");
  if (algorithm == nullptr)
    return settle_unread(work, ReadClass::hash_not_supported,
                         fmt::format("os_hash_algo is '{}'", printable(image.os_hash_algo, 64)));
  work.algorithm = algorithm;
  work.task.locations = read_locations(session, image.id);
  if (work.task.locations.empty())
    settle_unread(work, ReadClass::no_location, "the image has no live location");
}

}  // namespace backglance
