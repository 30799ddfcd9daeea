#include "backfill/settler.h"

namespace backglance {
namespace {

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
  waiting_.push_back({work.claim, std::move(*work.outcome)});
  if (pace_.add(work.took))
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
  pace_.committed();
}

}  // namespace backglance
