// SPDX-License-Identifier: Apache-2.0
#include "backfill/claimer.h"

#include <algorithm>

#include "ledger/queue_figures.h"
#include "read/checkpoint_interval.h"
#include "read/read_stage.h"
#include "read/with_space.h"
#include "sql/retry.h"

namespace backglance {
namespace {

// One claim takes a bunch of small images, or one larger image for each job.
constexpr std::int64_t kSmallImageBytes = 4 << 20;
constexpr std::int64_t kSmallBunch = 64;
// Bytes. At the end of the queue, other hosts wait for images that one run has claimed and not
// read.
constexpr std::int64_t kBunchBytes = 32 << 20;

}  // namespace

Claimer::Claimer(const Site& site, const std::string& run_id, ReadContext& context,
                 const ReadOptions& options, PassedImages& passed)
    : ClaimStage(site.database, {.when_needed = true}, context, options),
      queue_(session_),
      checkpoints_(session_),
      run_id_(run_id),
      passed_(passed),
      listed_(options.images) {}

std::optional<Claim> Claimer::take() {
  if (claims_.empty() && !(options_.images.empty() ? refill() : refill_from_list()))
    return std::nullopt;
  Claim claim = std::move(claims_.front());
  claims_.pop_front();
  return claim;
}

std::vector<std::string> Claimer::coming() const {
  std::vector<std::string> ids;
  for (const Claim& claim : claims_)
    ids.push_back(claim.image_id);
  return ids;
}

std::int64_t Claimer::left_bytes() const {
  return context_.budget.left(static_cast<std::int64_t>(context_.counters.bytes_read.load()));
}

bool Claimer::refill() {
  while (!context_.control.should_stop()) {
    const std::int64_t in_time = context_.pace.largest_in_time();
    const std::int64_t in_bytes = left_bytes();
    claim(std::min(in_time, in_bytes));
    if (claims_.empty())
      claim_part(in_time, in_bytes);
    if (!claims_.empty())
      return true;
    // The images before that one are of a place that this host does not see.
    if (passed_.any())
      return false;
    const auto smallest =
        retry(session_, [&] { return QueueFigures(session_).smallest_claimable(); });
    if (!smallest)
      return false;
    // An image that fits has become due since the claim.
    if (*smallest <= std::min(in_time, in_bytes))
      continue;
    // The tighter limit is the reason.
    end_ = in_bytes <= in_time ? RunEnd::limit : RunEnd::out_of_time;
    return false;
  }
  end_ = context_.control.why_stopped();
  return false;
}

void Claimer::claim(std::int64_t largest) {
  Queue::Bunch bunch;
  // With --max-bytes, each claim decides how large the next one may be, so it takes one image.
  if (!options_.max_bytes)
    bunch = {kSmallBunch, std::min<std::int64_t>(options_.jobs_or_default(), kSmallBunch),
             kSmallImageBytes, kBunchBytes};
  for (Claim& one : with_space(context_.control, [&] {
         return passed_.claim_next([&](const std::optional<SizedImage>& last) {
           return queue_.claim(run_id_, bunch, largest, kLease, last);
         });
       }))
    hold(std::move(one));
}

void Claimer::claim_part(std::int64_t in_time, std::int64_t in_bytes) {
  const bool in_parts =
      in_time < in_bytes && is_worth_a_part(context_.site_algorithm, in_time, options_);
  // If parts are read, the rest of an image may be longer than the time left.
  const std::int64_t most = in_parts ? in_bytes : std::min(in_time, in_bytes);
  auto begun =
      with_space(context_.control, [&] { return queue_.claim_begun(run_id_, most, kLease); });
  // Each image is handed out as a part at most once in a run.
  if (begun && !parts_.contains(begun->image_id))
    return take_part(std::move(*begun));
  if (begun)
    retry(session_, [&] { queue_.release(run_id_, *begun); });
  // An image to read in parts is larger than the limit of the claim before this one. Images that
  // the reader has put back stay claimed meanwhile; otherwise each claim would return the same one.
  std::vector<Claim> had;
  while (in_parts && claims_.empty() && !context_.control.should_stop()) {
    auto claims =
        with_space(context_.control, [&] { return queue_.claim(run_id_, {}, in_bytes, kLease); });
    if (claims.empty())
      break;
    if (parts_.contains(claims.front().image_id))
      had.push_back(std::move(claims.front()));
    else
      take_part(std::move(claims.front()));
  }
  for (const Claim& one : had)
    retry(session_, [&] { queue_.release(run_id_, one); });
}

void Claimer::take_part(Claim part) {
  parts_.insert(part.image_id);
  hold(std::move(part));
}

void Claimer::hold(Claim claim) {
  // From here on the heartbeat renews the lease.
  context_.held.add(claim);
  context_.budget.promise(claim.size_bytes);
  claims_.push_back(std::move(claim));
}

bool Claimer::refill_from_list() {
  while (next_listed_ < listed_.size()) {
    const std::string& image_id = listed_[next_listed_++];
    auto claim =
        with_space(context_.control, [&] { return queue_.claim_one(run_id_, image_id, kLease); });
    if (claim && options_.max_bytes &&
        left_of(claim->size_bytes, checkpoint_of(*claim)) > left_bytes()) {
      retry(session_, [&] { queue_.release(run_id_, *claim); });
      end_ = RunEnd::limit;
    } else if (claim) {
      hold(std::move(*claim));
      return true;
    } else if (retry(session_, [&] { return queue_.is_leased(image_id); })) {
      held_by_others_.push_back(image_id);
    }
  }
  return false;
}

void Claimer::prepare(Work& work, ImageDetails details) {
  work.task.image = std::move(details.row);
  if (!work.task.image.os_hash_value.empty())
    return settle_unread(work, ImageResult::already_done,
                         "another program has written os_hash_value");
  look_up_rest(work, std::move(details), algorithm_of(work.task.image, context_));
  if (!work.outcome)
    work.checkpoint = checkpoint_of(work.claim, work.task.image.size.has_value());
  if (work.checkpoint)
    context_.budget.promise(left_of(work.claim.size_bytes, work.checkpoint) -
                            work.claim.size_bytes);
}

std::optional<Checkpoint> Claimer::checkpoint_of(const Claim& claim, bool is_size_known) {
  const std::int64_t size = claim.size_bytes;
  const bool is_large = size >= std::min(kWorthKeeping, options_.checkpoint_bytes);
  // With --max-bytes, only the bytes that are left of an image count.
  if (size != 0 && is_size_known && !is_large && !options_.max_bytes &&
      !parts_.contains(claim.image_id))
    return std::nullopt;
  if (whole_.contains(claim.image_id))
    return std::nullopt;
  return retry(session_, [&] { return checkpoints_.find(claim.image_id); });
}

void Claimer::release_rest() {
  for (const Claim& claim : claims_) {
    retry(session_, [&] { queue_.release(run_id_, claim); });
    context_.held.remove(claim);
  }
  claims_.clear();
}

void Claimer::take_back(const std::vector<Work>& refused) {
  for (const Work& work : refused) {
    const std::string& image_id = work.claim.image_id;
    --handed_out_;
    context_.budget.promise(-left_of(work.claim.size_bytes, work.checkpoint));
    parts_.erase(image_id);
    whole_.insert(image_id);
    if (!options_.images.empty())
      listed_.push_back(image_id);
  }
  // From the queue, next() claims again and finds the reason anew; the list has passed the other
  // images for good.
  if (options_.images.empty())
    end_ = RunEnd::complete;
}

}  // namespace backglance
