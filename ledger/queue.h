// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/read_outcome.h"
#include "sql/session.h"

namespace backglance {

// The work queue: one row of backglance_item per image to read. An image is claimed by a lease with
// an expiry and a fencing token that grows with each claim; every later write about it is
// conditional on both, so that a worker that lost its lease changes nothing. All times are the
// database's.

class Queue {
 public:
  // `session` outlives this. One thread at a time.
  explicit Queue(Session& session) : session_(session) {}

  // Asked between two pages; false ends the work there, and may have been long in coming. Without
  // it a wish to stop does.
  using MayGoOn = std::function<bool()>;
  // Queues every pending image that has no item yet, in transactions of a few thousand rows, and
  // what has come back. Returns the number of images queued. Safe to run again at any time.
  std::int64_t queue_new(const MayGoOn& may_go_on = {});
  // All failed items whose image is still pending, by pages likewise.
  std::int64_t requeue_failed(const MayGoOn& may_go_on = {});
  // That image, whatever became of it before. False if it is not pending.
  bool requeue_one(const std::string& image_id);

  // How many images one claim takes: up to `most` (1 to kRowsPerStatement), but once it has
  // `large`, only such as are smaller than `small_bytes`, and fit into `most_bytes` with the
  // others. A claim is a transaction, which small images share; large ones are left for other hosts
  // to find.
  struct Bunch {
    std::int64_t most = 1;
    std::int64_t large = 1;
    std::int64_t small_bytes = 0;
    std::int64_t most_bytes = std::numeric_limits<std::int64_t>::max();  // beyond `large` images
  };
  // Leases images of at most `max_size` expected bytes, largest first, for `lease`; none if no more
  // are due now.
  std::vector<Claim> claim(const std::string& run_id, const Bunch& bunch, std::int64_t max_size,
                           std::chrono::seconds lease);
  // Of images whose reads were broken off, the one of which least is left, if that is at most
  // `most` bytes.
  std::optional<Claim> claim_begun(const std::string& run_id, std::int64_t most,
                                   std::chrono::seconds lease);
  std::optional<Claim> claim_one(const std::string& run_id, const std::string& image_id,
                                 std::chrono::seconds lease);
  // By whichever run.
  bool is_leased(const std::string& image_id);
  // Those of the images that the run still holds; a lease that has run out stays so.
  void renew(const std::string& run_id, const std::vector<std::string>& ids,
             std::chrono::seconds lease);
  void release(const std::string& run_id, const Claim& claim);
  // Whatever the run holds.
  void release_run(const std::string& run_id);

  // Another run that holds images of the queue.
  struct Holder {
    std::string run_id;
    std::string host;
    std::string process;              // as this_process() names it
    std::int64_t silent_seconds = 0;  // since its last heartbeat
    std::int64_t images = 0;
  };
  std::vector<Holder> holders(const std::string& run_id);

 private:
  const std::string& sql(std::string_view name) const;
  // Runs the statements on every image in the order of ids, a few thousand per transaction.
  // Returns the rows changed.
  std::int64_t by_pages(std::initializer_list<std::string_view> names, const MayGoOn& may_go_on);
  std::vector<Claim> claim_ids(std::string_view statement, const std::string& run_id,
                               const std::vector<std::string>& ids, std::chrono::seconds lease);

  Session& session_;
};

}  // namespace backglance
