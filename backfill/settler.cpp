#include "backfill/settler.h"

#include "sql/retry.h"

namespace backglance {

Settler::Settler(const Site& site, const std::string& run_id, ReadContext& context,
                 const OnResult& on_result, ReadResult& result)
    : session_(site.database, {.when_needed = true}),
      items_(session_),
      run_id_(run_id),
      context_(context),
      on_result_(on_result),
      result_(result) {}

void Settler::add(Work& work) {
  const std::lock_guard lock(mutex_);
  if (!work.outcome) {
    ++(work.put_back ? result_.put_back : result_.broken_off);
    retry(session_, [&] { items_.release(run_id_, work.claim); });
    return;
  }
  waiting_.push_back({work.claim, std::move(*work.outcome)});
  if (pace_.add(work.took) || context_.pause_gate().is_closed())
    commit();
}

void Settler::flush() {
  const std::lock_guard lock(mutex_);
  commit();
}

void Settler::commit() {
  if (waiting_.empty())
    return;
  const auto became = retry(session_, [&] { return items_.settle(run_id_, waiting_); });
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
