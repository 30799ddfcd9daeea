// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "sql/images.h"
#include "sql/session.h"

namespace backglance {

struct QueueTotals {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
};

// How much there is in the queue (ledger/queue.h), and how large it is. Changes nothing.
class QueueFigures {
 public:
  // `session` outlives this. One thread at a time.
  explicit QueueFigures(Session& session) : session_(session) {}

  // What of each image is still to be read, largest first, and its whole size: of all that
  // queue_new() and, if asked for, requeue_failed() would leave in the queue (there only the
  // former); and of claimable().
  using EachSize = std::function<void(std::int64_t left, std::int64_t whole)>;
  void due_sizes(bool with_failed, const EachSize& each);
  void claimable_sizes(const EachSize& each);

  QueueTotals queued();     // still to read, now or later; without what checkpoints hold
  QueueTotals changed();    // settled before, and work again: queue_new() will queue them
  QueueTotals reachable();  // missing or unreadable an hour ago: queue_new() will queue them too
  QueueTotals claimable();  // of what is queued, now
  // The size of the smallest image that could be claimed now; nothing if there is none.
  std::optional<std::int64_t> smallest_claimable();
  // Of the queue's images that no run is reading: those larger than this, and the largest of all.
  std::int64_t larger_than(std::int64_t size);
  std::optional<SizedImage> largest_queued();
  QueueTotals failed();    // findings whose image still has no hash
  QueueTotals unqueued();  // pending images that no item stands for

 private:
  QueueTotals totals(std::string_view name);

  Session& session_;
};

}  // namespace backglance
