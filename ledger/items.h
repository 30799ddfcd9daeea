// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "base/image_result.h"
#include "glance/signature_verdict.h"
#include "sql/images.h"
#include "sql/session.h"

namespace backglance {

// The work queue: one row of backglance_item per image to read. An image is claimed by a lease with
// an expiry and a fencing token that grows with each claim; every later write about it is
// conditional on both, so that a worker that lost its lease changes nothing. All times are the
// database's.

struct QueueTotals {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
};

struct Claim {
  std::string image_id;
  std::int64_t token = 0;
  std::int64_t size_bytes = 0;  // expected; 0 if unknown
  std::int64_t attempts = 0;    // before this one
};

// What a worker made of a claimed image.
struct ReadOutcome {
  ReadClass read_class = ReadClass::unreadable;
  std::string reason;  // one sentence without secrets; empty for hashed
  std::optional<std::int64_t> location_id;
  std::string identity;  // of the object that was read
  std::int64_t bytes = 0;
  std::string md5;
  std::string algorithm;  // as it goes into os_hash_algo
  std::string digest;
  std::string place = {};  // of the store, that it was read from or sought in; not recorded
  std::string signature_digest = {};  // of the bytes, that img_signature is over; not recorded
  SignaturesFound signatures = {};    // where they were to be verified
  bool again = false;                 // the queue has it still, for another try; not recorded
};

// A person must look at the image: its class is a finding, and no other try is to come.
bool is_finding(const ReadOutcome& outcome);

class Items {
 public:
  // `session` outlives this. One thread at a time.
  explicit Items(Session& session) : session_(session) {}

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

  // Settles claimed images in one transaction. For `hashed` this is the guarded publish: it changes
  // `images` only while the row is live, lacks a hash, and has the same checksum, size and
  // location, and our token still holds. Returns what each became: an image that the guard held
  // back is already_done, gone or busy_in_glance; one whose lease was lost comes back as nothing
  // and changes nothing. Again with the same claim it changes nothing and says the same, so that it
  // may be repeated when the answer to its COMMIT was lost.
  struct Settled {
    Claim claim;
    ReadOutcome outcome;
  };
  // Of such a class the claim's image stays in the queue, to be read again by itself.
  static bool is_tried_again(ReadClass read_class, const Claim& claim);
  std::vector<std::optional<ReadClass>> settle(const std::string& run_id,
                                               const std::vector<Settled>& settled);

  // Images that were read and agreed, by id, after the given one.
  std::vector<std::string> read_page(const std::string& after, std::int64_t page);

  // Published hashes that a whole-row save of Glance has erased since.
  struct Erased {
    std::string image_id;
    std::string run_id;  // that read it
    std::string digest;
    std::int64_t bytes = 0;
    std::string identity;  // of the object that was read
    std::optional<std::string>
        location_value;  // a secret; nothing if the location is no longer live
  };
  std::vector<Erased> erased_page(const std::string& after, std::int64_t page);
  // The guarded publish again, from the ledger. False if the guard held it back.
  bool restore(const Erased& erased);
  // The object, or its checksum or size in Glance, is not what was read: it has to be read again.
  // Does nothing to an image that is no longer pending.
  void requeue_erased(const std::string& image_id);

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
  std::int64_t erased();

  // Records in one transaction what verify found. No run holds these images. A new result replaces
  // the recorded one, with two exceptions: a result that compared nothing replaces nothing, and
  // `verified` does not replace a finding that another run has recorded since this run began.
  void record_verifications(const std::string& run_id, const std::vector<Settled>& verified);

 private:
  const std::string& sql(std::string_view name) const;
  // Runs the statements on every image in the order of ids, a few thousand per transaction.
  // Returns the rows changed.
  std::int64_t by_pages(std::initializer_list<std::string_view> names, const MayGoOn& may_go_on);
  std::vector<Claim> claim_ids(std::string_view statement, const std::string& run_id,
                               const std::vector<std::string>& ids, std::chrono::seconds lease);
  std::optional<ReadClass> postpone(const std::string& run_id, const Settled& settled);
  void settle_some(const std::string& run_id, const std::vector<Settled>& settled,
                   const std::vector<std::size_t>& places,
                   std::vector<std::optional<ReadClass>>& became);
  ReadClass amend(const std::string& run_id, const Settled& settled);
  std::int64_t publish(const std::string& run_id, const std::vector<std::string>& ids);
  ReadClass why_not_published(const std::string& image_id);
  QueueTotals totals(std::string_view name);

  Session& session_;
};

}  // namespace backglance
