// SPDX-License-Identifier: Apache-2.0
#include "verify/verify.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>

#include "base/text.h"
#include "ledger/runs.h"
#include "read/commit_pace.h"
#include "read/look_up.h"
#include "read/pipeline.h"
#include "read/read_stage.h"
#include "read/run_life.h"
#include "read/unreached.h"
#include "read/verdict.h"
#include "read/with_space.h"
#include "sql/retry.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

// Each page is a pass over images, which has no index on the size: few of them, of some hundred
// KiB.
constexpr std::int64_t kPage = 4096;

void note_too_large(const SizedImage& image, std::int64_t& images,
                    std::optional<SizedImage>& largest) {
  ++images;
  if (!largest || largest->size < image.size)
    largest = image;
}

const SizedImage kBeforeAll{"", std::numeric_limits<std::int64_t>::max()};

std::vector<SizedImage> page_after(Session& session, const SizedImage& last,
                                   const ReadOptions& options) {
  return options.signed_only ? signed_page(session, last, kPage)
                             : verifiable_page(session, last, kPage);
}

// The images that were named, largest first.
std::vector<SizedImage> named_images(Session& session, const ReadOptions& options) {
  std::vector<SizedImage> images;
  for (const std::string& image_id : options.images)
    images.push_back(
        {image_id, std::max<std::int64_t>(named_image(session, image_id).size.value_or(0), 0)});
  std::stable_sort(images.begin(), images.end(),
                   [](const SizedImage& a, const SizedImage& b) { return a.size > b.size; });
  return images;
}

// What there is to verify before any limit.
PendingTotals all_of(Session& session, const ReadOptions& options) {
  if (options.images.empty())
    return options.signed_only ? signed_totals(session) : verifiable_totals(session);
  PendingTotals totals;
  for (const SizedImage& image : named_images(session, options)) {
    ++totals.images;
    totals.bytes += image.size;
  }
  return totals;
}

// What of it the limits let through.
QueueTotals limited(Session& session, const PendingTotals& all, const ReadOptions& options) {
  if (!Allowance::has_limits(options))
    return {all.images, all.bytes};
  Allowance allowance(options);
  SizedImage last = kBeforeAll;
  auto images =
      options.images.empty() ? page_after(session, last, options) : named_images(session, options);
  while (!images.empty()) {
    for (const SizedImage& image : images)
      allowance.take(image.size);
    last = images.back();
    images.clear();
    if (options.images.empty() && !allowance.is_used_up())
      images = page_after(session, last, options);
  }
  return allowance.used();
}

// The images to verify, largest first, or those that were named. One thread at a time.
class VerifyList {
 public:
  VerifyList(const Site& site, ReadContext& context, const ReadOptions& options)
      : session_(site.database, {.mode = OpenMode::read_only}),
        ahead_(session_, options.with_signatures()),
        context_(context),
        options_(options) {
    const SchemaState state = read_schema_state(session_);
    require_os_hash(state);
    if (options.signed_only)  // what is signed the flags say
      require_expanded(state);
    has_ledger_ = state.has_ledger;
    for (SizedImage& image : named_images(session_, options))
      images_.push_back(std::move(image));
    all_ = all_of(session_, options);
    const QueueTotals totals = limited(session_, all_, options);
    context.counters().images_total.store(static_cast<std::uint64_t>(totals.images));
    context.counters().bytes_total.store(static_cast<std::uint64_t>(totals.bytes));
    context.pace().begin(context.streams(), has_ledger_ ? earlier_pace(session_) : 0);
  }

  bool has_ledger() const { return has_ledger_; }
  RunEnd end() const { return end_; }
  // What there was to read before any limit.
  const PendingTotals& all() const { return all_; }
  // What was skipped, and would have been at the beginning of the run as well.
  std::int64_t too_large() const { return too_large_; }
  const std::optional<SizedImage>& largest() const { return largest_; }

  bool next(Work& work) {
    for (;;) {
      if (!context_.may_go_on()) {
        end_ = context_.why_stopped();
        return false;
      }
      if (options_.limit && handed_out_ >= *options_.limit) {
        end_ = RunEnd::limit;
        return false;
      }
      if (images_.empty() && !refill())
        return false;
      const SizedImage image = images_.front();
      images_.pop_front();
      if (options_.max_bytes && image.size > *options_.max_bytes - bytes_) {
        end_ = RunEnd::limit;
        continue;  // a smaller one may still fit
      }
      if (too_late(image.size, context_, options_)) {
        end_ = RunEnd::out_of_time;
        if (image.size > context_.pace().largest_in_run())
          note_too_large(image, too_large_, largest_);
        continue;
      }
      bytes_ += image.size;
      ++handed_out_;
      work.claim.image_id = image.id;
      work.claim.size_bytes = image.size;
      look_up(work);
      return true;
    }
  }

 private:
  bool refill() {
    if (!options_.images.empty())
      return false;
    for (SizedImage& image : retry(session_, [&] { return page_after(session_, last_, options_); }))
      images_.push_back(std::move(image));
    if (images_.empty())
      return false;
    last_ = images_.back();
    return true;
  }

  std::vector<std::string> coming(const std::string& image_id) const {
    constexpr std::size_t kAhead = 64;
    std::vector<std::string> ids = {image_id};
    for (auto image = images_.begin(); image != images_.end() && ids.size() < kAhead; ++image)
      ids.push_back(image->id);
    return ids;
  }

  void look_up(Work& work) {
    auto details = ahead_.take(work.claim.image_id, [&] { return coming(work.claim.image_id); });
    if (!details || !details->row.hashable)
      return settle_unread(work, ReadClass::gone, "the image is not active in Glance");
    work.task.image = std::move(details->row);
    const ImageRow& row = work.task.image;
    if (row.os_hash_value.empty() && row.checksum.empty() && !options_.signed_only)
      return settle_unread(work, ReadClass::already_done,
                           "the image has neither os_hash_value nor checksum to compare with");
    if (options_.signed_only && details->signature.values.empty())
      return settle_unread(work, ReadClass::already_done, "the image is not signed");
    // Without a value there is only the MD5 to compare, which every read computes.
    look_up_rest(
        work, std::move(*details),
        row.os_hash_value.empty() ? &md5_algorithm() : find_digest_algorithm(row.os_hash_algo));
  }

  Session session_;
  LookAhead ahead_;
  ReadContext& context_;
  const ReadOptions& options_;
  bool has_ledger_ = false;
  std::deque<SizedImage> images_;
  SizedImage last_ = kBeforeAll;
  std::int64_t handed_out_ = 0;
  std::int64_t bytes_ = 0;
  PendingTotals all_;
  std::int64_t too_large_ = 0;
  std::optional<SizedImage> largest_;
  RunEnd end_ = RunEnd::complete;
};

// Where findings go: the counters always, the ledger if there is one.
class VerifyRecord {
 public:
  VerifyRecord(const Site& site, bool has_ledger, ReadContext& context, const OnResult& on_result,
               ReadResult& result)
      : context_(context),
        on_result_(on_result),
        result_(result),
        session_(site.database, {.mode = has_ledger ? OpenMode::read_write : OpenMode::read_only}),
        unreached_(session_, has_ledger, context) {
    if (has_ledger)
      run_.emplace(session_, "verify", life_of(context, std::nullopt));
  }

  void add(Work& work) {
    const std::lock_guard lock(mutex_);
    if (!work.outcome) {
      ++(work.put_back ? result_.put_back : result_.broken_off);
      if (work.claim.size_bytes > context_.pace().largest_in_run())
        note_too_large({work.claim.image_id, work.claim.size_bytes}, result_.too_large,
                       result_.largest);
      return;
    }
    Items::Settled compared{work.claim, std::move(*work.outcome)};
    if (UnreachedImages::is_one(compared.outcome))
      return take(unreached_.add(std::move(compared)));
    if (compared.outcome.location_id)
      take(unreached_.reached(compared.outcome.place));
    take({std::move(compared)});
    if (pace_.add(work.took) || context_.pause_gate().is_closed())
      commit();
  }

  // Records what waits for that. By a thread that begins to wait.
  void flush() {
    const std::lock_guard lock(mutex_);
    commit();
  }

  // After the pipeline. Throws Error{io} for images in a place that this host does not see.
  void record_rest() {
    const std::lock_guard lock(mutex_);
    commit();
    if (!context_.should_stop())
      take(unreached_.finish());
    commit();
  }

  // Another run took this one for dead: nobody waits for it or counts on it any more.
  bool lost() const { return run_ && run_->lost(); }

  void finish(RunEnd end) {
    if (run_)
      run_->finish(run_outcome(end),
                   static_cast<std::int64_t>(context_.counters().images_settled.load()),
                   result_.bytes_read);
  }

 private:
  void take(std::vector<Items::Settled> compared) {
    for (Items::Settled& one : compared) {
      --result_.left_images;
      result_.left_bytes -= one.claim.size_bytes;
      waiting_.push_back(std::move(one));
    }
  }

  void commit() {
    if (run_)
      with_space(context_, [&] {
        retry(session_, [&] { Items(session_).record_verifications(run_->id(), waiting_); });
        return true;
      });
    for (const Items::Settled& one : waiting_)
      count(one);
    waiting_.clear();
    pace_.committed();
  }

  void count(const Items::Settled& one) {
    const auto& [claim, outcome] = one;
    ReadCounters& counters = context_.counters();
    counters.images_settled.fetch_add(1, std::memory_order_relaxed);
    counters.skip(claim.size_bytes, outcome.bytes);
    result_.count(outcome);
    if (is_finding(outcome))
      counters.findings.fetch_add(1, std::memory_order_relaxed);
    if (on_result_)
      on_result_(claim.image_id, outcome);
  }

  ReadContext& context_;
  const OnResult& on_result_;
  ReadResult& result_;
  Session session_;
  UnreachedImages unreached_;
  std::optional<Run> run_;
  std::mutex mutex_;  // guards the session and the fields below
  std::vector<Items::Settled> waiting_;
  CommitPace pace_;
};

}  // namespace

QueueTotals plan_verify(Session& session, const ReadOptions& options) {
  const SchemaState state = read_schema_state(session);
  require_os_hash(state);
  if (options.signed_only)
    require_expanded(state);
  return limited(session, all_of(session, options), options);
}

ReadResult verify(const Site& site, ReadContext& context, const ReadOptions& options,
                  const OnResult& on_result) {
  ReadResult result;
  if (options.certificates)
    options.certificates->prepare();
  context.limit_streams(options.stream_terms(site));
  VerifyList list(site, context, options);
  result.left_images = list.all().images;
  result.left_bytes = list.all().bytes;
  VerifyRecord record(site, list.has_ledger(), context, on_result, result);
  context.before_waiting([&] { record.flush(); });
  const int readers = options.readers(site);
  DigestWorkers workers(options.jobs_or_default(), static_cast<std::size_t>(readers),
                        options.begin_thread());
  run_pipeline({readers, options.begin_thread()},
               {[&](Work& work) { return list.next(work); }, [&] { return context.admit(); },
                [&](Work& work) {
                  read_in_time(work, workers, context, options);
                  if (work.outcome && work.outcome->read_class == ReadClass::hashed)
                    judge_for_verify(work.task.image, *work.outcome);
                  check_signatures(work, options);
                },
                [&](Work& work) { record.add(work); }});
  context.before_waiting({});
  record.record_rest();
  if (record.lost())
    throw Error(ErrorKind::busy,
                "another run declared this one dead (no heartbeat); its results so far are saved",
                "backglance verify");
  result.end = end_of_run(list.end(), result, context);
  result.too_large += list.too_large();
  if (list.largest() && (!result.largest || result.largest->size < list.largest()->size))
    result.largest = list.largest();
  // Images may have come and gone since they were counted.
  result.left_images = std::max<std::int64_t>(result.left_images, 0);
  result.left_bytes = std::max<std::int64_t>(result.left_bytes, 0);
  result.bytes_read = static_cast<std::int64_t>(context.counters().bytes_read.load());
  record.finish(result.end);
  return result;
}

}  // namespace backglance
