// SPDX-License-Identifier: Apache-2.0
#include "report/collect.h"

#include <algorithm>
#include <ctime>
#include <map>

#include "contract/contract.h"
#include "expand/expand.h"
#include "migrate/migrate.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kLegacy = {"signature", "signature_hash_method",
                                          "signature_key_type", "signature_certificate_uuid"};

SiteReport report_of(GlanceSite& site) {
  return collect_report(site.sql(), site.database());
}

std::int64_t images_of(const std::vector<SiteReport::ClassCount>& counts,
                       ImageResult image_result) {
  for (const SiteReport::ClassCount& count : counts)
    if (count.result == image_result)
      return count.images;
  return 0;
}

}  // namespace

TEST_CASE("a report is refused before expand", "[report]") {
  GlanceSite site("queens_contract01");
  const Error error = required_error([&] { report_of(site); });
  CHECK(error.kind() == ErrorKind::schema_state);
  CHECK(error.next() == "backglance expand");
}

TEST_CASE("a report changes nothing", "[report]") {
  GlanceSite site;
  expand(site.sql());
  site.add_properties(site.upload("content"), kLegacy);
  migrate(site.sql(), {});
  const auto before = dump(site.sql());
  report_of(site);
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("a report of a site on which nothing was done says so", "[report]") {
  GlanceSite site;
  expand(site.sql());
  site.upload("content");
  const SiteReport report = report_of(site);
  CHECK(report.signatures.empty());
  CHECK(report.findings.empty());
  CHECK(report.results.empty());
  REQUIRE(report.coverage.size() == 1);
  CHECK(report.coverage[0].algorithm.empty());
  CHECK(report.coverage[0].images == 1);
  CHECK(report.coverage[0].bytes == 7);
  CHECK(report.queued_images == 0);
  CHECK(std::abs(report.made_at - std::time(nullptr)) < 60);
}

TEST_CASE("a report lists flagged images, deprecated and nearest deadline first", "[report]") {
  GlanceSite site;
  expand(site.sql());
  const std::string renewed = site.insert_image("renewed");
  site.add_properties(renewed, {"img_signature"});
  const std::string later = site.insert_image("later");
  site.add_properties(later, kLegacy);
  const std::string sooner = site.insert_image("sooner");
  site.add_properties(sooner, {"signature", "signature_key_type", "base_image_ref"});
  site.set(sooner, "os_hidden", std::int64_t{1});
  site.set(sooner, "status", std::string("deactivated"));
  const std::string deleted = site.insert_image("deleted");
  site.add_properties(deleted, kLegacy);
  site.delete_image(deleted);
  site.insert_image("of no signature");
  migrate(site.sql(), {});
  site.sql().execute(
      "UPDATE backglance_signature SET deadline_at = deadline_at - 500 "
      "WHERE image_id = :id",
      {{"id", sooner}});
  const SiteReport report = report_of(site);
  REQUIRE(report.signatures.size() == 4);
  const SiteReport::Signature& first = report.signatures[0];
  CHECK(first.image_id == sooner);
  CHECK(first.name == "sooner");
  CHECK(first.owner == "owner");
  CHECK(first.status == "deactivated");
  CHECK(first.hidden);
  CHECK(first.snapshot);
  CHECK_FALSE(first.deleted);
  CHECK(first.scheme == SignatureScheme::legacy_partial);
  CHECK(first.present == std::vector<std::string>{"signature", "signature_key_type"});
  CHECK(first.missing ==
        std::vector<std::string>{"signature_hash_method", "signature_certificate_uuid"});
  CHECK(first.deadline_at.value() == first.flagged_at + 180 * std::int64_t{86'400} - 500);
  CHECK(report.signatures[1].image_id == later);
  CHECK(report.signatures[2].image_id == deleted);
  CHECK(report.signatures[2].deleted);
  CHECK(report.signatures[3].image_id == renewed);
  CHECK(report.signatures[3].deadline_at == std::nullopt);
}

TEST_CASE("a report has the digests of what an owner is to sign again, and of nothing else",
          "[report]") {
  GlanceSite site;
  expand(site.sql());
  const std::string old = site.upload("old");
  site.add_properties(old, kLegacy);
  const std::string unknown = site.insert_image();
  site.add_properties(unknown, kLegacy);
  const std::string fine = site.upload("fine");
  site.add_properties(fine, {"img_signature", "img_signature_hash_method", "img_signature_key_type",
                             "img_signature_certificate_uuid"});
  migrate(site.sql(), {});
  run_backfill(site);
  std::map<std::string, SiteReport::Signature> found;
  for (const SiteReport::Signature& signature : report_of(site).signatures)
    found[signature.image_id] = signature;
  CHECK(found[old].checksum == digest_of("md5", "old"));
  CHECK(found[old].hash_algorithm == "sha512");
  CHECK(found[old].hash_value == digest_of("sha512", "old"));
  CHECK(found[unknown].checksum.empty());
  CHECK(found[unknown].hash_value.empty());
  CHECK(found.contains(fine));
  CHECK(found[fine].checksum.empty());
  CHECK(found[fine].hash_value.empty());
}

TEST_CASE("a report shows results, findings and coverage of a backfill", "[report]") {
  GlanceSite site;
  expand(site.sql());
  site.upload("good");
  const std::string other = site.upload("other algorithm");
  site.set(other, "os_hash_algo", std::string("sha256"));
  const std::string missing = site.upload("missing", "the missing one");
  fs::remove(site.file(missing));
  const std::string damaged = site.upload("damaged");
  site.write_file(site.file(damaged), "d@maged");
  const std::string busy = site.upload("busy");
  site.start_import(busy);
  const std::string nowhere = site.insert_image();
  run_backfill(site);

  const SiteReport report = report_of(site);
  CHECK(images_of(report.results, ImageResult::hashed) == 2);
  CHECK(images_of(report.results, ImageResult::missing) == 1);
  CHECK(images_of(report.results, ImageResult::checksum_differs) == 1);
  CHECK(images_of(report.results, ImageResult::busy_in_glance) == 1);
  CHECK(images_of(report.results, ImageResult::no_location) == 1);
  REQUIRE(report.findings.size() == 2);
  CHECK(report.findings[0].image_id == missing);
  CHECK(report.findings[0].name == "the missing one");
  CHECK(report.findings[0].result == ImageResult::missing);
  CHECK_FALSE(report.findings[0].reason.empty());
  CHECK(report.findings[1].image_id == damaged);
  CHECK(report.queued_images == 1);
  REQUIRE(report.coverage.size() == 3);
  CHECK(report.coverage[0].algorithm.empty());
  CHECK(report.coverage[0].images == 4);
  REQUIRE(report.runs.size() == 2);
  const bool backfill_first = report.runs[0].command == "backfill";
  CHECK(report.runs[backfill_first ? 1 : 0].command == "expand");
  CHECK(report.runs[backfill_first ? 0 : 1].images == 6);

  SECTION("what was put right since is no finding any more") {
    site.set(damaged, "os_hash_value", std::string("aa"));
    site.delete_image(missing);
    CHECK(report_of(site).findings.empty());
  }
}

TEST_CASE("a report shows what verify found", "[report]") {
  GlanceSite site;
  expand(site.sql());
  const std::string good = site.upload("good");
  const std::string bad = site.upload("bad");
  run_backfill(site);
  site.write_file(site.file(bad), "b@d");
  run_verify(site);
  const SiteReport report = report_of(site);
  CHECK(images_of(report.verify_results, ImageResult::verified) == 1);
  CHECK(images_of(report.verify_results, ImageResult::checksum_differs) == 1);
  REQUIRE(report.verify_findings.size() == 1);
  CHECK(report.verify_findings[0].image_id == bad);
  CHECK(report.findings.empty());
}

TEST_CASE("a report keeps images whose properties contract removed", "[report]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  site.add_properties(image, kLegacy);
  migrate(site.sql(), {.grace = std::chrono::seconds(0)});
  run_backfill(site);
  contract(site.sql(), site.database(), StoreQuestions(), {.directory = site.directory()});
  const SiteReport report = report_of(site);
  REQUIRE(report.signatures.size() == 1);
  CHECK(report.signatures[0].scheme == SignatureScheme::none);
  CHECK(report.signatures[0].removed_at.has_value());
  CHECK(report.signatures[0].deadline_at == std::nullopt);
}
