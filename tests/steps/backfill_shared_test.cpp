// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>
#include <thread>

#include "base/stop.h"
#include "expand/expand.h"
#include "ledger/queue.h"
#include "ledger/queue_figures.h"
#include "ledger/read_outcome.h"
#include "ledger/runs.h"
#include "tests/steps/glance_site.h"

using namespace backglance;

namespace {

// Takes a request to stop back, whatever the test comes to.
struct StopReset {
  ~StopReset() { reset_stop(); }
};

std::int64_t upload_many(GlanceSite& site, int count, std::size_t bytes) {
  Transaction transaction(site.sql());
  for (int i = 0; i < count; ++i)
    site.upload(std::string(bytes, static_cast<char>('a' + i % 26)));
  transaction.commit();
  return count * static_cast<std::int64_t>(bytes);
}

std::int64_t hashed(GlanceSite& site) {
  return site.sql().count("SELECT COUNT(*) FROM images WHERE os_hash_value IS NOT NULL");
}

}  // namespace

TEST_CASE("a stopped run publishes what was read and returns the rest to the queue", "[backfill]") {
  const int jobs = GENERATE(1, 4);
  const StopReset reset;
  GlanceSite site;
  expand(site.sql());
  upload_many(site, 12, 300'000);
  ReadContext context(site.site(), 3'000'000, std::nullopt);
  std::int64_t settled = 0;
  const ReadResult result = backfill(site.site(), context, {.jobs = jobs},
                                     [&](const std::string&, const ReadOutcome& outcome) {
                                       CHECK(outcome.result == ImageResult::hashed);
                                       ++settled;
                                       request_stop();
                                     });
  reset_stop();
  CHECK(result.end == RunEnd::interrupted);
  CHECK(settled >= 1);
  CHECK(settled < 12);
  CHECK(hashed(site) == settled);
  CHECK(result.left_images == 12 - settled);
  CHECK(QueueFigures(site.sql()).claimable().images == 12 - settled);
  CHECK(site.runs("backfill", "interrupted") == 1);
  CHECK(live_runs(site.sql()).empty());

  const BackfillRun rest = run_backfill(site, {.jobs = jobs});
  CHECK(rest.result.end == RunEnd::complete);
  CHECK(rest.images(ImageResult::hashed) == 12 - settled);
  CHECK(hashed(site) == 12);
}

TEST_CASE("a run whose last image was interrupted is not complete", "[backfill]") {
  const StopReset reset;
  GlanceSite site;
  expand(site.sql());
  upload_many(site, 1, 4'000'000);
  ReadContext context(site.site(), 2'000'000, std::nullopt);
  auto stopper = std::async(std::launch::async, [&] {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (context.counters.bytes_read.load() == 0 && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    request_stop();
  });
  const ReadResult result = backfill(site.site(), context, {.jobs = 2}, nullptr);
  stopper.get();
  CHECK(result.end == RunEnd::interrupted);
  CHECK(result.left_images == 1);
  CHECK(site.runs("backfill", "interrupted") == 1);
}

TEST_CASE("a run that is stopped before it starts reads nothing", "[backfill]") {
  const StopReset reset;
  GlanceSite site;
  expand(site.sql());
  upload_many(site, 3, 100);
  request_stop();
  const BackfillRun run = run_backfill(site, {.jobs = 2});
  CHECK(run.result.end == RunEnd::interrupted);
  CHECK(run.order.empty());
  CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_item WHERE lease_run IS NOT NULL") == 0);
  reset_stop();
  CHECK(run_backfill(site).images(ImageResult::hashed) == 3);
}

TEST_CASE("two runs at once share the queue and read nothing twice", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::int64_t bytes = upload_many(site, 150, 5'000) + upload_many(site, 6, 2'000'000);
  const auto run = [&] {
    return std::async(std::launch::async, [&] { return run_backfill(site, {.jobs = 2}); });
  };
  auto first = run();
  auto second = run();
  const BackfillRun one = first.get();
  const BackfillRun two = second.get();
  CHECK(one.images(ImageResult::hashed) + two.images(ImageResult::hashed) == 156);
  CHECK(one.result.bytes_read + two.result.bytes_read == bytes);
  CHECK(one.result.lost_leases + two.result.lost_leases == 0);
  CHECK(hashed(site) == 156);
  for (const auto& [id, outcome] : one.outcomes)
    CHECK_FALSE(two.outcomes.contains(id));
  CHECK(run_backfill(site).order.empty());
}

namespace {

// Three images, two of them under the lease of a run on another host.
struct FarRun {
  explicit FarRun(std::chrono::seconds lease = std::chrono::seconds(100)) {
    expand(site.sql());
    upload_many(site, 3, 100);
    Queue queue(site.sql());
    queue.queue_new();
    site.sql().execute(
        "INSERT INTO backglance_run (run_id, command, host, process, version, started_at, "
        "heartbeat_at) VALUES ('far', 'backfill', 'elsewhere', 'p', '1', {now}, {now})");
    REQUIRE(queue.claim("far", {2, 2}, INT64_MAX, lease).size() == 2);
  }

  GlanceSite site;
};

// As long as it lives, its run does.
class Beating {
 public:
  explicit Beating(const GlanceSite& site)
      : thread_([session = site.open()](const std::stop_token& stop) mutable {
          while (!stop.stop_requested()) {
            record_heartbeat(session, "far", {}, 0);
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
          }
        }) {}

 private:
  std::jthread thread_;
};

}  // namespace

TEST_CASE("images leased by a live host are left to that host", "[backfill]") {
  FarRun far;
  {
    const Beating beating(far.site);
    const BackfillRun run = run_backfill(far.site);
    CHECK(run.images(ImageResult::hashed) == 1);
    CHECK(run.result.left_images == 2);
  }
  // Its heart stops: its leases are free.
  far.site.sql().execute(
      "UPDATE backglance_run SET heartbeat_at = {now} - 999 WHERE run_id = 'far'");
  CHECK(run_backfill(far.site).images(ImageResult::hashed) == 2);
}

TEST_CASE("images of a host that died a moment ago are waited for at the end", "[backfill]") {
  FarRun far(std::chrono::seconds(4));
  ReadContext context(far.site.site(), 0, std::nullopt);
  std::string waited_for;
  context.control.pause_gate().observe([&](const std::string& reason) {
    if (waited_for.empty())
      waited_for = reason;
  });
  const ReadResult result = backfill(far.site.site(), context, {.jobs = 1}, nullptr);
  CHECK(result.end == RunEnd::complete);
  CHECK(result.total(ImageResult::hashed).images == 3);
  CHECK_THAT(waited_for,
             Catch::Matchers::StartsWith(
                 "2 images claimed by a run on elsewhere, which sent no heartbeat for"));
}

TEST_CASE("a run that is stopped while it waits for a silent host ends as stopped", "[backfill]") {
  const StopReset reset;
  FarRun far;
  ReadContext context(far.site.site(), 0, std::nullopt);
  context.control.pause_gate().observe([](const std::string&) { request_stop(StopWish::fleet); });
  const ReadResult result = backfill(far.site.site(), context, {.jobs = 1}, nullptr);
  reset_stop();
  CHECK(result.end == RunEnd::stopped);
  CHECK(far.site.runs("backfill", "stopped") == 1);
}

TEST_CASE("--image reports that another run is reading the image", "[backfill]") {
  FarRun far;
  const std::string image =
      far.site.sql()
          .first_row("SELECT image_id FROM backglance_item WHERE lease_run = 'far'")
          ->text_or_empty(0);
  const BackfillRun run = run_backfill(far.site, {.jobs = 1, .images = {image}});
  CHECK(run.order.empty());
  CHECK(run.result.held_by_others.size() == 1);
}

TEST_CASE("what a killed backfill had read is not read again", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  upload_many(site, 10, 200'000);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // One image of this size takes longer than a commit waits for others.
    ReadContext context(site.site(), 2'000'000, std::nullopt);
    int settled = 0;
    backfill(site.site(), context, {.jobs = 1}, [&](const std::string&, const ReadOutcome&) {
      if (++settled == 4)
        kill(getpid(), SIGKILL);
    });
    _exit(1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
  const std::int64_t before = hashed(site);
  CHECK(before >= 4);
  const BackfillRun run = run_backfill(site);
  CHECK(run.images(ImageResult::hashed) == 10 - before);
  CHECK(run.result.bytes_read == (10 - before) * 200'000);
  CHECK(hashed(site) == 10);
}

TEST_CASE("a run goes on while an old Glance writes", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  upload_many(site, 60, 20'000);
  auto glance = std::async(std::launch::async, [&] {
    Session session = site.open();
    for (int i = 1; i <= 60; ++i)
      session.execute(
          "UPDATE images SET name = 'renamed', updated_at = {now_datetime} "
          "WHERE id LIKE :id",
          {{"id", "%" + std::to_string(1000 + i).substr(1)}});
  });
  const BackfillRun run = run_backfill(site, {.jobs = 3});
  glance.get();
  CHECK(run.images(ImageResult::hashed) == 60);
  CHECK(site.sql().count("SELECT COUNT(*) FROM images WHERE name = 'renamed' AND os_hash_value "
                         "IS NOT NULL") == 60);
}
