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
#include "sql/images.h"
#include "sql/session.h"

namespace backglance {

// The work queue: one row of backglance_item per image to read. A claim gives an image a lease with
// an end and a fencing token that grows with each claim. Every later write about the image requires
// both, so a worker that lost its lease changes nothing. All times are the database's.

class Queue {
 public:
  // `session` must live longer than this. One thread at a time.
  explicit Queue(Session& session) : session_(session) {}

  // Called between two pages, and may block for a long time (a pause). If it returns false, the
  // work ends there. Without it, the work ends at stop_requested().
  using MayGoOn = std::function<bool()>;
  // Queues every pending image that has no item yet. Also queues again a settled image that is
  // pending once more (its hash was erased, or it is live or has a location again), and an image
  // that was missing or unreadable an hour ago or earlier. Works in transactions of a few thousand
  // rows. Returns the number of images queued. Safe to run again at any time.
  std::int64_t queue_new(const MayGoOn& may_go_on = {});
  // Queues all failed items whose image is still pending, page by page.
  std::int64_t requeue_failed(const MayGoOn& may_go_on = {});
  // Queues this image, whatever its result was. False if it is not pending.
  bool requeue_one(const std::string& image_id);

  // Limits of one claim. A claim is one transaction: small images share it, and large ones are left
  // for other hosts. It takes up to `most` images (1 to kRowsPerStatement). After the first `large`
  // images it takes only images smaller than `small_bytes` that fit into `most_bytes` together with
  // the others.
  struct Bunch {
    std::int64_t most = 1;
    std::int64_t large = 1;
    std::int64_t small_bytes = 0;
    // For the images after the first `large`.
    std::int64_t most_bytes = std::numeric_limits<std::int64_t>::max();
  };
  // Leases images of at most `max_size` expected bytes for `lease`, largest first, and those of one
  // size by id, the last one first. With `after`, only images that come after that one in this
  // order. Empty if no more are due now.
  std::vector<Claim> claim(const std::string& run_id, const Bunch& bunch, std::int64_t max_size,
                           std::chrono::seconds lease,
                           const std::optional<SizedImage>& after = std::nullopt);
  // Leases one image whose read was broken off: the one with the fewest bytes left, if that is at
  // most `most` bytes.
  std::optional<Claim> claim_begun(const std::string& run_id, std::int64_t most,
                                   std::chrono::seconds lease);
  std::optional<Claim> claim_one(const std::string& run_id, const std::string& image_id,
                                 std::chrono::seconds lease);
  // True if any run holds a lease on the image.
  bool is_leased(const std::string& image_id);
  // Renews the leases of these images that the run still holds. A lease that has ended is not
  // renewed.
  void renew(const std::string& run_id, const std::vector<std::string>& ids,
             std::chrono::seconds lease);
  void release(const std::string& run_id, const Claim& claim);
  // Enters the size that the store has named, for an image that the run holds: Glance knows none,
  // or a wrong one. Limits, forecasts and the order of reads use it from then on.
  void correct_size(const std::string& run_id, const Claim& claim, std::int64_t size);
  // Gives back every image that the run holds.
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
  std::int64_t claimed_in_order_ = 0;
};

}  // namespace backglance
