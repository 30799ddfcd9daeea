// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ledger/queue.h"
#include "ledger/queue_figures.h"
#include "ledger/read_outcome.h"
#include "sql/images.h"
#include "sql/session.h"

namespace backglance {

// The queue of verify: one row of backglance_scrub per live image with a hash or a checksum, with
// the time of its last read. Runs of all hosts share it, with leases and fencing tokens as in the
// queue of backfill (ledger/queue.h). An image never leaves the queue while it is live: a read
// makes it the youngest. All times are the database's, in unix seconds.

// How long a claim is valid without renewal; the same as backfill's.
inline constexpr std::chrono::seconds kScrubLease{120};

// The version of the ledger that has the queue (sql/0006_scrub/).
inline constexpr int kScrubVersion = 3;

class ScrubQueue {
 public:
  // `session` must live longer than this. One thread at a time.
  ScrubQueue(Session& session, std::string run_id)
      : session_(session), run_id_(std::move(run_id)) {}

  // Enters images that have no row yet, and corrects sizes, in transactions of a few thousand rows.
  // Returns the number of new images. Safe to run again at any time.
  std::int64_t schedule(const Queue::MayGoOn& may_go_on);
  // From now on those images are due that were last read `older_than` ago or earlier; without it,
  // those that were not read since the run began. Call it before everything below.
  void due_after(std::optional<std::chrono::seconds> older_than);

  // Leases images, the one with the oldest read first; those of the same age largest first. Of one
  // bunch (ledger/queue.h) all have the same age. Only images of at most `max_size` bytes. Each run
  // gets an image once. Empty if there is none.
  std::vector<Claim> claim(const Queue::Bunch& bunch, std::int64_t max_size);
  void release(const Claim& claim);
  // Enters the size that the store has named, for an image that the run holds.
  void correct_size(const Claim& claim, std::int64_t size);
  // Ends the lease. `was_compared`: the image is the youngest now; otherwise it stays as old as it
  // was. False if the lease was lost: nothing was changed. Call it within the transaction that
  // records the result.
  bool settle(const Claim& claim, bool was_compared);
  // Takes an image out that verify need not look at any more. schedule() enters it again if it
  // must.
  void remove(const Claim& claim);

  // Images that are due, that no run is reading, and that this run has not claimed. Bytes that a
  // checkpoint holds do not count.
  PendingTotals due();
  bool is_any_due();
  // Calls `each` for every image that is due and larger than `size` bytes, the largest first.
  void larger_than(std::int64_t size, const std::function<void(const SizedImage&)>& each);
  // Calls `each` for every such image, in the order of the queue: the bytes left, and the size.
  void due_sizes(const QueueFigures::EachSize& each);

 private:
  const std::string& sql(std::string_view name) const;
  std::vector<Claim> claim_ids(const std::vector<std::string>& ids);
  std::vector<SizedImage> candidates(std::int64_t count, std::int64_t max_size);
  std::optional<std::int64_t> next_age(std::int64_t max_size);

  Session& session_;
  const std::string run_id_;
  std::int64_t due_ = 0;
  // The age of the last claim, and its last image: the next claim begins after it.
  std::int64_t age_ = -1;
  std::optional<SizedImage> after_;
};

// Renews the leases of these images that the run still holds, for a heartbeat.
void renew_scrub(Session& session, const std::string& run_id, const std::vector<std::string>& ids);

// Notes that an image was read outside of the queue (verify --image).
void note_scrub_read(Session& session, const std::string& image_id);

// Calls `each` for every image that a run with `older_than` would read now, in its order. Requires
// the tables; changes nothing.
void planned_scrub(Session& session, std::chrono::seconds older_than,
                   const QueueFigures::EachSize& each);

}  // namespace backglance
