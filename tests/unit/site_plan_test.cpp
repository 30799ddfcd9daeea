// SPDX-License-Identifier: Apache-2.0
#include "cli/site_plan.h"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

using namespace backglance;
using nlohmann::json;

namespace {

using Catch::Matchers::Contains;

PlannedStatement statement(const std::string& step, int number, const std::string& sql) {
  PlannedStatement planned;
  planned.step = step;
  planned.statement.number = number;
  planned.statement.sql = sql;
  return planned;
}

SitePlan small_plan() {
  SitePlan plan;
  plan.database = "mysql://glance@db/glance";
  plan.schema.statements = {statement("0001_ledger", 1, "CREATE TABLE a"),
                            statement("0001_ledger", 2, "CREATE TABLE b"),
                            statement("0003_os_hash", 1, "ALTER TABLE images")};
  plan.schema.statements[2].statement.lock = "none";
  plan.schema.statements[2].statement.cost = "an instant";
  plan.schema.notes = {"an index is half done"};
  plan.schema.builds = {"index i is being built"};
  plan.missing_rights = {{"UPDATE ON images", "GRANT UPDATE ON images TO glance"}};
  plan.data.queued = 2;
  plan.data.flagged = 1;
  plan.data.schemes = {{SignatureScheme::legacy_partial, 4}, {SignatureScheme::both, 3}};
  plan.reads = {.images = 2, .bytes = 2048, .failed = 1, .erased = 6};
  plan.unknown_size = 1;
  return plan;
}

GaleraPlan cluster() {
  GaleraPlan galera;
  galera.node = {.nodes = 3, .status = "Primary", .state = "Synced", .method = "TOI"};
  return galera;
}

}  // namespace

TEST_CASE("a plan for a person has the notes, the statements and what would be read") {
  CHECK(plan_text(small_plan()) ==
        "note: an index is half done\n"
        "note: index i is being built; expand waits until that has ended\n"
        "expand: 3 statements\n"
        "\n-- step 0001_ledger\nCREATE TABLE a;\nCREATE TABLE b;\n"
        "\n-- step 0003_os_hash\n-- lock: none\n-- cost: an instant\nALTER TABLE images;\n"
        "\nno guard; expand --guard installs it\n"
        "\nthis account lacks UPDATE ON images -- next: GRANT UPDATE ON images TO glance\n"
        "\nmigrate: 2 images to queue, 1 image with signature properties to flag\n"
        "         3  both\n         4  legacy partial\n"
        "\nbackfill: 2 images to read, 2.0 KiB and 1 image of unknown or no size\n"
        "  1 image failed before; only backfill --retry-failed reads them again\n"
        "\nnothing was changed\n");
}

TEST_CASE("a plan says what each store holds and what cannot be read") {
  SitePlan plan = small_plan();
  // One store, and all of it can be read: nothing is to be said.
  plan.stores = {{.type = "file", .pending = {2, 2048, 1}}, {.type = "http", .why_not = "off"}};
  CHECK_THAT(plan_text(plan), !Contains("file"));
  plan.stores.push_back(
      {.id = "fast", .type = "rbd", .why_not = "no keyring", .pending = {3, 0, 0}});
  plan.stores.push_back({.type = "s3", .pending = {1, 0, 0}, .is_configured = false});
  CHECK_THAT(plan_text(plan),
             Contains("  file: 2 images without a hash, 2.0 KiB and 1 of unknown size\n"
                      "  fast: rbd: 3 images without a hash, 0 B -- not readable here: no keyring\n"
                      "  s3: 1 image without a hash, 0 B\n"
                      "  3 of these cannot be read by what is configured here\n"));
}

TEST_CASE("a plan says which stores are read through the Glance API") {
  SitePlan plan = small_plan();
  plan.stores = {{.type = "rbd",
                  .why_not = "no keyring",
                  .through_api = ThroughApi::with_checksum,
                  .pending = {3, 0, 0}}};
  CHECK_THAT(plan_text(plan),
             Contains("  rbd: 3 images without a hash, 0 B -- read through the Glance API, those "
                      "with a checksum: no keyring\n") &&
                 !Contains("cannot be read"));
}

TEST_CASE("a plan says of the guard what is there, and nothing where its statements are planned") {
  SitePlan plan = small_plan();
  plan.with_guard = true;
  CHECK_THAT(plan_text(plan), !Contains("guard"));
  plan.guard = {GuardState::foreign, "another body"};
  CHECK_THAT(plan_text(plan), Contains("guard") && Contains(": another body\n"));
  plan.guard = {GuardState::there, ""};
  plan.with_guard = false;
  CHECK_THAT(plan_text(plan), Contains("\nguard installed\n"));
}

TEST_CASE("a plan for a cluster says what stalls and for how long") {
  SitePlan plan = small_plan();
  plan.galera = cluster();
  const std::string head =
      "\ngalera: 3 nodes, this one is Synced, Primary; wsrep_OSU_method is TOI\n";
  CHECK_THAT(plan_text(plan), Contains(head + "\nmigrate:"));
  plan.galera->short_statements = 12;
  plan.galera->index_builds = 2;
  plan.galera->rebuilds = 1;
  CHECK_THAT(
      galera_text(*plan.galera),
      Contains("    12  short: a stall of some hundredths of a second each\n") &&
          Contains("     2  indexes of images: the time is not known, because a trial in a "
                   "temporary table failed\n") &&
          Contains("     1  copies the table images: longer than an index; how much longer is "
                   "not known\n"));
  plan.galera->trial = {
      .images = 1000000, .tried = 5000, .build = std::chrono::duration<double>(1.231)};
  CHECK_THAT(galera_text(*plan.galera),
             Contains("a stall of about 1.24 s each") &&
                 Contains("tried with 5,000 of 1,000,000 images on this node"));
}

TEST_CASE("a plan as JSON has every member as a number, a text, a list or null") {
  SitePlan plan = small_plan();
  const json object = plan_json(plan);
  CHECK(object["database"] == "mysql://glance@db/glance");
  CHECK(object["notes"] == json({"an index is half done",
                                 "index i is being built; expand waits until that has ended"}));
  REQUIRE(object["statements"].size() == 3);
  CHECK(object["statements"][2] == json({{"step", "0003_os_hash"},
                                         {"statement", 1},
                                         {"sql", "ALTER TABLE images"},
                                         {"lock", "none"},
                                         {"cost", "an instant"}}));
  CHECK(object["guard"] == "missing");
  CHECK(object["missing_rights"] == json::array({{{"right", "UPDATE ON images"},
                                                  {"next", "GRANT UPDATE ON images TO glance"}}}));
  CHECK(object["galera"].is_null());
  CHECK(object["migrate"] == json({{"to_queue", 2},
                                   {"to_flag", 1},
                                   {"signatures", {{"both", 3}, {"legacy_partial", 4}}}}));
  CHECK(object["backfill"] == json({{"images", 2},
                                    {"bytes", 2048},
                                    {"unknown_size", 1},
                                    {"failed_before", 1},
                                    {"to_restore", 6},
                                    {"forecast", nullptr},
                                    {"stores", json::array()}}));
  plan.galera = cluster();
  CHECK(plan_json(plan)["galera"] == json({{"nodes", 3},
                                           {"status", "Primary"},
                                           {"state", "Synced"},
                                           {"method", "TOI"},
                                           {"short_statements", 0},
                                           {"index_builds", 0},
                                           {"rebuilds", 0},
                                           {"images", nullptr},
                                           {"tried_on", nullptr},
                                           {"index_seconds", nullptr}}));
}

TEST_CASE("expand says what it ran and what is next, or what it would run") {
  ExpandOutcome outcome{small_plan().schema, true, false, "backglance migrate"};
  outcome.plan.notes.clear();
  outcome.plan.builds.clear();
  outcome.plan.statements.resize(1);
  CHECK(expand_text(outcome) ==
        "\n-- step 0001_ledger\nCREATE TABLE a;\nwould run 1 schema statement\n");
  outcome.dry_run = false;
  CHECK(expand_text(outcome) == "ran 1 schema statement -- next: backglance migrate\n");
  const json object = expand_json(outcome);
  CHECK(object["dry_run"] == false);
  CHECK(object["revert"] == false);
  CHECK(object["notes"] == json::array());
  CHECK(object["statements"].size() == 1);
  outcome.plan.statements[0].step = "0004_guard";
  CHECK(expand_text(outcome) == "ran 1 schema statement\n");
  outcome.plan.statements.clear();
  CHECK(expand_text(outcome) == "nothing to do: the schema is complete\n");
  outcome.plan.builds = {"index i is being built"};
  CHECK(expand_text(outcome) ==
        "note: index i is being built; expand waits until that has ended\n"
        "nothing else to do: the rest of the schema is complete\n");
  outcome.revert = true;
  CHECK_THAT(expand_text(outcome), Contains("nothing to revert\n"));
}

TEST_CASE("a plan says after the notes on the schema why a backfill would end at once") {
  SitePlan plan = small_plan();
  plan.notes = {"backfill would end at once: no store can be opened: /images"};
  CHECK(plan_text(plan).find("expand waits until that has ended\nnote: " + plan.notes[0] +
                             "\nexpand: 3 statements\n") != std::string::npos);
  CHECK(plan_json(plan)["notes"].size() == 3);
  CHECK(plan_json(plan)["notes"][2] == plan.notes[0]);
}

TEST_CASE("a forecast divides the bytes by hosts and rate, and says what it leaves out") {
  SitePlan plan = small_plan();
  CHECK(plan_json(plan)["backfill"]["forecast"].is_null());
  plan.forecast = Forecast{
      .hosts = 4, .rate = 100 << 20, .rate_was_measured = false, .bytes = std::int64_t{1} << 40};
  CHECK_THAT(plan_text(plan),
             Contains("\n  forecast: 4 hosts at 100.0 MiB/s each read 1.0 TiB in 43 min 42 s\n"));
  plan.forecast->hosts = 1;
  plan.forecast->rate_was_measured = true;
  plan.forecast->unreadable = 3 << 20;
  plan.forecast->unknown_size = 2;
  CHECK_THAT(plan_text(plan),
             Contains("  forecast: 1 host at 100.0 MiB/s reads 1.0 TiB in 2 h 54 min\n"
                      "    an earlier run of one host reached this rate; --rate gives another one\n"
                      "    without 3.0 MiB that this host cannot read\n"
                      "    without 2 images of unknown or no size\n"));
  CHECK(plan_json(plan)["backfill"]["forecast"] == json({{"hosts", 1},
                                                         {"rate", 100 << 20},
                                                         {"rate_from", "earlier_run"},
                                                         {"bytes", std::int64_t{1} << 40},
                                                         {"unreadable_bytes", 3 << 20},
                                                         {"unknown_size", 2},
                                                         {"seconds", 10486}}));
}

TEST_CASE("a forecast does not overflow, and no bytes take no time") {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  CHECK(Forecast{.hosts = kMost, .rate = kMost, .bytes = kMost}.time().count() == 1);
  CHECK(Forecast{.hosts = 1, .rate = 1, .bytes = kMost / 2}.time().count() > kMost / 4);
  CHECK(Forecast{.hosts = 2, .rate = 5}.time().count() == 0);
}
