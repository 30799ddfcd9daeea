// SPDX-License-Identifier: Apache-2.0
#include "glance/revisions.h"

#include <catch2/catch.hpp>

using namespace backglance;

namespace {

using Rows = std::vector<std::string>;

struct Case {
  Rows rows;
  RevisionPhase phase;
};

}  // namespace

TEST_CASE("rows that real sites have are judged by what they promise") {
  const std::vector<Case> cases = {
      {{}, RevisionPhase::none},
      {{"queens_contract01"}, RevisionPhase::queens},
      {{"queens_contract01", "rocky_expand01"}, RevisionPhase::rocky01},
      {{"pike_contract01", "rocky_expand01"}, RevisionPhase::rocky01},
      {{"rocky_contract01"}, RevisionPhase::rocky01},
      {{"rocky_contract01", "rocky_expand02"}, RevisionPhase::hashed},
      {{"queens_contract01", "rocky_expand02"}, RevisionPhase::hashed},
      {{"queens_contract01", "wallaby_expand01"}, RevisionPhase::hashed},
      {{"rocky_contract02"}, RevisionPhase::hashed},
      {{"rocky_contract02", "train_expand01"}, RevisionPhase::hashed},
      {{"train_contract01"}, RevisionPhase::hashed},
      {{"ussuri_contract01"}, RevisionPhase::hashed},
      {{"wallaby_contract01"}, RevisionPhase::hashed},
      {{"wallaby_contract01", "2024_1_expand01"}, RevisionPhase::hashed},
      {{"2023_1_contract01"}, RevisionPhase::hashed},
      {{"2024_1_contract01"}, RevisionPhase::hashed},
  };
  for (const Case& c : cases) {
    CAPTURE(c.rows);
    const Revisions judged = judge_revisions(c.rows);
    CHECK(judged.phase == c.phase);
    CHECK(judged.reason.empty());
    CHECK(judged.repair.empty());
    CHECK(judged.promises_os_hash == (c.phase == RevisionPhase::hashed));
    CHECK(judged.promises_os_hidden ==
          (c.phase == RevisionPhase::hashed || c.phase == RevisionPhase::rocky01));
  }
}

TEST_CASE("rows from before Queens are recognized, with a reason and a next step") {
  for (const Rows& rows : std::vector<Rows>{{"liberty"},
                                            {"mitaka01"},
                                            {"mitaka02"},
                                            {"ocata01"},
                                            {"pike01"},
                                            {"ocata_contract01"},
                                            {"ocata_expand01"},
                                            {"pike_contract01"},
                                            {"pike_expand01"},
                                            {"ocata_contract01", "pike_expand01"},
                                            {"pike_contract01", "queens_expand01"},
                                            {"pike01", "queens_expand01"}}) {
    CAPTURE(rows);
    const Revisions judged = judge_revisions(rows);
    CHECK(judged.phase == RevisionPhase::before_queens);
    CHECK_FALSE(judged.reason.empty());
    CHECK_FALSE(judged.repair.empty());
    CHECK_FALSE(judged.promises_os_hidden);
  }
}

TEST_CASE("an upgrade to Queens without its contract phase is recognized") {
  const Revisions judged = judge_revisions({"queens_expand01", "pike_contract01"});
  CHECK(judged.reason ==
        "an upgrade to queens was started and not finished: its contract phase has not run "
        "(pike_contract01, "
        "queens_expand01)");
  CHECK(judged.repair == "glance-manage db contract");
}

TEST_CASE("the stamp that version_control leaves by default is pointed out") {
  CHECK(judge_revisions({"liberty"}).reason.find("version_control") != std::string::npos);
  CHECK(judge_revisions({"mitaka02"}).reason.find("version_control") == std::string::npos);
}

TEST_CASE("an expand row alone is inconsistent and comes with a repair") {
  for (const std::string row : {"queens_expand01", "rocky_expand01", "rocky_expand02",
                                "wallaby_expand01", "2024_1_expand01"}) {
    CAPTURE(row);
    const Revisions judged = judge_revisions({row});
    CHECK(judged.phase == RevisionPhase::inconsistent);
    CHECK(judged.reason.find(row) != std::string::npos);
    CHECK(judged.repair.find("glance-manage db contract") != std::string::npos);
    CHECK(judged.repair.find("VALUES ('queens_contract01')") != std::string::npos);
  }
}

TEST_CASE("rows that overlap are inconsistent, and the statement that mends them is exact") {
  struct Overlap {
    Rows rows;
    std::string repair;
  };
  const std::vector<Overlap> cases = {
      {{"rocky_contract02", "rocky_expand02"},
       "DELETE FROM alembic_version WHERE version_num = 'rocky_expand02'"},
      {{"rocky_contract02", "rocky_expand01"},
       "DELETE FROM alembic_version WHERE version_num = 'rocky_expand01'"},
      {{"rocky_contract01", "rocky_contract02"},
       "DELETE FROM alembic_version WHERE version_num = 'rocky_contract01'"},
      {{"queens_contract01", "rocky_expand01", "rocky_expand02"},
       "DELETE FROM alembic_version WHERE version_num = 'rocky_expand01'"},
      {{"wallaby_contract01", "queens_contract01", "rocky_expand02"},
       "DELETE FROM alembic_version WHERE version_num IN ('queens_contract01', 'rocky_expand02')"},
      {{"liberty", "queens_contract01"},
       "DELETE FROM alembic_version WHERE version_num = 'liberty'"},
      {{"mitaka01", "mitaka02"}, "DELETE FROM alembic_version WHERE version_num = 'mitaka01'"},
  };
  for (const Overlap& c : cases) {
    CAPTURE(c.rows);
    const Revisions judged = judge_revisions(c.rows);
    CHECK(judged.phase == RevisionPhase::inconsistent);
    CHECK_FALSE(judged.reason.empty());
    CHECK(judged.repair == c.repair);
  }
}

TEST_CASE("a row that no Glance has is unknown, whatever stands beside it") {
  for (const Rows& rows : std::vector<Rows>{{"toolkit_x"},
                                            {"queens_contract01", "toolkit_x"},
                                            {"rocky_contract02", "toolkit_x"},
                                            {"Queens_contract01"},
                                            {"queens_contract01 "},
                                            {""},
                                            {"stein_contract01"}}) {
    CAPTURE(rows);
    const Revisions judged = judge_revisions(rows);
    CHECK(judged.phase == RevisionPhase::unknown);
    CHECK_FALSE(judged.reason.empty());
  }
  CHECK(judge_revisions({"toolkit_x"}).reason ==
        "alembic_version holds toolkit_x, which no Glance up to 2024.1 has");
  CHECK(judge_revisions({"rocky_contract02", "toolkit_x"}).promises_os_hash);
}

TEST_CASE("a garbage row is shown on one line and cut") {
  const Revisions judged = judge_revisions({"a\nb\xff" + std::string(1 << 20, 'x')});
  CHECK(judged.phase == RevisionPhase::unknown);
  CHECK(judged.reason.find('\n') == std::string::npos);
  CHECK(judged.reason.size() < 200);
}

TEST_CASE("the rows come back sorted and once each") {
  const Revisions judged =
      judge_revisions({"rocky_expand01", "queens_contract01", "rocky_expand01"});
  CHECK(judged.rows == Rows{"queens_contract01", "rocky_expand01"});
  CHECK(judged.phase == RevisionPhase::rocky01);
}

TEST_CASE("the revisions of each release are known and those that never were are not") {
  for (const char* row : {"liberty", "mitaka02", "ocata01", "pike_expand01", "rocky_contract02",
                          "zed_expand01", "2023_1_contract01", "2024_1_expand01"})
    CHECK(known_revision(row));
  for (const char* row :
       {"", "stein_expand01", "2023_2_expand01", "rocky_expand03", "ROCKY_EXPAND01"})
    CHECK_FALSE(known_revision(row));
}
