#include "backfill/settler.h"

namespace backglance {
namespace {

using Clock = std::chrono::steady_clock;

// A transaction's share of small images, and how long the first of them may wait for the others.
constexpr std::size_t kMaxWaiting = 64;
constexpr std::chrono::milliseconds kMaxWait{100};
// An image that took longer than this to read is worth a commit of its own.
constexpr std::chrono::milliseconds kLongRead{20};

// What was read is not thrown away because somebody holds the write lock: SQLite's own wait
// (SessionOptions) is repeated so often, some minutes in all.
constexpr int kCommitAttempts = 12;

}  // namespace

Settler::Settler(const Site& site, const std::string& run_id, ReadContext& context,
                 const OnResult& on_result, ReadResult& result)
    : session_(site.database),
      items_(session_),
      run_id_(run_id),
      context_(context),
      on_result_(on_result),
      result_(result) {}

void Settler::add(Work& work) {
  if (!work.outcome) {
    items_.release(run_id_, work.claim);
    return;
  }
  if (waiting_.empty())
    oldest_ = Clock::now();
  waiting_.push_back({work.claim, std::move(*work.outcome)});
  if (waiting_.size() >= kMaxWaiting || work.took > kLongRead || Clock::now() - oldest_ > kMaxWait)
    flush();
}

void Settler::flush() {
  if (waiting_.empty())
    return;
  std::vector<std::optional<ReadClass>> became;
  for (int attempt = 1;; ++attempt) {
    try {
      became = items_.settle(run_id_, waiting_);
      break;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::busy || attempt >= kCommitAttempts)
        throw;
    }
  }
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    Items::Settled& one = waiting_[i];
    ReadCounters& counters = context_.counters();
    counters.images_settled.fetch_add(1, std::memory_order_relaxed);
    counters.skip(one.claim.size_bytes, one.outcome.bytes);
    if (!became[i]) {
      ++result_.lost_leases;
      continue;
    }
    if (*became[i] != one.outcome.read_class) {
      one.outcome.read_class = *became[i];
      one.outcome.reason.clear();
    }
    ClassTotal& total = result_.total(one.outcome.read_class);
    ++total.images;
    total.bytes += one.outcome.bytes;
    if (is_finding(one.outcome.read_class))
      counters.findings.fetch_add(1, std::memory_order_relaxed);
    if (on_result_)
      on_result_(one.claim.image_id, one.outcome);
  }
  waiting_.clear();
}

}  // namespace backglance
