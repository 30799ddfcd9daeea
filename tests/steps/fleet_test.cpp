// SPDX-License-Identifier: Apache-2.0
// What is said to all runs, and what each of them shows of itself, without a process of its own.
#include "ledger/fleet.h"

#include <future>
#include <thread>

#include "base/stop.h"
#include "expand/expand.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;
using std::chrono::seconds;

namespace {

constexpr seconds kReached{5};

struct StopReset {
  ~StopReset() { reset_stop(); }
};

template <typename Condition>
bool within(seconds time, const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

// A run that says how often it was told of a pause.
struct Told {
  std::atomic<int> looks{0};
  std::atomic<bool> paused{false};

  RunLife life() {
    RunLife life;
    life.obey = [this](const FleetState& fleet) {
      ++looks;
      paused = fleet.paused;
    };
    return life;
  }
};

}  // namespace

TEST_CASE("every run sends heartbeats", "[fleet]") {
  const std::string command = GENERATE("expand", "verify");
  GlanceSite site;
  expand(site.sql());
  Session session = site.open();
  const Run run(session, command);
  session.execute("UPDATE backglance_run SET heartbeat_at = {now} - 999 WHERE finished_at IS NULL");
  CHECK(within(kReached, [&] { return live_runs(site.sql()).at(0).heartbeat_age < 9; }));
}

TEST_CASE("a run that starts during a pause knows of it before it does anything", "[fleet]") {
  GlanceSite site;
  expand(site.sql());
  CHECK_FALSE(read_fleet(site.sql()).paused);
  CHECK(tell_fleet(site.sql(), FleetWish::pause, "the reason").changed);
  CHECK_FALSE(tell_fleet(site.sql(), FleetWish::pause).changed);
  CHECK_FALSE(tell_fleet(site.sql(), FleetWish::pause, "the reason").changed);
  CHECK(read_fleet(site.sql()).reason == "the reason");
  CHECK_THAT(read_fleet(site.sql()).text(), Contains("paused by ") && Contains(": the reason"));

  Told told;
  Session session = site.open();
  const Run run(session, "backfill", told.life());
  CHECK((told.looks == 1 && told.paused));
  CHECK(tell_fleet(site.sql(), FleetWish::pause, "another one").changed);
  CHECK(read_fleet(site.sql()).reason == "another one");
  CHECK(tell_fleet(site.sql(), FleetWish::resume).reached.size() == 1);
  CHECK_FALSE(tell_fleet(site.sql(), FleetWish::resume).changed);
  CHECK(read_fleet(site.sql()).text().empty());
  CHECK(within(kReached, [&] { return !told.paused; }));
}

TEST_CASE("a pause affects the runs that read, a stop every run", "[fleet]") {
  const StopReset reset;
  GlanceSite site;
  expand(site.sql());
  Session session = site.open();
  std::optional<Run> run;
  run.emplace(session, "contract");
  const FleetChange paused = tell_fleet(site.sql(), FleetWish::pause);
  CHECK(paused.reached.empty());
  CHECK(paused.others.at(0).command == "contract");
  CHECK(plan_fleet(site.sql(), FleetWish::stop).changed);
  CHECK(tell_fleet(site.sql(), FleetWish::stop).reached.size() == 1);
  CHECK_FALSE(tell_fleet(site.sql(), FleetWish::stop).changed);
  CHECK(within(kReached, [] { return stop_requested(); }));
  CHECK(stop_wish() == StopWish::fleet);
  run.reset();
  CHECK(site.runs("contract", "stopped") == 1);
  CHECK_FALSE(recent_runs(site.sql(), 1).at(0).stop_by.empty());
}

TEST_CASE("a run that cannot read its orders keeps the last ones", "[fleet]") {
  GlanceSite site;
  expand(site.sql());
  tell_fleet(site.sql(), FleetWish::pause);
  Told told;
  Session session = site.open();
  const Run run(session, "verify", told.life());
  REQUIRE(within(kReached, [&] { return told.looks == 2; }));
  site.sql().execute("ALTER TABLE backglance_control RENAME TO backglance_elsewhere");
  site.sql().execute("UPDATE backglance_elsewhere SET value = 'go' WHERE name = 'fleet'");
  std::this_thread::sleep_for(seconds(3));
  CHECK((told.looks == 2 && told.paused));
  site.sql().execute("ALTER TABLE backglance_elsewhere RENAME TO backglance_control");
  CHECK(within(kReached, [&] { return !told.paused; }));
}

TEST_CASE("a run that another declared dead ends, because others have its images", "[fleet]") {
  GlanceSite site;
  expand(site.sql());
  site.upload(std::string(4'000'000, 'x'));
  auto run = std::async(std::launch::async, [&] {
    return error_of([&] { run_backfill(site, {.jobs = 1}, {.bytes_per_second = 400'000}); });
  });
  REQUIRE(within(kReached, [&] { return live_runs(site.sql()).size() == 1; }));
  site.sql().execute(
      "UPDATE backglance_run SET finished_at = {now}, outcome = 'killed' WHERE finished_at IS "
      "NULL");
  REQUIRE(run.wait_for(kReached) == std::future_status::ready);
  const auto error = run.get();
  REQUIRE(error.has_value());
  CHECK(error->kind() == ErrorKind::busy);
}
