// SPDX-License-Identifier: Apache-2.0
#include "base/line_reader.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <vector>

#include "base/error.h"
#include "tests/unit/config_dir.h"

using namespace backglance;

namespace {

// Each line that is found, "..." for one that is too long.
std::vector<std::string> lines_of(const std::string& text, std::size_t longest) {
  const ConfigDir directory;
  const auto file = directory.path() / "lines";
  std::ofstream(file, std::ios::binary) << text;
  LineReader reader(file, longest);
  std::vector<std::string> lines;
  std::string line;
  for (auto found = reader.next(line); found != LineReader::Found::end; found = reader.next(line)) {
    lines.push_back(found == LineReader::Found::too_long ? "..." : line);
    CHECK(reader.number() == static_cast<std::int64_t>(lines.size()));
  }
  CHECK(reader.next(line) == LineReader::Found::end);
  return lines;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("a line is the text between two line ends", "[lines]") {
  CHECK(lines_of("", 10).empty());
  CHECK(lines_of("\n", 10) == Lines{""});
  CHECK(lines_of("a\n\nb", 10) == Lines{"a", "", "b"});
  CHECK(lines_of(std::string("a\0b\r\n", 5), 10) == Lines{std::string("a\0b\r", 4)});
}

TEST_CASE("a line that is too long is dropped, and the next one is whole", "[lines]") {
  CHECK(lines_of("12345\n123456\n12345", 5) == Lines{"12345", "...", "12345"});
  // Over the ends of the buffer of 64 KiB.
  const std::string long_one(200'000, 'x');
  CHECK(lines_of(long_one + "\nab\n" + long_one + "\n", 200'000) ==
        Lines{long_one, "ab", long_one});
  CHECK(lines_of(long_one + "\nab\n" + long_one, 199'999) == Lines{"...", "ab", "..."});
}

TEST_CASE("a file that cannot be read is an error", "[lines]") {
  const ConfigDir directory;
  const auto missing = error_of([&] { LineReader(directory.path() / "none", 10); });
  REQUIRE(missing);
  CHECK(missing->kind() == ErrorKind::usage);
  const auto is_directory = error_of([&] {
    LineReader reader(directory.path(), 10);
    std::string line;
    reader.next(line);
  });
  REQUIRE(is_directory);
  CHECK(is_directory->kind() == ErrorKind::usage);
}
