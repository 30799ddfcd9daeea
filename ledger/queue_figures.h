// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/images.h"
#include "sql/location_groups.h"
#include "sql/schema_state.h"
#include "sql/session.h"

namespace backglance {

// A number of images and their known bytes; an image of unknown size counts as 0 bytes.
struct QueueTotals {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
};

// All live images without a hash (pending), and what is to become of them. Each of them is in one
// of unqueued, queued, changed, failed, doubted and erased, or only waits until it changes.
struct SiteFigures {
  QueueTotals pending;
  std::int64_t unknown_size = 0;  // pending images whose size Glance does not know
  QueueTotals unqueued;           // without an item: queue_new() will queue them
  QueueTotals queued;             // bytes that a checkpoint holds do not count
  QueueTotals claimable;          // the part of queued that could be claimed now, with whole sizes
  QueueTotals changed;            // settled before, and pending again: queue_new() will queue them
  // The part of failed that was missing or unreadable an hour ago or earlier: queue_new() will
  // queue them.
  QueueTotals reachable;
  QueueTotals failed;
  // Their hash was erased, and the sweep queues them instead of putting it back.
  QueueTotals doubted;
  std::int64_t erased = 0;  // the ledger has their digest; a sweep puts it back
};

// Counts the images in the queue (ledger/queue.h) and their bytes. Changes nothing.
class QueueFigures {
 public:
  // `session` must live longer than this. One thread at a time.
  explicit QueueFigures(Session& session) : session_(session) {}

  // Calls `each` for every image, largest first: `left` is the number of bytes still to read,
  // `whole` is the image's size, 0 if Glance does not know it. due_sizes() covers everything that
  // queue_new() and, with `with_failed`, requeue_failed() would leave in the queue;
  // claimable_sizes() covers claimable().
  using EachSize = std::function<void(std::int64_t left, std::int64_t whole)>;
  void due_sizes(bool with_failed, const EachSize& each);
  void claimable_sizes(const EachSize& each);

  // Still to read, now or later; bytes that a checkpoint holds do not count. The same number as
  // site_figures() has; but if the queue is long (more than 20,000 images), images also count that
  // were deleted since they were queued, because a run that must end does not look all of them up.
  QueueTotals queued();
  QueueTotals claimable();  // the part of the queue that could be claimed now
  // The size of the smallest image that could be claimed now; nothing if there is none.
  std::optional<std::int64_t> smallest_claimable();
  // Images of the queue that no run is reading: how many are larger than `size`, and the largest.
  std::int64_t larger_than(std::int64_t size);
  std::optional<SizedImage> largest_queued();
  // What the ledger knows about one image.
  struct Item {
    std::string state;       // "queued", "done" or "failed"
    std::string result;      // the name of the last result; empty if there is none
    bool is_leased = false;  // a run is reading the image
  };
  std::optional<Item> item(const std::string& image_id);

  QueueTotals failed();  // findings whose image still has no hash

 private:
  QueueTotals totals(std::string_view name);

  Session& session_;
};

// Reads all figures in one pass over the images: for commands that need several of them. Before
// expand, only `pending` and `unknown_size` are known, and every pending image counts as unqueued.
SiteFigures site_figures(Session& session, const SchemaState& state);

// The same, and in which stores these images lie, in the same pass where the engine can do that.
struct FiguresByStore {
  SiteFigures figures;
  std::vector<LocationGroup> groups;  // as location_groups() returns them
};
FiguresByStore site_figures_by_store(Session& session, const SchemaState& state);

}  // namespace backglance
