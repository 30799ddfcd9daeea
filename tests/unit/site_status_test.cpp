// SPDX-License-Identifier: Apache-2.0
#include "cli/site_status.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "sql/ledger_steps.h"

using namespace backglance;
using nlohmann::json;

namespace {

constexpr std::int64_t kTime = 1772600000;  // 2026-03-04T04:53:20Z

SiteStatus before_expand() {
  SiteStatus status;
  status.database = "sqlite:////var/lib/glance/glance.sqlite";
  status.hashing_algorithm = "sha512";
  status.stores = {{.type = "file",
                    .places = {{"/images", ""}, {"/cold\x1b[2J", "", "No such file or directory"}},
                    .pending = {15, 3 << 20, 1}},
                   {.id = "far", .type = "http", .why_not = "switched off"},
                   {.id = "fast", .type = "rbd", .why_not = "no keyring", .pending = {1, 0, 0}}};
  status.config_files = {"/etc/glance/glance-api.conf"};
  status.schema.revisions = {"queens_contract01"};
  status.without_hash = {.images = 16, .bytes = 3 << 20, .unknown_size = 1};
  status.due = {ExitCode::expand_due, "16 schema statements to run", "backglance expand"};
  return status;
}

SiteStatus at_work() {
  SiteStatus status = before_expand();
  status.encrypted_locations = true;
  status.schema = {.revisions = {"queens_contract01", "rocky_expand02"},
                   .has_os_hidden = true,
                   .has_os_hash = true,
                   .has_ledger = true,
                   .ledger_version = known_ledger_version(),
                   .guard = GuardState::there};
  status.ledger = {.queued = {3, 4096},
                   .claimable = {2, 1024},
                   .failed = {1, 17},
                   .erased = 5,
                   .signatures = {{SignatureScheme::legacy_partial, 2, /*deleted=*/1},
                                  {SignatureScheme::both, 1}},
                   .settled = 1204};
  LiveRun live;
  live.run_id = "run-2";
  live.command = "backfill";
  live.host = "host-\x1b[1m";
  live.started_at = kTime;
  live.images = 7;
  live.bytes = 2048;
  live.heartbeat_age = 4;
  live.bytes_per_second = 1 << 20;
  RunRow killed;
  killed.run_id = "run-1";
  killed.command = "verify";
  killed.host = "host-1";
  killed.started_at = kTime - 60;
  status.runs = {.fleet = {}, .live = {live}, .recent = {live, killed}};
  status.due = {ExitCode::done, "nothing is due", ""};
  return status;
}

}  // namespace

TEST_CASE("before expand the status shows the schema, the stores and the images") {
  CHECK(
      status_text(before_expand()) ==
      "Database    sqlite:////var/lib/glance/glance.sqlite\n"
      "Store       file  /images, /cold\\x1b[2J ** cannot be read here: No such file or directory "
      "**, 15 images without a hash, 3.0 MiB and 1 of unknown size\n"
      "Store       far: http  not read: switched off, no image without a hash\n"
      "Store       fast: rbd  ** cannot be read here: no keyring **, 1 image without a hash, 0 B\n"
      "Hashing     sha512\n"
      "Schema      queens_contract01: os_hidden missing, os_hash columns missing, backglance's "
      "tables missing, no guard\n"
      "Images      16 live images without a hash, known size 3.0 MiB (1 of unknown size)\n"
      "Due         16 schema statements to run\n"
      "Next        backglance expand\n");
}

TEST_CASE("the status of a site at work has the queue, the signatures and the runs") {
  const std::string text = status_text(at_work());
  CHECK(text.substr(text.find("Hashing")) ==
        "Hashing     sha512, locations may be encrypted\n"
        "Schema      queens_contract01 + rocky_expand02: os_hidden present, os_hash columns "
        "present, backglance's tables present, guard installed\n"
        "Images      16 live images without a hash, known size 3.0 MiB (1 of unknown size)\n"
        "Queue       to read: 3 images, 4.0 KiB; could not be hashed: 1 image, 17 B; to restore: "
        "5 hashes\n"
        "Signatures  1 both, 2 legacy partial; 1 of them on deleted images; 1,204 settled\n"
        "Fleet       1 run at work\n"
        "At work     2026-03-04T04:53:20Z backfill on host-\\x1b[1m: 7 images, 2.0 KiB, 1.0 "
        "MiB/s, heartbeat 4 s ago\n"
        "Run         2026-03-04T04:52:20Z verify on host-1: no heartbeat, probably killed, 0 "
        "images, 0 B\n"
        "Due         nothing is due\n");
}

TEST_CASE("status says why a run waits, who asked a run to stop and who paused the fleet") {
  SiteStatus status = at_work();
  status.runs->fleet = {
      .paused = true, .by = "glance@controller", .since = kTime, .reason = "a disk is replaced"};
  status.runs->live[0].waiting_for = "window 22:00-06:00";
  status.runs->live[0].stop_by = "root@other";
  const std::string text = status_text(status);
  CHECK_THAT(text, Catch::Contains("Fleet       paused by glance@controller since "
                                   "2026-03-04T04:53:20Z: a disk is replaced; 1 run at work\n"));
  CHECK_THAT(text, Catch::Contains("7 images, 2.0 KiB, waiting: window 22:00-06:00, heartbeat 4 s "
                                   "ago, stopping, asked by root@other\n"));
}

TEST_CASE("the status as JSON has every member as a number, a text, a list or null") {
  const json object = status_json(at_work());
  CHECK(object["site"] == json({{"database", "sqlite:////var/lib/glance/glance.sqlite"},
                                {"server", nullptr},
                                {"hashing_algorithm", "sha512"},
                                {"encrypted_locations", true},
                                {"stores", object["site"]["stores"]},
                                {"config_files", {"/etc/glance/glance-api.conf"}}}));
  REQUIRE(object["site"]["stores"].size() == 3);
  CHECK(object["site"]["stores"][0] ==
        json({{"id", ""},
              {"type", "file"},
              {"directories", {"/images", "/cold\x1b[2J"}},
              {"places",
               {{{"place", "/images"}, {"away", nullptr}},
                {{"place", "/cold\x1b[2J"}, {"away", "No such file or directory"}}}},
              {"configured", true},
              {"why_not", nullptr},
              {"through_api", false},
              {"images", 15},
              {"bytes", 3 << 20},
              {"unknown_size", 1}}));
  CHECK(object["site"]["stores"][2]["why_not"] == "no keyring");
  CHECK(object["schema"] == json({{"alembic_version", {"queens_contract01", "rocky_expand02"}},
                                  {"os_hidden", true},
                                  {"os_hash", true},
                                  {"ledger", true},
                                  {"ledger_version", known_ledger_version()},
                                  {"guard", "there"}}));
  CHECK(object["queue"] == json({{"queued", {{"images", 3}, {"bytes", 4096}}},
                                 {"claimable_now", {{"images", 2}, {"bytes", 1024}}},
                                 {"failed", {{"images", 1}, {"bytes", 17}}},
                                 {"erased_by_glance", 5}}));
  CHECK(object["signatures"] == json({{"both", 1}, {"legacy_partial", 2}}));
  CHECK(object["settled"] == 1204);
  CHECK(object["fleet"]["since"].is_null());
  REQUIRE(object["runs"].size() == 1);
  CHECK(object["runs"][0]["waiting_for"].is_null());
  CHECK(object["runs"][0]["heartbeat_age_seconds"] == 4);
  REQUIRE(object["recent_runs"].size() == 2);
  CHECK(object["recent_runs"][1]["started_at"] == "2026-03-04T04:52:20Z");
  CHECK(object["due"] ==
        json({{"exit_code", 0}, {"why", "nothing is due"}, {"next", ""}, {"findings", 0}}));
}

TEST_CASE("before expand the JSON of the status has no queue and no fleet") {
  const json object = status_json(before_expand());
  for (const char* const absent : {"queue", "signatures", "settled", "fleet"})
    CHECK_FALSE(object.contains(absent));
  CHECK(object["runs"] == json::array());
  CHECK(object["recent_runs"] == json::array());
  CHECK(object["without_hash"] == json({{"images", 16}, {"bytes", 3 << 20}, {"unknown_size", 1}}));
  CHECK(object["due"]["exit_code"] == 3);
}

TEST_CASE("check says what is due, the guard if there is one, and the command to run") {
  const CheckAnswer due{{ExitCode::expand_due, "16 schema statements to run", "backglance expand"},
                        GuardState::missing};
  CHECK(check_text(due) == "16 schema statements to run -- next: backglance expand\n");
  CHECK(check_json(due) == json({{"exit_code", 3},
                                 {"why", "16 schema statements to run"},
                                 {"next", "backglance expand"},
                                 {"findings", 0},
                                 {"coverage", nullptr},
                                 {"guard", "missing"}}));
  CHECK(check_text({{ExitCode::done, "nothing is due", ""}, GuardState::there}) ==
        "nothing is due; guard installed\n");
}
