// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>

#include "base/stop.h"
#include "expand/expand.h"
#include "ledger/queue_figures.h"
#include "ledger/runs.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
namespace fs = std::filesystem;

namespace {

using Ids = std::vector<std::string>;

// Images of these sizes, in this order.
Ids upload_sizes(GlanceSite& site, const std::vector<std::size_t>& sizes) {
  Ids ids;
  for (const std::size_t size : sizes)
    ids.push_back(site.upload(std::string(size, 'x')));
  return ids;
}

}  // namespace

TEST_CASE("--limit ends a run after that number of images", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {10, 50, 30, 20, 40});
  const BackfillRun run = run_backfill(site, {.jobs = 1, .limit = 2});
  CHECK(run.result.end == RunEnd::limit);
  CHECK(run.order == Ids{ids[1], ids[4]});
  CHECK(run.result.left_images == 3);
  CHECK(run.result.left_bytes == 60);
  CHECK(QueueFigures(site.sql()).claimable().images == 3);
  CHECK(site.runs("backfill", "limit") == 1);
  CHECK(run_backfill(site, {.jobs = 3, .limit = 0}).order.empty());
  CHECK(run_backfill(site, {.jobs = 3, .limit = 100}).images(ImageResult::hashed) == 3);
}

TEST_CASE("--max-bytes starts no image that is larger than the rest", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {500, 300, 100, 50, 60});
  const BackfillRun run = run_backfill(site, {.jobs = 2, .max_bytes = 450});
  CHECK(run.result.end == RunEnd::limit);
  CHECK(run.result.bytes_read == 450);
  CHECK(site.get(ids[0], "os_hash_value") == std::nullopt);
  CHECK(site.get(ids[4], "os_hash_value") == std::nullopt);
  CHECK(run.images(ImageResult::hashed) == 3);
  CHECK(QueueFigures(site.sql()).claimable().images == 2);
  CHECK(run_backfill(site, {.jobs = 2, .max_bytes = 560}).result.end == RunEnd::complete);
}

TEST_CASE("--max-runtime interrupts a read and returns the image to the queue", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {4 << 20, 10});
  // What is not known to be too large is begun.
  site.set(ids[0], "size", nullptr);
  const auto began = std::chrono::steady_clock::now();
  const BackfillRun run = run_backfill(
      site, {.jobs = 2}, {.bytes_per_second = 1 << 20, .max_runtime = std::chrono::seconds(1)});
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(4));
  CHECK(run.result.end == RunEnd::out_of_time);
  CHECK(site.get(ids[0], "os_hash_value") == std::nullopt);
  CHECK(run.result.left_images >= 1);
  CHECK(QueueFigures(site.sql()).claimable().images == run.result.left_images);
  CHECK(site.runs("backfill", "out of time") == 1);
  run_backfill(site);
  CHECK(site.get(ids[0], "os_hash_value").has_value());
}

TEST_CASE("--max-runtime starts no image that cannot be finished in time", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {4 << 20, 100, 10});
  const Pace pace = {.bytes_per_second = 1 << 20, .max_runtime = std::chrono::seconds(2)};
  const BackfillRun run = run_backfill(site, {.jobs = 1}, pace);
  CHECK(run.order == Ids{ids[1], ids[2]});
  CHECK(run.result.broken_off == 0);
  CHECK(run.result.bytes_read == 110);
  CHECK(run.result.end == RunEnd::out_of_time);
  CHECK(run.result.left_images == 1);
  CHECK(run.result.too_large == 1);
  REQUIRE(run.result.largest.has_value());
  CHECK(run.result.largest->id == ids[0]);
  CHECK(run.result.largest->size == 4 << 20);
  // Named, it is begun all the same.
  CHECK(run_backfill(site, {.jobs = 1, .images = {ids[0]}}, pace).result.broken_off == 1);
  CHECK(run_backfill(site).order == Ids{ids[0]});
}

TEST_CASE("an image too large for any --max-runtime is read in parts", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {4 << 20, 100});
  const Pace pace = {.bytes_per_second = 1 << 20, .max_runtime = std::chrono::seconds(2)};
  const ReadOptions options = {.jobs = 1, .checkpoint_bytes = 256 << 10};
  const BackfillRun first = run_backfill(site, options, pace);
  CHECK(first.order == Ids{ids[1]});
  CHECK(first.result.end == RunEnd::out_of_time);
  CHECK(first.result.broken_off == 1);
  CHECK(first.result.in_parts);
  // What is left is said without what need not be read again, by a dry run with a limit too.
  CHECK(first.result.left_images == 1);
  CHECK(first.result.left_bytes < (4 << 20) - (512 << 10));
  CHECK(plan_backfill(site.site(), {.limit = 5}).bytes == first.result.left_bytes);
  CHECK(plan_backfill(site.site(), {}).bytes == first.result.left_bytes);
  std::int64_t read = first.result.bytes_read;
  int runs = 1;
  for (; runs < 10 && !site.get(ids[0], "os_hash_value"); ++runs)
    read += run_backfill(site, options, pace).result.bytes_read;
  CHECK(site.get(ids[0], "os_hash_value").has_value());
  CHECK(runs < 6);
  // Of each run's end less than a checkpoint is read again, and 64 KiB to know the place.
  CHECK(read < (4 << 20) + 100 + runs * (320 << 10));
}

TEST_CASE("when a too large image cannot be read in parts, the next one is", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  Ids ids = upload_sizes(site, {8 << 20, 8 << 20, 8 << 20, 8 << 20, 8 << 20});
  SECTION("which is as large") {
    std::sort(ids.begin(), ids.end(), std::greater<>());  // as they are claimed
  }
  SECTION("which is smaller") {
    ids.back() = upload_sizes(site, {4 << 20}).front();
    site.sql().execute("UPDATE images SET os_hash_algo = 'sha3_256' WHERE size = 8388608");
  }
  // OpenSSL does not say what it has digested so far of these.
  for (const std::string& id : Ids(ids.begin(), ids.end() - 1))
    site.set(id, "os_hash_algo", std::string("sha3_256"));
  const BackfillRun run =
      run_backfill(site, {.jobs = 1, .checkpoint_bytes = 256 << 10},
                   {.bytes_per_second = 1 << 20, .max_runtime = std::chrono::seconds(2)});
  CHECK(run.result.broken_off == 1);
  CHECK(site.ours("checkpoint", ids.back(), "image_id").has_value());
}

TEST_CASE("only the unread rest of an interrupted image counts against the limits", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {4 << 20});
  const ReadOptions in_parts = {.jobs = 1, .checkpoint_bytes = 256 << 10};
  run_backfill(site, in_parts,
               {.bytes_per_second = 1 << 20, .max_runtime = std::chrono::seconds(2)});
  const std::int64_t left = QueueFigures(site.sql()).queued().bytes;
  REQUIRE(left < 4 << 20);
  CHECK(run_backfill(site, {.jobs = 1, .max_bytes = left - 1}).images(ImageResult::hashed) == 0);
  ReadOptions named = in_parts;
  named.images = ids;
  named.max_bytes = left - 1;
  CHECK(run_backfill(site, named).images(ImageResult::hashed) == 0);
  SECTION("of a named one") {
    named.max_bytes = left;
    CHECK(plan_backfill(site.site(), named).bytes == left);
    CHECK(run_backfill(site, named).images(ImageResult::hashed) == 1);
  }
  SECTION("unless the file is another one now") {
    fs::last_write_time(site.file(ids[0]), fs::file_time_type::clock::now());
    named.max_bytes = left;
    ReadOptions any = named;
    any.images.clear();
    const BackfillRun run = run_backfill(site, GENERATE_COPY(any, named));
    CHECK(run.images(ImageResult::hashed) == 0);
    CHECK(run.result.end == RunEnd::limit);
    CHECK(run.result.left_bytes == 4 << 20);
    CHECK(plan_backfill(site.site(), {}).bytes == 4 << 20);
    any.max_bytes = 4 << 20;
    CHECK(run_backfill(site, any).images(ImageResult::hashed) == 1);
  }
  SECTION("unless the file is another one now, and the whole fits as well") {
    fs::last_write_time(site.file(ids[0]), fs::file_time_type::clock::now());
    named.max_bytes = 8 << 20;
    ReadOptions first = named;
    first.images.clear();
    first.limit = 1;
    const BackfillRun run = run_backfill(site, GENERATE_COPY(first, named));
    CHECK(run.images(ImageResult::hashed) == 1);
    CHECK(run.result.bytes_read == 4 << 20);
    CHECK(run.result.put_back == 0);
  }
  SECTION("unless that copy cannot be read any more") {
    fs::rename(site.file(ids[0]), site.directory() / "copy");
    fs::copy(site.directory() / "copy", site.directory() / "store" / "other");
    site.add_location(ids[0], "file://" + (site.directory() / "store" / "other").string());
    named.max_bytes = left;
    CHECK(run_backfill(site, named).images(ImageResult::hashed) == 1);
  }
  SECTION("all of it, if it was broken off after the last byte") {
    site.sql().execute("UPDATE backglance_checkpoint SET offset_bytes = 4194304");
    CHECK(plan_backfill(site.site(), {}).bytes == 0);
    CHECK(plan_backfill(site.site(), named).images == 1);
    CHECK(plan_backfill(site.site(), named).bytes == 0);
  }
  SECTION("and progress counts the whole") {
    ReadContext context(site.site(), 0, std::nullopt);
    backfill(site.site(), context, {.jobs = 1, .limit = 1}, nullptr);
    CHECK(context.counters.bytes_total.load() == 4 << 20);
    CHECK(context.counters.bytes_read.load() + context.counters.bytes_skipped.load() == 4 << 20);
  }
  SECTION("--max-bytes") {
    CHECK(run_backfill(site, {.jobs = 1, .max_bytes = left}).images(ImageResult::hashed) == 1);
  }
  SECTION("--max-runtime, where no parts are read") {
    // 4 MiB would not end in time.
    CHECK(run_backfill(site, {.jobs = 1},
                       {.bytes_per_second = 1 << 20, .max_runtime = std::chrono::seconds(3)})
              .images(ImageResult::hashed) == 1);
  }
}

TEST_CASE("a dry run keeps the limits as the run will", "[backfill]") {
  GlanceSite site;
  const Ids ids = upload_sizes(site, {500, 300, 100, 50, 60});
  const auto check = [&] {
    const auto plan = [&](const ReadOptions& options) {
      const BackfillPlan made = plan_backfill(site.site(), options);
      return std::pair(made.images, made.bytes);
    };
    CHECK(plan({}) == std::pair<std::int64_t, std::int64_t>(5, 1010));
    CHECK(plan({.limit = 2}) == std::pair<std::int64_t, std::int64_t>(2, 800));
    CHECK(plan({.max_bytes = 450}) == std::pair<std::int64_t, std::int64_t>(3, 450));
    CHECK(plan({.limit = 1, .max_bytes = 450}) == std::pair<std::int64_t, std::int64_t>(1, 300));
    CHECK(plan({.max_bytes = 10}) == std::pair<std::int64_t, std::int64_t>(0, 0));
  };
  SECTION("before expand") {
    check();
  }
  expand(site.sql());
  SECTION("after it") {
    check();
  }
  SECTION("with a queue") {
    run_backfill(site, {.limit = 0});
    check();
    const std::string later = site.upload(std::string(200, 'x'));
    CHECK(plan_backfill(site.site(), {.limit = 3}).bytes == 1000);
  }
  SECTION("of named ones") {
    const BackfillPlan plan =
        plan_backfill(site.site(), {.max_bytes = 500, .images = {ids[0], ids[1]}});
    CHECK(plan.images == 1);
    CHECK(plan.bytes == 500);
  }
  SECTION("verify") {
    run_backfill(site);
    const auto plan = [&](const ReadOptions& options) {
      const PendingTotals made = plan_verify(site.sql(), options);
      return std::pair(made.images, made.bytes);
    };
    CHECK(plan({.limit = 2}) == std::pair<std::int64_t, std::int64_t>(2, 800));
    CHECK(plan({.max_bytes = 450}) == std::pair<std::int64_t, std::int64_t>(3, 450));
    CHECK(plan({.max_bytes = 350, .images = {ids[1], ids[3]}}) ==
          std::pair<std::int64_t, std::int64_t>(2, 350));
  }
}

TEST_CASE("a dry run counts the images that were out of reach and will be tried again",
          "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {500, 300, 100});
  fs::rename(site.file(ids[0]), site.file(ids[0]).native() + ".away");
  REQUIRE(run_backfill(site).images(ImageResult::missing) == 1);
  fs::rename(site.file(ids[0]).native() + ".away", site.file(ids[0]));
  const auto planned = [&](const ReadOptions& options) {
    return plan_backfill(site.site(), options).bytes;
  };
  CHECK(planned({}) == 0);
  CHECK(planned({.limit = 5}) == 0);
  site.sql().execute(
      "UPDATE backglance_item SET finished_at = finished_at - 3700 WHERE state = 'failed'");
  CHECK(planned({}) == 500);
  CHECK(planned({.limit = 5}) == 500);
  CHECK(planned({.retry_failed = true}) == 500);
  CHECK(planned({.limit = 5, .retry_failed = true}) == 500);
  CHECK(run_backfill(site).images(ImageResult::hashed) == 1);
}

TEST_CASE("no more workers digest than the host has cores", "[backfill]") {
  CHECK(ReadOptions{.jobs = 1024}.jobs_or_default() == ReadOptions{}.jobs_or_default());
  CHECK(ReadOptions{.jobs = 1}.jobs_or_default() == 1);
  CHECK(ReadOptions{.jobs = 1024}.streams_or_default() <= 96);
}

TEST_CASE("the speed of earlier runs decides which images fit into --max-runtime", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {4 << 20, 4 << 20, 10});
  const auto note_run = [&](const char* id, std::int64_t mib_per_second, const char* outcome) {
    site.sql().execute(
        "INSERT INTO backglance_run (run_id, command, host, process, version, started_at, "
        "heartbeat_at, finished_at, outcome, images, bytes) VALUES (:id, 'backfill', 'h', 'p', "
        "'v', {now} - 1000, {now} - 900, {now} - 900, :outcome, 0, :bytes)",
        {{"id", std::string(id)},
         {"outcome", std::string(outcome)},
         {"bytes", mib_per_second * (100 << 20)}});
  };
  const Pace pace = {.bytes_per_second = 0, .max_runtime = std::chrono::seconds(2)};
  SECTION("one that was broken off on a slow store") {
    note_run("slow", 1, "out of time");
    const BackfillRun run = run_backfill(site, {.jobs = 1}, pace);
    CHECK(run.order == Ids{ids[2]});
    CHECK(run.result.end == RunEnd::out_of_time);
    CHECK(run.result.broken_off == 0);
    CHECK(run.result.too_large == 2);
  }
  SECTION("the best of several") {
    note_run("slow", 1, "out of time");
    note_run("quick", 1000, "done");
    CHECK(run_backfill(site, {.jobs = 1}, pace).images(ImageResult::hashed) == 3);
  }
  SECTION("the streams share it") {
    note_run("middling", 3, "done");
    const BackfillRun run = run_backfill(site, {.jobs = 3}, pace);
    CHECK(run.images(ImageResult::hashed) == 1);
    CHECK(run.result.too_large == 2);
    CHECK(run_backfill(site, {.jobs = 1}, pace).images(ImageResult::hashed) == 2);
  }
}

TEST_CASE("of two limits the one that ended the run is named", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {4 << 20, 100, 10});
  SECTION("the time") {
    const Pace pace = {.bytes_per_second = 1 << 20, .max_runtime = std::chrono::seconds(2)};
    const BackfillRun run = run_backfill(site, {.jobs = 1, .max_bytes = 1 << 30}, pace);
    CHECK(run.order == Ids{ids[1], ids[2]});
    CHECK(run.result.end == RunEnd::out_of_time);
  }
  SECTION("the bytes") {
    const Pace pace = {.bytes_per_second = 0, .max_runtime = std::chrono::seconds(1000)};
    const BackfillRun run = run_backfill(site, {.jobs = 1, .max_bytes = 110}, pace);
    CHECK(run.order == Ids{ids[1], ids[2]});
    CHECK(run.result.end == RunEnd::limit);
    CHECK(run.result.too_large == 0);
  }
}

TEST_CASE("a run reads no faster than --bandwidth", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  upload_sizes(site, std::vector<std::size_t>(8, 256 << 10));
  const auto began = std::chrono::steady_clock::now();
  const BackfillRun run =
      run_backfill(site, {.jobs = 4}, {.bytes_per_second = 4 << 20, .max_runtime = {}});
  CHECK(run.images(ImageResult::hashed) == 8);
  // 2 MiB at 4 MiB/s, but for the last chunk and a tenth of a second.
  CHECK(std::chrono::steady_clock::now() - began > std::chrono::milliseconds(300));
}

TEST_CASE("--image reads only the named images", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {10, 20, 30});
  const BackfillRun run = run_backfill(site, {.jobs = 1, .images = {ids[0], ids[1]}});
  CHECK(run.result.end == RunEnd::complete);
  CHECK(run.images(ImageResult::hashed) == 2);
  CHECK(site.get(ids[2], "os_hash_value") == std::nullopt);
  const BackfillPlan plan = plan_backfill(site.site(), {.images = {ids[2]}});
  CHECK(plan.images == 1);
  CHECK(plan.bytes == 30);

  SECTION("one that has its hash is left as it is") {
    const BackfillRun again = run_backfill(site, {.jobs = 1, .images = {ids[0]}});
    CHECK(again.images(ImageResult::already_done) == 1);
    CHECK(again.result.bytes_read == 0);
  }
  SECTION("one that is deleted is said to be") {
    site.delete_image(ids[2]);
    const BackfillRun again = run_backfill(site, {.jobs = 1, .images = {ids[2]}});
    CHECK(again.images(ImageResult::gone) == 1);
    CHECK(again.order == Ids{ids[2]});
    // And nothing else is read in its place.
    const std::string other = site.upload("other");
    CHECK(run_backfill(site, {.jobs = 1, .images = {ids[2]}}).images(ImageResult::hashed) == 0);
  }
  SECTION("one that is not there is a mistake") {
    const Error error =
        required_error([&] { run_backfill(site, {.jobs = 1, .images = {"no-such-image"}}); });
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(live_runs(site.sql()).empty());
  }
  SECTION("one that failed in earlier runs is read again") {
    fs::rename(site.file(ids[2]), site.file("aside"));
    CHECK(run_backfill(site).images(ImageResult::missing) == 1);
    fs::rename(site.file("aside"), site.file(ids[2]));
    CHECK(run_backfill(site, {.jobs = 1, .images = {ids[2]}}).images(ImageResult::hashed) == 1);
  }
  SECTION("one that was put off is looked at now") {
    site.start_import(ids[2]);
    CHECK(run_backfill(site).images(ImageResult::busy_in_glance) == 1);
    site.delete_property(ids[2], "os_glance_import_task");
    CHECK(run_backfill(site, {.jobs = 1, .images = {ids[2]}}).images(ImageResult::hashed) == 1);
  }
  SECTION("one named twice is read once") {
    const BackfillRun again = run_backfill(site, {.jobs = 2, .images = {ids[2], ids[2]}});
    CHECK(again.images(ImageResult::hashed) == 1);
    CHECK(again.result.bytes_read == 30);
  }
}

TEST_CASE("--retry-failed reads again what failed in earlier runs", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {10, 20});
  fs::rename(site.file(ids[0]), site.file("aside"));
  CHECK(run_backfill(site).images(ImageResult::missing) == 1);
  fs::rename(site.file("aside"), site.file(ids[0]));
  CHECK(run_backfill(site).order.empty());
  CHECK(plan_backfill(site.site(), {}).images == 0);
  CHECK(plan_backfill(site.site(), {}).failed == 1);
  CHECK(plan_backfill(site.site(), {.retry_failed = true}).images == 1);
  const BackfillRun run = run_backfill(site, {.jobs = 1, .retry_failed = true});
  CHECK(run.order == Ids{ids[0]});
  CHECK(run.images(ImageResult::hashed) == 1);
  CHECK(run_backfill(site, {.jobs = 1, .retry_failed = true}).order.empty());
}

TEST_CASE("a missing store directory is an error, not a site without images", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const Ids ids = upload_sizes(site, {10});
  SECTION("the only one") {
    site.site().stores[0].directories = {site.directory() / "unmounted"};
    const auto before = dump(site.sql());
    const Error error = required_error([&] { run_backfill(site); });
    CHECK(error.kind() == ErrorKind::io);
    CHECK(std::string(error.what()).find("unmounted") != std::string::npos);
    CHECK(changes(before, dump(site.sql())) == kNone);
  }
  SECTION("one of two") {
    site.site().stores[0].directories.push_back(site.directory() / "unmounted");
    const std::string there = site.insert_image();
    site.add_location(there, "file://" + (site.directory() / "unmounted" / there).string());
    const BackfillRun run = run_backfill(site);
    CHECK(run.images(ImageResult::hashed) == 1);
    CHECK(run.images(ImageResult::unreadable) == 1);
    ReadContext context(site.site(), 0, std::nullopt);
    CHECK(context.stores.unavailable().size() == 1);
  }
}

TEST_CASE("a read-only database is reported, and nothing is read", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  upload_sizes(site, {10});
  Session reader = site.open({.mode = OpenMode::read_only});
  CHECK(required_error([&] { reader.execute("DELETE FROM images"); }).kind() == ErrorKind::connect);
  Session writer = site.open({.lock_timeout = std::chrono::seconds(0)});
  const Transaction lock(site.sql());
  if (site.is_server())
    lock_runs(site.sql());  // no lock of the whole database there
  CHECK(required_error([&] { const Run run(writer, "backfill"); }).kind() == ErrorKind::busy);
}
