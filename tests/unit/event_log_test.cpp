// SPDX-License-Identifier: Apache-2.0
#include "cli/event_log.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"

using namespace backglance;
using Members = nlohmann::ordered_json;

TEST_CASE("an event is one line of text, odd values between quotes") {
  const EventLog log(std::nullopt, LogFormat::text);
  const std::string line = log.line(
      "finding", {{"image_id", "a-1"}, {"code", 10}, {"reason", "no \"such\"\nfile"}, {"e", ""}});
  REQUIRE(line.size() > 21);
  CHECK(line[10] == 'T');
  CHECK(line.substr(19) == R"(Z finding image_id=a-1 code=10 reason="no \"such\"\nfile" e="")");
}

TEST_CASE("an event is one JSON object, whatever bytes are in it") {
  EventLog log("-", LogFormat::json);
  CHECK(log.is_on_stderr());
  const std::string line = log.line("waiting", {{"reason", "a\nb\xff"}});
  CHECK(line.find('\n') == std::string::npos);
  const auto object = nlohmann::json::parse(line);
  CHECK(object["event"] == "waiting");
  CHECK(object["reason"] == "a\nb\xef\xbf\xbd");
  CHECK(object["time"].get<std::string>().size() == 20);
  CHECK(nlohmann::json::parse(log.line("resumed", Members::object()))["event"] == "resumed");
  CHECK(log.write(line).empty());
}

TEST_CASE("a log that cannot be written is refused before anything is done") {
  CHECK_THROWS_AS(EventLog("/no/such/directory/log", LogFormat::text), Error);
}
