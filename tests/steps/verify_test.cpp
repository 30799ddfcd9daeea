// SPDX-License-Identifier: Apache-2.0
#include <cctype>

#include "base/text.h"
#include "expand/expand.h"
#include "ledger/runs.h"
#include "ledger/verifications.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

std::string upload_hashed(GlanceSite& site, const std::string& content) {
  std::string id = site.upload(content);
  site.set(id, "os_hash_algo", std::string("sha512"));
  site.set(id, "os_hash_value", digest_of("sha512", content));
  return id;
}

std::string in_capitals(std::string text) {
  for (char& c : text)
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

TEST_CASE("verify is refused before the hash columns are there", "[verify]") {
  GlanceSite site("queens_contract01");
  const Error error = required_error([&] { run_verify(site); });
  CHECK(error.kind() == ErrorKind::schema_state);
  CHECK(error.next() == "backglance expand");
}

TEST_CASE("verify works on a site that was never expanded, and leaves no trace", "[verify]") {
  GlanceSite site("head");
  const std::string image = upload_hashed(site, "content");
  const auto before = dump(site.sql());
  const BackfillRun run = run_verify(site);
  CHECK(run.images(ImageResult::verified) == 1);
  CHECK(run.order == std::vector<std::string>{image});
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("verify compares the bytes with what is stored", "[verify]") {
  GlanceSite site;
  expand(site.sql());
  const std::string good = upload_hashed(site, "good");
  const std::string other_algorithm = site.upload("sha256");
  site.set(other_algorithm, "os_hash_algo", std::string("SHA256"));
  site.set(other_algorithm, "os_hash_value", digest_of("sha256", "sha256"));
  const std::string checksum_alone = site.upload("checksum only");
  const std::string capitals = upload_hashed(site, "capitals");
  site.set(capitals, "os_hash_value", in_capitals(digest_of("sha512", "capitals")));
  const std::string wrong_hash = upload_hashed(site, "wrong hash");
  site.set(wrong_hash, "os_hash_value", digest_of("sha512", "something else"));
  const std::string wrong_checksum = upload_hashed(site, "wrong checksum");
  site.set(wrong_checksum, "checksum", digest_of("md5", "something else"));
  const std::string damaged = upload_hashed(site, "damaged");
  site.write_file(site.file(damaged), "d@maged");
  const std::string without_checksum = upload_hashed(site, "hash alone, damaged");
  site.set(without_checksum, "checksum", nullptr);
  site.write_file(site.file(without_checksum), "hash alone, d@maged");
  const std::string cut = upload_hashed(site, "cut short");
  fs::resize_file(site.file(cut), 3);
  const std::string missing = upload_hashed(site, "missing");
  fs::remove(site.file(missing));
  const std::string unknown = upload_hashed(site, "unknown algorithm");
  site.set(unknown, "os_hash_algo", std::string("rot13"));
  const std::string busy = upload_hashed(site, "busy");
  site.start_import(busy);
  const std::string nowhere = upload_hashed(site, "nowhere");
  site.sql().execute("DELETE FROM image_locations WHERE image_id = :id", {{"id", nowhere}});
  const std::string nothing = site.upload("nothing to compare with");
  site.set(nothing, "checksum", nullptr);
  const std::string deleted = upload_hashed(site, "deleted");
  site.delete_image(deleted);

  const auto glance = dump(site.sql(), Part::glance);
  const BackfillRun run = run_verify(site, {.jobs = 2});
  CHECK(run.result.end == RunEnd::complete);
  CHECK(run.result.has_findings());
  const std::map<std::string, ImageResult> wanted = {
      {good, ImageResult::verified},
      {other_algorithm, ImageResult::verified},
      {checksum_alone, ImageResult::verified},
      {capitals, ImageResult::verified},
      {wrong_hash, ImageResult::hash_differs},
      {wrong_checksum, ImageResult::checksum_differs},
      {damaged, ImageResult::checksum_differs},
      {without_checksum, ImageResult::hash_differs},
      {cut, ImageResult::size_differs},
      {missing, ImageResult::missing},
      {unknown, ImageResult::hash_not_supported},
      {busy, ImageResult::busy_in_glance},
      {nowhere, ImageResult::no_location},
  };
  CHECK(run.outcomes.size() == wanted.size());
  for (const auto& [id, image_result] : wanted) {
    REQUIRE(run.outcomes.contains(id));
    CHECK(result_name(run.outcomes.at(id).result) == result_name(image_result));
    CHECK(site.ours("verify", id, "result") == std::string(result_name(image_result)));
  }
  CHECK_THAT(run.outcomes.at(capitals).reason, Contains("lower case"));
  CHECK_THAT(run.outcomes.at(checksum_alone).reason, Contains("checksum only"));
  CHECK_THAT(run.outcomes.at(wrong_hash).reason,
             Contains(digest_of("sha512", "wrong hash")) &&
                 Contains(digest_of("sha512", "something else")));
  CHECK(changes(glance, dump(site.sql(), Part::glance)) == kNone);
  CHECK(site.runs("verify", "done") == 1);
}

TEST_CASE("a second verify reads again and replaces what the first found", "[verify]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = upload_hashed(site, "content");
  site.write_file(site.file(image), "damaged");
  CHECK(run_verify(site).images(ImageResult::checksum_differs) == 1);
  site.write_file(site.file(image), "content");
  const BackfillRun run = run_verify(site);
  CHECK(run.images(ImageResult::verified) == 1);
  CHECK(run.result.bytes_read == 7);
  CHECK(site.ours("verify", image, "result") == "verified");
  CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_verify") == 1);
}

TEST_CASE("a verify that compares nothing cancels no finding", "[verify]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = upload_hashed(site, "content");
  site.write_file(site.file(image), "damaged");
  CHECK(run_verify(site).images(ImageResult::checksum_differs) == 1);
  ReadOptions options = {.jobs = 1, .images = {image}};
  ImageResult wanted = ImageResult::already_done;
  SECTION("of an image that is not signed") {
    options.signed_only = true;
  }
  SECTION("of one that Glance works on") {
    site.start_import(image);
    wanted = ImageResult::busy_in_glance;
  }
  SECTION("of one that is not active") {
    site.set(image, "status", std::string("importing"));
    wanted = ImageResult::gone;
  }
  SECTION("of one that has no location") {
    site.sql().execute("UPDATE image_locations SET deleted = {true}");
    wanted = ImageResult::no_location;
  }
  CHECK(run_verify(site, options).images(wanted) == 1);
  CHECK(site.ours("verify", image, "result") == "checksum_differs");
}

TEST_CASE("a verify that started before a finding does not cancel it", "[verify]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = upload_hashed(site, "content");
  const auto record = [&](Run& run, ImageResult image_result) {
    ReadOutcome outcome;
    outcome.result = image_result;
    record_verifications(site.sql(), run.id(), {{{.image_id = image}, outcome}});
  };
  Run early(site.sql(), "verify");
  site.sql().execute("UPDATE backglance_run SET started_at = started_at - 5");
  Run late(site.sql(), "verify");
  record(late, ImageResult::checksum_differs);
  late.finish("done");
  record(early, ImageResult::verified);
  CHECK(site.ours("verify", image, "result") == "checksum_differs");
  record(early, ImageResult::missing);
  CHECK(site.ours("verify", image, "result") == "missing");
  early.finish("done");
  Run next(site.sql(), "verify");
  record(next, ImageResult::verified);
  CHECK(site.ours("verify", image, "result") == "verified");
}

TEST_CASE("verify agrees with the hashes that a backfill published", "[verify]") {
  GlanceSite site;
  expand(site.sql());
  for (int i = 0; i < 20; ++i)
    site.upload(std::string(static_cast<std::size_t>(i) * 10'000, 'x'));
  REQUIRE(run_backfill(site, {.jobs = 2}).images(ImageResult::hashed) == 20);
  CHECK(run_verify(site, {.jobs = 4}).images(ImageResult::verified) == 20);
}

TEST_CASE("verify keeps to its limits and reads the largest first", "[verify]") {
  GlanceSite site;
  expand(site.sql());
  std::vector<std::string> ids;
  for (const std::size_t size : {10U, 50U, 30U, 20U, 40U})
    ids.push_back(upload_hashed(site, std::string(size, 'x')));
  using Ids = std::vector<std::string>;
  SECTION("none") {
    CHECK(run_verify(site).order == Ids{ids[1], ids[4], ids[2], ids[3], ids[0]});
  }
  SECTION("--limit") {
    const BackfillRun run = run_verify(site, {.jobs = 1, .limit = 2});
    CHECK(run.result.end == RunEnd::limit);
    CHECK(run.order == Ids{ids[1], ids[4]});
    CHECK(run.result.left_images == 3);
    CHECK(run.result.left_bytes == 60);
  }
  SECTION("--max-bytes") {
    const BackfillRun run = run_verify(site, {.jobs = 1, .max_bytes = 65});
    CHECK(run.result.end == RunEnd::limit);
    CHECK(run.order == Ids{ids[1], ids[0]});
    CHECK(run.result.bytes_read == 60);
  }
  SECTION("--image") {
    CHECK(run_verify(site, {.jobs = 1, .images = {ids[0], ids[2]}}).order == Ids{ids[2], ids[0]});
    CHECK(required_error([&] { run_verify(site, {.jobs = 1, .images = {"none"}}); }).kind() ==
          ErrorKind::usage);
  }
}

TEST_CASE("verify starts no image that cannot be finished in time, unless it was named",
          "[verify]") {
  GlanceSite site;
  expand(site.sql());
  const std::string large = upload_hashed(site, std::string(4 << 20, 'x'));
  const std::string small = upload_hashed(site, "small");
  const Pace pace = {.bytes_per_second = 1 << 20, .max_runtime = std::chrono::seconds(2)};
  const BackfillRun run = run_verify(site, {.jobs = 1}, pace);
  CHECK(run.order == std::vector<std::string>{small});
  CHECK(run.result.end == RunEnd::out_of_time);
  CHECK(run.result.left_images == 1);
  CHECK(run.result.left_bytes == 4 << 20);
  CHECK(run.result.too_large == 1);
  REQUIRE(run.result.largest.has_value());
  CHECK(run.result.largest->id == large);
  CHECK(run_verify(site, {.jobs = 1, .images = {large}}, pace).result.broken_off == 1);
  CHECK(run_verify(site).result.left_images == 0);
}

TEST_CASE("verify pages through every image, whatever its size says", "[verify]") {
  GlanceSite site;
  expand(site.sql());
  // More than a page of equal sizes, and sizes that are none.
  for (int i = 0; i < 150; ++i)
    upload_hashed(site, "content");
  std::vector<SqlValue> sizes = {SqlValue(nullptr), SqlValue(std::int64_t{0}),
                                 SqlValue(std::int64_t{-3}), SqlValue(INT64_MAX)};
  if (site.takes_any_bytes())
    sizes.insert(sizes.end(), {SqlValue(std::string("huge")), SqlValue(std::string("12.5"))});
  for (const SqlValue& size : sizes)
    site.set(upload_hashed(site, "content"), "size", size);
  const BackfillRun run = run_verify(site, {.jobs = 2});
  CHECK(run.images(ImageResult::verified) == 152);
  CHECK(run.images(ImageResult::size_differs) == static_cast<std::int64_t>(sizes.size()) - 2);
}

TEST_CASE("verify records an image with 2000 locations that are all missing", "[verify]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = upload_hashed(site, "content");
  Transaction transaction(site.sql());
  for (int i = 0; i < 2000; ++i)
    site.add_location(id, "file://" + (site.store() / ("lost-" + std::to_string(i))).string());
  transaction.commit();
  fs::remove(site.file(id));
  // Without it, the host would seem not to see the store.
  upload_hashed(site, "another");
  const BackfillRun run = run_verify(site);
  CHECK(run.images(ImageResult::missing) == 1);
  const std::string reason = site.ours("verify", id, "reason").value_or("");
  CHECK_THAT(reason, Contains("location ") && Contains(" more bytes)"));
  CHECK(reason.size() <= 2000);
  CHECK(run.outcomes.at(id).reason == reason);
}

TEST_CASE("--image with an id that only the collation takes for an image's is an error",
          "[verify]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = site.upload("content");
  const std::string other = site.upload("other content");
  site.sql().execute("DELETE FROM image_locations WHERE image_id = :old", {{"old", other}});
  site.sql().execute("UPDATE images SET id = 'abe' WHERE id = :old", {{"old", other}});
  const std::string name = GENERATE_COPY(as<std::string>(), "ABE", "abe ", id + " ", "ab\xc3\xa9",
                                         "\xf0\x9f\x98\x80", "%", "ab_");
  CAPTURE(name);
  for (const auto& run : {run_verify, run_backfill}) {
    const Error error = required_error([&] { run(site, {.jobs = 1, .images = {name}}, {}); });
    CHECK(error.kind() == ErrorKind::usage);
    CHECK_THAT(error.what(), Contains("there is no image '" + name + "'"));
    if (lower_ascii(trim(name)) == "abe")
      CHECK_THAT(error.what(), Contains("; the id of an image is abe"));
  }
  CHECK_FALSE(site.get(id, "os_hash_value").has_value());
}
