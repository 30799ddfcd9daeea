// SPDX-License-Identifier: Apache-2.0
#include "verify/scrub_claims.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ledger/runs.h"
#include "read/checkpoint_interval.h"
#include "read/read_stage.h"
#include "read/with_space.h"
#include "sql/retry.h"

namespace backglance {
namespace {

// One claim takes a bunch of small images, or one larger image for each job, as in backfill.
constexpr std::int64_t kSmallImageBytes = 4 << 20;
constexpr std::int64_t kSmallBunch = 64;
constexpr std::int64_t kBunchBytes = 32 << 20;
// A run whose whole --max-bytes is less than this reads no part of an image: a checkpoint is taken
// at the end of a buffer only.
constexpr std::int64_t kSmallestPart = 4 << 20;
constexpr std::int64_t kAnySize = std::numeric_limits<std::int64_t>::max();

}  // namespace

bool may_break_off(std::int64_t in_bytes, bool is_first, const ReadOptions& options) {
  const std::int64_t least = std::min(kWorthKeeping, options.checkpoint_bytes);
  // With a small --max-bytes, the first image of the run: otherwise it would never be read.
  return in_bytes >= least || (is_first && in_bytes >= std::min(kSmallestPart, least));
}

ScrubClaims::ScrubClaims(const Site& site, const std::string& run_id, ReadContext& context,
                         const ReadOptions& options)
    : ClaimStage(site.database, {.when_needed = true}, context, options),
      queue_(session_, run_id),
      parts_(session_) {
  queue_.schedule([&] { return context.control.may_go_on(); });
  retry(session_, [&] { queue_.due_after(options.older_than); });
  all_ = retry(session_, [&] { return queue_.due(); });
  const PendingTotals totals = retry(session_, [&] { return totals_of_run(); });
  context.counters.images_total.store(static_cast<std::uint64_t>(totals.images));
  context.counters.bytes_total.store(static_cast<std::uint64_t>(totals.bytes));
  context.pace.begin(context.streams.count(),
                     retry(session_, [&] { return earlier_pace(session_); }));
}

PendingTotals ScrubClaims::totals_of_run() {
  if (!Allowance::has_limits(options_))
    return all_;
  Allowance allowance(options_);
  queue_.due_sizes([&](std::int64_t left, std::int64_t whole) { allowance.take(left, whole); });
  const auto totals = allowance.whole();
  return {totals.images, totals.bytes, 0};
}

std::optional<Claim> ScrubClaims::take() {
  if (claims_.empty() && !refill())
    return std::nullopt;
  Claim claim = std::move(claims_.front());
  claims_.pop_front();
  return claim;
}

std::vector<std::string> ScrubClaims::coming() const {
  std::vector<std::string> ids;
  for (const Claim& claim : claims_)
    ids.push_back(claim.image_id);
  return ids;
}

std::int64_t ScrubClaims::left_bytes() const {
  return context_.budget.left(static_cast<std::int64_t>(context_.counters.bytes_read.load()));
}

bool ScrubClaims::may_read_parts(std::int64_t in_time, std::int64_t in_bytes) const {
  return in_time >= std::min(kWorthKeeping, options_.checkpoint_bytes) &&
         may_break_off(in_bytes, handed_out_ == 0, options_);
}

bool ScrubClaims::refill() {
  if (context_.control.should_stop()) {
    end_ = context_.control.why_stopped();
    return false;
  }
  const std::int64_t in_time = context_.pace.largest_in_time();
  const std::int64_t in_bytes = left_bytes();
  const std::int64_t most =
      may_read_parts(in_time, in_bytes) ? kAnySize : std::min(in_time, in_bytes);
  Queue::Bunch bunch;
  // With --max-bytes, each claim decides how large the next one may be, so it takes one image.
  if (!options_.max_bytes)
    bunch = {kSmallBunch, std::min<std::int64_t>(options_.jobs_or_default(), kSmallBunch),
             kSmallImageBytes, kBunchBytes};
  if (most >= 0)
    for (Claim& one : with_space(context_.control, [&] { return queue_.claim(bunch, most); })) {
      // From here on the heartbeat renews the lease.
      context_.held.add(one);
      claims_.push_back(std::move(one));
    }
  if (!claims_.empty())
    return true;
  if (most != kAnySize && retry(session_, [&] { return queue_.is_any_due(); }))
    end_ = in_bytes <= in_time ? RunEnd::limit : RunEnd::out_of_time;
  return false;
}

void ScrubClaims::prepare(Work& work, ImageDetails details) {
  work.task.image = std::move(details.row);
  const ImageRow& row = work.task.image;
  if (row.os_hash_value.empty() && row.checksum.empty())
    return settle_unread(work, ImageResult::already_done,
                         "the image has neither os_hash_value nor checksum to compare with; "
                         "backglance backfill gives it a hash");
  // Without a hash only the MD5 can be compared, and every read computes it.
  look_up_rest(
      work, std::move(details),
      row.os_hash_value.empty() ? &md5_algorithm() : find_digest_algorithm(row.os_hash_algo));
  if (work.outcome)
    return;
  const std::int64_t size = work.claim.size_bytes;
  // A smaller image has no checkpoint, unless a small --max-bytes has broken it off.
  if (size == 0 || size >= std::min({kWorthKeeping, options_.checkpoint_bytes, kSmallestPart}))
    work.checkpoint = retry(session_, [&] { return parts_.find(work.claim.image_id); });
  const std::int64_t left = left_of(size, work.checkpoint);
  const std::int64_t in_bytes = left_bytes();
  if (options_.max_bytes && left > in_bytes) {
    work.most_bytes = std::max<std::int64_t>(in_bytes, 0);
    end_ = RunEnd::limit;
  }
  context_.budget.promise(work.most_bytes.value_or(left));
}

PendingTotals ScrubClaims::left() {
  PendingTotals left = retry(session_, [&] { return queue_.due(); });
  left.images += released_.images;
  left.bytes += released_.bytes;
  return left;
}

TooLarge ScrubClaims::too_large() {
  TooLarge found;
  const std::int64_t most = context_.pace.largest_in_run();
  if (most < kAnySize)
    retry(session_, [&] {
      found = {};
      queue_.larger_than(most, [&](const SizedImage& image) { found.add(image); });
    });
  return found;
}

void ScrubClaims::release_rest() {
  for (const Claim& claim : claims_) {
    retry(session_, [&] { queue_.release(claim); });
    context_.held.remove(claim);
    ++released_.images;
    released_.bytes += claim.size_bytes;
  }
  claims_.clear();
}

}  // namespace backglance
