#include "backfill/heartbeat.h"

#include "backfill/claimer.h"
#include "sql/items.h"
#include "sql/runs.h"

namespace backglance {

Heartbeat::Heartbeat(const Site& site, std::string run_id, ReadContext& context)
    : session_(site.database, {.when_needed = true}),
      run_id_(std::move(run_id)),
      context_(context),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Heartbeat::~Heartbeat() {
  thread_.request_stop();
  wake_.notify_all();
}

void Heartbeat::run(const std::stop_token& stop) {
  using Clock = std::chrono::steady_clock;
  // Between two attempts after one that failed, and how long before the leases' end reading stops.
  constexpr std::chrono::seconds kRetry{5};
  // Often enough for status to be worth reading; leases could wait for a third of their time.
  constexpr std::chrono::seconds kBeat{10};
  static_assert(kBeat <= kLease / 3);
  constexpr std::chrono::seconds kMargin{20};
  auto last = Clock::now();
  auto wait = kBeat;
  while (!stop.stop_requested()) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, stop, wait, [] { return false; });
    if (stop.stop_requested())
      return;
    const auto began = Clock::now();
    if (beat()) {
      last = began;
      wait = kBeat;
    } else if (Clock::now() - last > kLease - kMargin) {
      lost_.store(true);
      context_.abandon();
      return;
    } else {
      wait = kRetry;
    }
  }
}

bool Heartbeat::beat() {
  try {
    Items(session_).renew(run_id_, kLease);
    const ReadCounters& counters = context_.counters();
    Run::heartbeat(session_, run_id_, static_cast<std::int64_t>(counters.images_settled.load()),
                   static_cast<std::int64_t>(counters.bytes_read.load()));
    return true;
  } catch (const Error&) {
    // Whatever it is, the publishing session meets it as well and says it; here only time counts.
    return false;
  }
}

}  // namespace backglance
