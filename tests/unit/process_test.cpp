// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/stop.h"
#include "base/text.h"
#include "ledger/control.h"

using namespace backglance;

TEST_CASE("this process lives, one that has ended does not") {
  const std::string own = this_process();
  CHECK(process_lives(own) == true);
  const auto parts = split(own, ' ');
  REQUIRE(parts.size() == 4);
  CHECK(parts[2] == std::to_string(getpid()));
  // The same number, at another moment or of another boot.
  CHECK(process_lives(parts[0] + " " + parts[1] + " " + parts[2] + " 1") == false);
  CHECK_FALSE(process_lives("a-boot " + parts[1] + " " + parts[2] + " " + parts[3]).has_value());
}

TEST_CASE("a name that is not a process of this namespace is not judged") {
  const auto parts = split(this_process(), ' ');
  CHECK_FALSE(process_lives(parts[0] + " pid:[1] " + parts[2] + " " + parts[3]).has_value());
  CHECK_FALSE(process_lives("p").has_value());
  CHECK_FALSE(process_lives("").has_value());
}

TEST_CASE("the person who gives a command is named by user and host") {
  const auto parts = split(user_at_host(), '@');
  REQUIRE(parts.size() == 2);
  CHECK_FALSE(parts[0].empty());
  CHECK(parts[1] == host_name());
}

TEST_CASE("of several requests to stop the first counts") {
  CHECK(stop_wish() == StopWish::none);
  request_stop(StopWish::fleet);
  request_stop();
  CHECK(stop_wish() == StopWish::fleet);
  reset_stop();
  CHECK_FALSE(stop_requested());
}

TEST_CASE("a pause is described in one line, whatever its row contains") {
  CHECK(FleetState{}.text().empty());
  const FleetState fleet{true, "a\x1b[1m@h", 1772921400, "line\nline"};
  CHECK(fleet.text() == "paused by a\\x1b[1m@h since 2026-03-07 22:10:00 UTC: line\\x0aline");
}
