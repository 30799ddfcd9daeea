// SPDX-License-Identifier: Apache-2.0
// One site from Queens to the end, as an operator would take it, each verb twice.
#include "contract/contract.h"
#include "expand/expand.h"
#include "migrate/migrate.h"
#include "report/collect.h"
#include "tests/steps/glance_site.h"

using namespace backglance;

namespace {

// Runs `verb` twice and requires that the second time changes nothing of Glance's.
template <typename Verb>
void twice(GlanceSite& site, const Verb& verb) {
  verb();
  const auto once = dump(site.sql(), Part::glance);
  verb();
  REQUIRE(changes(once, dump(site.sql(), Part::glance)) == kNone);
}

}  // namespace

TEST_CASE("a site goes from Queens through every step, under old and new writers", "[life]") {
  GlanceSite site("queens_contract01");
  const std::string before = site.upload("uploaded under Queens");
  const std::string legacy = site.upload("signed under Liberty");
  site.add_properties(legacy, {"signature", "signature_hash_method", "signature_key_type",
                               "signature_certificate_uuid"});

  twice(site, [&] { expand(site.sql()); });
  const std::string after = site.upload("uploaded by an old Glance after expand");
  site.set(before, "name", std::string("renamed by an old Glance"));

  twice(site, [&] { revert_expand(site.sql()); });
  const std::string between = site.upload("uploaded after the revert");
  twice(site, [&] { expand(site.sql()); });

  twice(site, [&] { migrate(site.sql(), {.grace = std::chrono::seconds(0)}); });
  twice(site, [&] { run_backfill(site, {.jobs = 2}); });
  for (const auto& [id, content] :
       std::map<std::string, std::string>{{before, "uploaded under Queens"},
                                          {legacy, "signed under Liberty"},
                                          {after, "uploaded by an old Glance after expand"},
                                          {between, "uploaded after the revert"}}) {
    CHECK(site.get(id, "os_hash_algo") == "sha512");
    CHECK(site.get(id, "os_hash_value") == digest_of("sha512", content));
  }

  // A new Glance renames what it has read since; an old one does not know of hashes.
  GlanceSite::Copy copy = site.load(before);
  copy.columns["name"] = "renamed by a new Glance";
  site.save(copy);
  site.set(after, "name", std::string("renamed by an old Glance"));
  const std::string late = site.upload("uploaded by an old Glance, late");
  twice(site, [&] { run_backfill(site, {.jobs = 2}); });
  CHECK(site.get(late, "os_hash_value").has_value());

  twice(site, [&] {
    const BackfillRun run = run_verify(site, {.jobs = 2});
    CHECK(run.images(ImageResult::verified) == 5);
    CHECK_FALSE(run.result.has_findings());
  });
  // Every image has a hash, so nothing is asked.
  const StoreQuestions no_gate;
  const auto signed_before = dump(site.sql(), Part::glance);
  twice(site,
        [&] { contract(site.sql(), site.database(), no_gate, {.directory = site.directory()}); });
  CHECK(dump(site.sql(), Part::glance) != signed_before);
  twice(site, [&] { revert_contract(site.sql()); });
  CHECK(changes(signed_before, dump(site.sql(), Part::glance)) == kNone);
  twice(site,
        [&] { contract(site.sql(), site.database(), no_gate, {.directory = site.directory()}); });

  const SiteReport report = collect_report(site.sql(), site.database());
  CHECK(report.findings.empty());
  REQUIRE(report.coverage.size() == 1);
  CHECK(report.coverage[0].algorithm == "sha512");
  CHECK(report.coverage[0].images == 5);
  twice(site, [&] { uninstall(site.sql()); });
  CHECK(site.revision_rows() == std::vector<std::string>{"queens_contract01", "rocky_expand02"});
}
