// SPDX-License-Identifier: Apache-2.0
#include "cli/event_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "tests/unit/config_dir.h"

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

TEST_CASE("a log whose reader has stopped holds up nobody, however long the line") {
  const ConfigDir directory;
  const std::filesystem::path pipe = directory.path() / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK);
  EventLog log(pipe.string(), LogFormat::text);
  // More than a pipe holds. The first failure is told, and no later one.
  CHECK_THAT(log.write(std::string(1 << 20, 'x')), Catch::Matchers::Contains("nobody reads"));
  CHECK(log.write("one").empty());
  // Once somebody reads again, the next line is whole, and on a line of its own.
  std::string all(1 << 20, '\0');
  while (read(reader, all.data(), all.size()) > 0) {
  }
  CHECK(log.write("two").empty());
  const ssize_t got = read(reader, all.data(), all.size());
  close(reader);
  CHECK(all.substr(0, static_cast<std::size_t>(std::max<ssize_t>(got, 0))) == "\ntwo\n");
}
