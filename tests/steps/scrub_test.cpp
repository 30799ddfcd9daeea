// SPDX-License-Identifier: Apache-2.0
// The queue of verify: who comes first, what a killed run leaves, and what large images get.
#include <algorithm>

#include "expand/expand.h"
#include "ledger/runs.h"
#include "ledger/scrub_parts.h"
#include "ledger/scrub_queue.h"
#include "ledger/verifications.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using std::chrono::hours;

namespace {

constexpr std::int64_t kDay = 86400;
constexpr hours kMonth{24 * 30};

struct ScrubSite {
  ScrubSite() { expand(site.sql()); }

  std::string upload(std::size_t size, char letter = 'x') {
    const std::string content(size, letter);
    std::string id = site.upload(content);
    site.set(id, "os_hash_algo", std::string("sha512"));
    site.set(id, "os_hash_value", digest_of("sha512", content));
    return id;
  }
  // Everything is this much older now: as if the time had passed.
  void pass(std::int64_t seconds) {
    for (const char* change :
         {"UPDATE backglance_scrub SET read_at = read_at - :s WHERE read_at > 0",
          "UPDATE backglance_verify SET verified_at = verified_at - :s",
          "UPDATE backglance_scrub_part SET begun_at = begun_at - :s, taken_at = taken_at - :s",
          "UPDATE backglance_run SET started_at = started_at - :s, heartbeat_at = heartbeat_at - "
          ":s, "
          "finished_at = finished_at - :s"}) {
      std::string sql = change;
      for (auto at = sql.find(":s"); at != std::string::npos; at = sql.find(":s"))
        sql.replace(at, 2, std::to_string(seconds));
      site.sql().execute(sql);
    }
  }
  BackfillRun night(const ReadOptions& options = {.jobs = 1, .older_than = kMonth}) {
    return run_verify(site, options);
  }
  std::int64_t leased() {
    return site.sql().count("SELECT COUNT(*) FROM backglance_scrub WHERE lease_run IS NOT NULL");
  }

  GlanceSite site;
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("verify reads the oldest proof first, and an image without a proof before all",
          "[verify]") {
  ScrubSite it;
  const std::string first = it.upload(10);
  CHECK(it.night().order == Ids{first});
  it.pass(40 * kDay);
  const std::string second = it.upload(30);
  CHECK(it.night({.jobs = 1, .limit = 1, .older_than = kMonth}).order == Ids{second});
  it.pass(40 * kDay);
  const std::string third = it.upload(20);
  CHECK(it.night({.jobs = 1, .limit = 2}).order == Ids{third, first});
  CHECK(it.night({.jobs = 1, .limit = 1}).order == Ids{second});
  CHECK(it.leased() == 0);
}

TEST_CASE("verify --older-than reads no image twice within the period", "[verify]") {
  ScrubSite it;
  for (const std::size_t size : {10U, 20U, 30U})
    it.upload(size);
  CHECK(it.night().images(ImageResult::verified) == 3);
  const BackfillRun again = it.night();
  CHECK(again.order.empty());
  CHECK(again.result.left_images == 0);
  // A new image is in the queue by itself; a deleted one leaves it.
  const std::string fresh = it.upload(40);
  CHECK(it.night().order == Ids{fresh});
  it.pass(31 * kDay);
  it.site.delete_image(fresh);
  CHECK(it.night().images(ImageResult::verified) == 3);
  CHECK_FALSE(it.site.ours("scrub", fresh, "read_at").has_value());
  // A proof by name counts as well.
  it.pass(31 * kDay);
  const std::string named = it.upload(50);
  run_verify(it.site, {.jobs = 1, .images = {named}});
  CHECK(it.night().images(ImageResult::verified) == 3);
}

TEST_CASE("verify takes over the dates of a verify that had no queue", "[verify]") {
  ScrubSite it;
  it.upload(10);
  it.night();
  it.site.sql().execute("DELETE FROM backglance_scrub");
  CHECK(it.night().order.empty());
  it.pass(31 * kDay);
  it.site.sql().execute("DELETE FROM backglance_scrub");
  CHECK(it.night().images(ImageResult::verified) == 1);
}

TEST_CASE("an image that could not be compared stays the oldest", "[verify]") {
  ScrubSite it;
  const std::string busy = it.upload(10);
  it.site.start_import(busy);
  CHECK(it.night().images(ImageResult::busy_in_glance) == 1);
  CHECK(it.site.ours("scrub", busy, "read_at") == "0");
  it.site.sql().execute("DELETE FROM image_properties");
  CHECK(it.night().images(ImageResult::verified) == 1);
}

TEST_CASE("verify reads an image of any size under any --max-bytes, in parts", "[verify]") {
  ScrubSite it;
  const std::string large = it.upload(20 << 20);
  const std::string small = it.upload(1 << 20, 'y');
  const ReadOptions options = {.jobs = 1, .max_bytes = 6 << 20, .older_than = kMonth};
  // Largest first, because both were never proved: three parts, and in the fourth night the rest
  // and the small one.
  std::int64_t read = 0;
  for (int part = 0; part < 3; ++part) {
    const BackfillRun run = it.night(options);
    CHECK(run.order.empty());
    CHECK(run.result.end == RunEnd::limit);
    CHECK(run.result.broken_off == 1);
    CHECK(run.result.bytes_read <= 6 << 20);
    CHECK(run.result.bytes_read > 5 << 20);
    read += run.result.bytes_read;
    CHECK(run.result.left_images == 2);
    it.pass(kDay);
  }
  const BackfillRun last = it.night(options);
  CHECK(last.order == Ids{large, small});
  CHECK(last.outcomes.at(large).bytes == 20 << 20);
  // Not one byte was read twice.
  CHECK(read + last.result.bytes_read == 21 << 20);
  CHECK(last.result.end == RunEnd::complete);
  CHECK(it.site.sql().count("SELECT COUNT(*) FROM backglance_scrub_part") == 0);
}

TEST_CASE("a read over several nights hides no finding that was made meanwhile", "[verify]") {
  ScrubSite it;
  const std::string image = it.upload(12 << 20);
  const ReadOptions part = {.jobs = 1, .max_bytes = 6 << 20, .older_than = kMonth};
  REQUIRE(it.night(part).result.broken_off == 1);
  it.pass(kDay);
  SECTION("before the checkpoint is used: the image is read from its first byte") {
    Run other(it.site.sql(), "verify");
    ReadOutcome outcome;
    outcome.result = ImageResult::checksum_differs;
    record_verifications(it.site.sql(), other.id(), {{{.image_id = image}, outcome}});
    other.finish("done");
    CHECK_FALSE(ScrubParts(it.site.sql()).find(image).has_value());
    CHECK(it.night().result.bytes_read == 12 << 20);
  }
  SECTION("after it was used: the finding stays") {
    const auto begun = ScrubParts(it.site.sql()).find(image)->begun_at;
    const auto record = [&](ImageResult result, std::int64_t since) {
      Run run(it.site.sql(), "verify");
      ReadOutcome outcome;
      outcome.result = result;
      outcome.read_since = since;
      record_verifications(it.site.sql(), run.id(), {{{.image_id = image}, outcome}});
      run.finish("done");
    };
    record(ImageResult::checksum_differs, 0);
    // The run began long after the finding, its read before.
    it.site.sql().execute("UPDATE backglance_verify SET verified_at = verified_at - 1000");
    record(ImageResult::verified, begun);
    CHECK(it.site.ours("verify", image, "result") == "checksum_differs");
    record(ImageResult::verified, 0);
    CHECK(it.site.ours("verify", image, "result") == "verified");
  }
}

TEST_CASE("a lease of another run is respected, and ends with that run", "[verify]") {
  ScrubSite it;
  const std::string image = it.upload(10);
  Run other(it.site.sql(), "verify");
  ScrubQueue queue(it.site.sql(), other.id());
  queue.schedule([] { return true; });
  queue.due_after(std::nullopt);
  const auto claims = queue.claim({}, 1000);
  REQUIRE(claims.size() == 1);
  CHECK(queue.claim({}, 1000).empty());
  CHECK(it.night().order.empty());
  SECTION("the run ends: the image is free") {
    other.finish("killed");
    CHECK(it.night().order == Ids{image});
    // The late one writes nothing.
    CHECK_FALSE(queue.settle(claims[0], true));
  }
  SECTION("the lease runs out") {
    it.site.sql().execute("UPDATE backglance_scrub SET lease_until = lease_until - 200");
    CHECK(it.night().order == Ids{image});
    CHECK_FALSE(queue.settle(claims[0], true));
  }
  SECTION("a clock was ahead when the lease was written") {
    it.site.sql().execute("UPDATE backglance_scrub SET lease_until = lease_until + 100000");
    CHECK(it.night().order == Ids{image});
  }
  SECTION("it settles: once, however often the answer is lost") {
    CHECK(queue.settle(claims[0], true));
    CHECK(queue.settle(claims[0], true));
    CHECK(it.night().order.empty());
  }
}

TEST_CASE("thirty nights prove each image once, while images come and go", "[verify]") {
  ScrubSite it;
  // A night is enough for a tenth of the site, and the largest image takes four nights.
  std::map<std::string, int> proofs;
  std::vector<std::string> ids = {it.upload(22 << 20)};
  for (int i = 0; i < 30; ++i)
    ids.push_back(it.upload(1 << 20, static_cast<char>('a' + i % 26)));
  const ReadOptions options = {.jobs = 1, .max_bytes = 6 << 20, .older_than = kMonth};
  std::vector<std::string> deleted;
  for (int night = 0; night < 30; ++night) {
    const BackfillRun run = it.night(options);
    CHECK(run.result.bytes_read <= 6 << 20);
    for (const std::string& id : run.order)
      ++proofs[id];
    if (night == 5)
      ids.push_back(it.upload(8 << 20, 'n'));
    if (night == 1) {
      it.site.delete_image(ids[3]);
      deleted.push_back(ids[3]);
    }
    it.pass(kDay - 60);
  }
  for (const std::string& id : ids) {
    if (std::find(deleted.begin(), deleted.end(), id) != deleted.end())
      continue;
    CHECK(proofs[id] == 1);
  }
  CHECK(it.leased() == 0);
}
