// SPDX-License-Identifier: Apache-2.0
#include "contract/blocking.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/image_result.h"
#include "base/text.h"
#include "ledger/queue_figures.h"
#include "sql/images.h"
#include "sql/retry.h"

namespace backglance {
namespace {

// As people read it.
std::string name_of(const std::string& result) {
  const auto known = result_from_name(result);
  return known ? std::string(result_text(*known)) : "failed";
}

BlockingImage need_of(const std::string& id, const ImageDetails* details,
                      const std::optional<QueueFigures::Item>& item) {
  // In the order of what must happen first.
  if (details != nullptr && !details->busy_marker.empty())
    return {id, "busy in Glance: wait until Glance has finished with it, then backglance backfill",
            true};
  if (!item)
    return {id, "not queued yet: backglance migrate, then backglance backfill"};
  if (item->is_leased)
    return {id, "a run is reading it now: wait for the run to end", true};
  if (item->state == "failed")
    return {.id = id,
            .need = fmt::format("{}: see backglance report", name_of(item->result)),
            .has_failed = true};
  if (item->state == "done")
    return {id, "a save in Glance erased its hash: backglance backfill"};
  return {id, "not read yet: backglance backfill"};
}

}  // namespace

std::vector<BlockingImage> needs_of(Session& session, const std::vector<std::string>& image_ids) {
  return retry(session, [&] {
    const auto details = read_details(session, image_ids);
    QueueFigures figures(session);
    std::vector<BlockingImage> images;
    for (const std::string& id : image_ids) {
      const auto found = details.find(id);
      images.push_back(
          need_of(id, found == details.end() ? nullptr : &found->second, figures.item(id)));
    }
    return images;
  });
}

std::string next_for(const std::vector<BlockingImage>& images) {
  const auto all = [&](bool BlockingImage::*fact) {
    return std::all_of(images.begin(), images.end(),
                       [&](const BlockingImage& image) { return image.*fact; });
  };
  if (all(&BlockingImage::must_wait))
    return "wait until Glance and other runs have finished with these images, then backglance "
           "backfill";
  // A backfill does not read an image again that has failed.
  if (all(&BlockingImage::has_failed))
    return "backglance report";
  return "backglance backfill, then backglance report";
}

}  // namespace backglance
