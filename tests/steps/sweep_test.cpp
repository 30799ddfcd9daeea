// SPDX-License-Identifier: Apache-2.0
#include "expand/expand.h"
#include "ledger/queue_figures.h"
#include "ledger/read_outcome.h"
#include "ledger/runs.h"
#include "migrate/migrate.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
namespace fs = std::filesystem;

namespace {

// An image that Glance held in memory while its hash was published, and then wrote back.
struct Erased {
  Erased() {
    expand(site.sql());
    image = site.upload("content");
    site.set(image, "checksum", nullptr);
    const GlanceSite::Copy old = site.load(image);
    REQUIRE(run_backfill(site).images(ImageResult::hashed) == 1);
    site.save(old);
    REQUIRE(site.get(image, "os_hash_value") == std::nullopt);
    REQUIRE(site.get(image, "checksum") == std::nullopt);
  }

  void require_hashed(const std::string& content = "content") {
    REQUIRE(site.get(image, "os_hash_algo") == "sha512");
    REQUIRE(site.get(image, "os_hash_value") == digest_of("sha512", content));
    REQUIRE(site.get(image, "checksum") == digest_of("md5", content));
  }

  GlanceSite site;
  std::string image;
};

}  // namespace

TEST_CASE("a sweep puts back what a whole-row save erased, without reading", "[sweep]") {
  Erased it;
  CHECK(plan_backfill(it.site.site(), {}).erased == 1);
  const auto updated_at = it.site.get(it.image, "updated_at");
  const BackfillRun run = run_sweep(it.site);
  CHECK(run.images(ImageResult::restored) == 1);
  CHECK(run.order == std::vector<std::string>{it.image});
  CHECK(run.result.bytes_read == 0);
  it.require_hashed();
  CHECK(it.site.get(it.image, "updated_at") == updated_at);
  CHECK(it.site.ours("item", it.image, "result") == "restored");
  CHECK(plan_backfill(it.site.site(), {}).erased == 0);

  const auto glance = dump(it.site.sql(), Part::glance);
  CHECK(run_sweep(it.site).order.empty());
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
}

TEST_CASE("a backfill sweeps by itself, and reads nothing for it", "[sweep]") {
  Erased it;
  const BackfillRun run = run_backfill(it.site);
  CHECK(run.images(ImageResult::restored) == 1);
  CHECK(run.images(ImageResult::hashed) == 0);
  CHECK(run.result.bytes_read == 0);
  it.require_hashed();
}

TEST_CASE("a hash that a save erases during a backfill is back at its end", "[sweep]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  const GlanceSite::Copy old = site.load(image);
  ReadContext context(site.site(), 0, std::nullopt);
  const ReadResult result = backfill(site.site(), context, {.jobs = 1},
                                     [&](const std::string&, const ReadOutcome& outcome) {
                                       if (outcome.result == ImageResult::hashed)
                                         site.save(old);
                                     });
  CHECK(result.total(ImageResult::hashed).images == 1);
  CHECK(result.total(ImageResult::restored).images == 1);
  CHECK(site.get(image, "os_hash_value") == digest_of("sha512", "content"));
}

TEST_CASE("a hash is put back as often as it is erased", "[sweep]") {
  Erased it;
  for (int i = 0; i < 3; ++i) {
    it.site.set(it.image, "os_hash_value", nullptr);
    CHECK(run_sweep(it.site).images(ImageResult::restored) == 1);
    it.require_hashed();
  }
}

TEST_CASE("a host where the store's device has another number restores hashes too", "[sweep]") {
  Erased it;
  const std::string read = it.site.ours("item", it.image, "source_identity").value();
  it.site.sql().execute("UPDATE backglance_item SET source_identity = :identity",
                        {{"identity", "0" + read.substr(read.find(':'))}});
  CHECK(run_sweep(it.site).images(ImageResult::restored) == 1);
  it.require_hashed();
}

TEST_CASE("an image whose object was replaced is read again", "[sweep]") {
  Erased it;
  SECTION("another file in its place") {
    it.site.write_file(it.site.file("new"), "contenT");
    fs::rename(it.site.file("new"), it.site.file(it.image));
  }
  SECTION("the file was written to") {
    it.site.write_file(it.site.file(it.image), "contenT");
  }
  SECTION("the file was written to, and its time was put back") {
    const auto mtime = fs::last_write_time(it.site.file(it.image));
    it.site.write_file(it.site.file(it.image), "contenT");
    fs::last_write_time(it.site.file(it.image), mtime);
  }
  CHECK(run_sweep(it.site).images(ImageResult::restored) == 0);
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
  CHECK(it.site.ours("item", it.image, "state") == "queued");
  CHECK(run_backfill(it.site).images(ImageResult::hashed) == 1);
  it.require_hashed("contenT");
}

TEST_CASE("what a version without the ctime has read is put back only if a checksum proves it",
          "[sweep]") {
  Erased it;
  const std::string other = it.site.upload("another");
  REQUIRE(run_backfill(it.site).images(ImageResult::hashed) == 1);
  for (const std::string& image : {it.image, other}) {
    const std::string read = it.site.ours("item", image, "source_identity").value();
    it.site.sql().execute("UPDATE backglance_item SET source_identity = :old WHERE image_id = :id",
                          {{"old", read.substr(0, read.rfind(':'))}, {"id", image}});
  }
  for (const char* column : {"checksum", "os_hash_value"})
    it.site.set(it.image, column, nullptr);
  const BackfillRun run = run_backfill(it.site);
  CHECK(run.order == std::vector<std::string>{it.image});
  CHECK(run.images(ImageResult::hashed) == 1);
  CHECK(run.result.bytes_read == 7);
  CHECK(it.site.ours("item", other, "state") == "done");
  CHECK(it.site.ours("item", other, "digest") == digest_of("sha512", "another"));

  it.site.set(other, "os_hash_value", nullptr);
  CHECK(run_sweep(it.site).images(ImageResult::restored) == 1);
  it.site.write_file(it.site.file(other), "anothER");
  it.site.set(other, "os_hash_value", nullptr);
  CHECK(run_sweep(it.site).images(ImageResult::restored) == 0);
}

namespace {

// The bytes went bad on the disk without a trace; verify has seen it, and somebody cleared the row.
struct Contradicted {
  Contradicted() {
    expand(site.sql());
    image = site.upload("content");
    REQUIRE(run_backfill(site).images(ImageResult::hashed) == 1);
    site.write_file(site.file(image), "contenT");
    hide_change();
    REQUIRE(run_verify(site).images(ImageResult::checksum_differs) == 1);
    clear();
  }

  void hide_change() {
    ReadContext context(site.site(), 0, std::nullopt);
    const auto found = context.stores.find("file://" + site.file(image).string(), "");
    const auto& there = std::get<FoundLocation>(found);
    site.sql().execute("UPDATE backglance_item SET source_identity = :now",
                       {{"now", std::get<std::string>(there.opener->identify(there.location))}});
  }

  void clear() {
    for (const char* column : {"checksum", "os_hash_algo", "os_hash_value"})
      site.set(image, column, nullptr);
  }

  GlanceSite site;
  std::string image;
};

}  // namespace

TEST_CASE("a hash that verify has contradicted is not published again without a read", "[sweep]") {
  Contradicted it;
  for (const ReadOptions& options : {ReadOptions{}, ReadOptions{.limit = 5}}) {
    const BackfillPlan plan = plan_backfill(it.site.site(), options);
    CHECK(plan.erased == 0);
    CHECK(plan.images == 1);
    CHECK(plan.bytes == 7);
  }
  BackfillRun run;
  SECTION("by backfill") {
    run = run_backfill(it.site);
  }
  SECTION("by --image") {
    run = run_backfill(it.site, {.jobs = 1, .images = {it.image}});
  }
  SECTION("by --retry-failed") {
    run = run_backfill(it.site, {.jobs = 1, .retry_failed = true});
  }
  SECTION("by --sweep") {
    CHECK(run_sweep(it.site).order.empty());
    CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
    CHECK(it.site.ours("item", it.image, "state") == "queued");
    run = run_backfill(it.site);
  }
  SECTION("if the clock was years ahead when the image was read") {
    it.site.sql().execute("UPDATE backglance_run SET started_at = started_at + 100000000");
    it.site.sql().execute("UPDATE backglance_item SET finished_at = finished_at + 100000000");
    run = run_backfill(it.site);
  }
  SECTION("if the clock was set between the beginning of that run and its read") {
    it.site.sql().execute("UPDATE backglance_verify SET verified_at = verified_at - 1000");
    it.site.sql().execute("UPDATE backglance_run SET started_at = started_at + 100000000");
    run = run_backfill(it.site);
  }
  SECTION("if the clock of the host that verified is minutes behind") {
    it.site.sql().execute("UPDATE backglance_verify SET verified_at = verified_at - 200");
    run = run_backfill(it.site);
  }
  CHECK(run.images(ImageResult::restored) == 0);
  CHECK(run.images(ImageResult::hashed) == 1);
  CHECK(run.result.bytes_read == 7);
  CHECK(it.site.get(it.image, "os_hash_value") == digest_of("sha512", "contenT"));
  CHECK(it.site.get(it.image, "checksum") == digest_of("md5", "contenT"));

  // What verify found before this read says nothing against it.
  it.site.sql().execute("UPDATE backglance_verify SET verified_at = verified_at - 300");
  it.site.sql().execute("UPDATE backglance_run SET started_at = {now} - 5");
  it.site.sql().execute("UPDATE backglance_item SET finished_at = {now}");
  it.clear();
  CHECK(run_sweep(it.site).images(ImageResult::restored) == 1);
}

TEST_CASE("a verify of signatures that compares nothing leaves a hash in doubt", "[sweep]") {
  Contradicted it;
  it.site.add_properties(it.image, {"img_signature", "img_signature_hash_method",
                                    "img_signature_key_type", "img_signature_certificate_uuid"});
  migrate(it.site.sql(), {});
  ReadOptions options = {.jobs = 1};
  options.signed_only = true;
  options.certificates =
      std::make_shared<Certificates>(std::vector<std::unique_ptr<CertificateSource>>());
  const BackfillRun run = run_verify(it.site, options);
  CHECK(run.images(ImageResult::verified) == 1);
  CHECK(run.result.bytes_read == 7);
  CHECK(it.site.ours("verify", it.image, "result") == "checksum_differs");
  CHECK(run_sweep(it.site).order.empty());
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);

  it.site.sql().execute("DELETE FROM backglance_verify");
  CHECK(run_verify(it.site, options).images(ImageResult::verified) == 1);
  CHECK(it.site.sql().count("SELECT COUNT(*) FROM backglance_verify") == 0);
}

TEST_CASE("a hash is put back only if its location is the only one, or a checksum proves it",
          "[sweep]") {
  Erased it;
  it.site.write_file(it.site.file("there"), "other bytes");
  const std::int64_t other =
      it.site.add_location(it.image, "file://" + it.site.file("there").string());
  SECTION("a location that is served before is back") {
    it.site.sql().execute("UPDATE backglance_item SET location_id = :id", {{"id", other}});
  }
  SECTION("another one was added") {}
  CHECK(run_sweep(it.site).order.empty());
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
  const BackfillRun run = run_backfill(it.site);
  CHECK(run.images(ImageResult::hashed) == 1);
  CHECK(run.result.bytes_read == 7);
  it.require_hashed();

  it.site.set(it.image, "os_hash_value", nullptr);
  CHECK(run_sweep(it.site).images(ImageResult::restored) == 1);
}

TEST_CASE("an image that the ledger was told to forget is read from its first byte", "[sweep]") {
  Erased it;
  CHECK(required_error([&] {
          run_backfill(it.site, {.jobs = 1, .images = {it.image, "none"}, .forget = true});
        }).kind() == ErrorKind::usage);
  CHECK(it.site.ours("item", it.image, "digest").has_value());

  const ReadOptions forget = {.jobs = 1, .images = {it.image}, .forget = true};
  BackfillRun run = run_backfill(it.site, forget);
  CHECK(run.images(ImageResult::restored) == 0);
  CHECK(run.images(ImageResult::hashed) == 1);
  CHECK(run.result.bytes_read == 7);
  it.require_hashed();

  // A hash that is there stays, and only the ledger forgets it.
  run = run_backfill(it.site, forget);
  CHECK(run.images(ImageResult::already_done) == 1);
  it.require_hashed();
  CHECK(it.site.ours("item", it.image, "digest") == std::nullopt);
  CHECK(it.site.ours("item", it.image, "source_identity") == std::nullopt);
  CHECK(QueueFigures(it.site.sql()).queued().images == 0);
  it.site.set(it.image, "os_hash_value", nullptr);
  run = run_backfill(it.site);
  CHECK(run.images(ImageResult::restored) == 0);
  CHECK(run.images(ImageResult::hashed) == 1);
}

TEST_CASE("an image whose location is gone is read from another location", "[sweep]") {
  Erased it;
  it.site.sql().execute("UPDATE image_locations SET deleted = {true}, status = 'deleted'");
  SECTION("by none") {
    CHECK(run_backfill(it.site).images(ImageResult::no_location) == 1);
    CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
  }
  SECTION("of the same object") {
    it.site.add_location(it.image, "file://" + it.site.file(it.image).string());
    CHECK(run_backfill(it.site).images(ImageResult::hashed) == 1);
    it.require_hashed();
  }
}

TEST_CASE("an image whose file is gone is a finding", "[sweep]") {
  Erased it;
  // Of the images that were read before this one is all: the store might not be mounted.
  fs::remove(it.site.file(it.image));
  it.site.upload("another, by which the store is seen to be there");
  CHECK(run_backfill(it.site).images(ImageResult::hashed) == 1);
  CHECK(run_backfill(it.site).images(ImageResult::missing) == 1);
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
}

TEST_CASE("an erased hash stays known while its data cannot be looked at", "[sweep]") {
  GlanceSite site;
  expand(site.sql());
  site.upload("another, by which the store is seen to be there");
  const std::string image = site.insert_image();
  const fs::path folder = site.store() / "folder";
  fs::create_directory(folder);
  site.write_file(folder / image, "content");
  site.add_location(image, "file://" + (folder / image).string());
  const GlanceSite::Copy old = site.load(image);
  REQUIRE(run_backfill(site).images(ImageResult::hashed) == 2);
  site.save(old);

  // Rights do not count for root; a path that leads out of the store cannot be read by anybody.
  const fs::path outside = site.directory() / "outside";
  fs::rename(folder, outside);
  fs::create_directory_symlink(outside, folder);
  ReadContext context(site.site(), 0, std::nullopt);
  std::vector<std::string> warnings;
  context.control.warn_by([&](const std::string& text) { warnings.push_back(text); });
  CHECK(sweep(site.site(), context, {}).total(ImageResult::restored).images == 0);
  CHECK(site.ours("item", image, "state") == "done");
  CHECK(site.ours("item", image, "digest") == digest_of("sha512", "content"));
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings.front(), Catch::Contains("1 image, for example " + image) &&
                                   Catch::Contains("leads out of the store directory"));

  fs::remove(folder);
  fs::rename(outside, folder);
  CHECK(run_sweep(site).images(ImageResult::restored) == 1);
  CHECK(site.get(image, "os_hash_value") == digest_of("sha512", "content"));
}

TEST_CASE("an image whose size or checksum changed since the read is read again", "[sweep]") {
  Erased it;
  SECTION("the checksum") {
    it.site.set(it.image, "checksum", std::string(32, 'a'));
    CHECK(run_backfill(it.site).images(ImageResult::checksum_differs) == 1);
  }
  SECTION("the size") {
    it.site.set(it.image, "size", std::int64_t{8});
    CHECK(run_backfill(it.site).images(ImageResult::size_differs) == 1);
  }
  CHECK(it.site.get(it.image, "os_hash_value") == std::nullopt);
  CHECK(QueueFigures(it.site.sql()).failed().images == 1);
}

TEST_CASE("a sweep leaves alone what is not erased", "[sweep]") {
  Erased it;
  SECTION("another hash in its place") {
    it.site.set(it.image, "os_hash_value", std::string("ab12"));
  }
  SECTION("a deleted image") {
    it.site.delete_image(it.image);
  }
  SECTION("an image that is not active") {
    it.site.set(it.image, "status", std::string("importing"));
  }
  const auto glance = dump(it.site.sql(), Part::glance);
  CHECK(run_sweep(it.site).order.empty());
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
}

TEST_CASE("a sweep pages through more than a page of erased hashes", "[sweep]") {
  GlanceSite site;
  expand(site.sql());
  {
    Transaction transaction(site.sql());
    for (int i = 0; i < 450; ++i)
      site.upload("image " + std::to_string(i));
    transaction.commit();
  }
  REQUIRE(run_backfill(site, {.jobs = 2}).images(ImageResult::hashed) == 450);
  site.sql().execute("UPDATE images SET os_hash_value = NULL, os_hash_algo = NULL");
  CHECK(run_sweep(site).images(ImageResult::restored) == 450);
}
