// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "sql/images.h"
#include "sql/session.h"

namespace backglance {

// A number of images and their known bytes; an image of unknown size counts as 0 bytes.
struct QueueTotals {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
};

// Counts the images in the queue (ledger/queue.h) and their bytes. Changes nothing.
class QueueFigures {
 public:
  // `session` must live longer than this. One thread at a time.
  explicit QueueFigures(Session& session) : session_(session) {}

  // Calls `each` for every image, largest first: `left` is the number of bytes still to read,
  // `whole` is the image's size, or `left` again in due_sizes(). due_sizes() covers everything that
  // queue_new() and, with `with_failed`, requeue_failed() would leave in the queue;
  // claimable_sizes() covers claimable().
  using EachSize = std::function<void(std::int64_t left, std::int64_t whole)>;
  void due_sizes(bool with_failed, const EachSize& each);
  void claimable_sizes(const EachSize& each);

  QueueTotals queued();   // still to read, now or later; bytes that a checkpoint holds do not count
  QueueTotals changed();  // settled before, and pending again: queue_new() will queue them
  // Their hash was erased, and the sweep queues them instead of putting it back.
  QueueTotals doubted();
  // Missing or unreadable an hour ago or earlier: queue_new() will queue them.
  QueueTotals reachable();
  QueueTotals claimable();  // the part of the queue that could be claimed now
  // The size of the smallest image that could be claimed now; nothing if there is none.
  std::optional<std::int64_t> smallest_claimable();
  // Images of the queue that no run is reading: how many are larger than `size`, and the largest.
  std::int64_t larger_than(std::int64_t size);
  std::optional<SizedImage> largest_queued();
  QueueTotals failed();    // findings whose image still has no hash
  QueueTotals unqueued();  // pending images that have no item

 private:
  QueueTotals totals(std::string_view name);

  Session& session_;
};

}  // namespace backglance
