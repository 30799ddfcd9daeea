// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "base/bounded.h"

#include <catch2/catch.hpp>

#include "base/utf8.h"

using namespace backglance;

TEST_CASE("foreign text is printed on one line and cannot command a terminal") {
  CHECK(printable("plain") == "plain");
  CHECK(printable("a\nb\tc") == "a\\x0ab\\x09c");
  CHECK(printable("\x1b[2J") == "\\x1b[2J");
  CHECK(printable("\x7f") == "\\x7f");
  // U+009B is the one-character form of ESC [.
  CHECK(printable("\xC2\x9B") == "\\xc2\\x9b");
}

TEST_CASE("bytes that are not UTF-8 are shown as hexadecimal, whole characters stay") {
  CHECK(printable("na\xC3\xAFve \xE6\x97\xA5 \xF0\x9F\x98\x80") ==
        "na\xC3\xAFve \xE6\x97\xA5 \xF0\x9F\x98\x80");
  CHECK(printable("\xFF\xC3") == "\\xff\\xc3");
  CHECK(printable("\xC0\xAF") == "\\xc0\\xaf");               // overlong
  CHECK(printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");      // a surrogate
  CHECK(printable("\xF5\x80\x80\x80").starts_with("\\xf5"));  // beyond U+10FFFF
  CHECK(is_utf8("\xF4\x8F\xBF\xBF"));
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));
  CHECK_FALSE(is_utf8("abc\xE2\x82"));
}

TEST_CASE("characters that reorder text, break lines or hide are written out, joiners stay") {
  CHECK(printable("a\u202eb\u2066c\u2069d\u2028e\u2029f") ==
        "a\\u202eb\\u2066c\\u2069d\\u2028e\\u2029f");
  CHECK(printable("\u200e\u200f\u061c\ufeff\u200b\u00ad\u2060") ==
        "\\u200e\\u200f\\u061c\\ufeff\\u200b\\u00ad\\u2060");
  CHECK(printable("x\U000E0041") == "x\\U000e0041");
  CHECK(printable("\u200c\u200d\u05d0\u0627") == "\u200c\u200d\u05d0\u0627");
  CHECK(printable_lines("a\u202e\nb\rc\td\x1b[2J\n") == "a\\u202e\nb\\x0dc\\x09d\\x1b[2J\n");
  const std::string once = printable("\u202e\x1b\xff");
  CHECK(printable_lines(once) == once);
}

TEST_CASE("long text is cut and says so") {
  CHECK(printable(std::string(300, 'x'), 10) == std::string(10, 'x') + "...");
  CHECK(printable(std::string(10, 'x'), 10) == std::string(10, 'x'));
}

TEST_CASE("bytes are read in powers of 1024 with or without a unit") {
  CHECK(parse_bytes("0B") == 0);
  CHECK(parse_bytes("1048576b") == 1048576);
  CHECK(parse_bytes("20M") == 20ULL << 20);
  CHECK(parse_bytes("20 MiB") == 20ULL << 20);
  CHECK(parse_bytes("1gb") == 1ULL << 30);
  CHECK(parse_bytes("2T") == 2ULL << 40);
  for (const char* bad : {"", "x", "-1", "1.5G", "10x", "1 2", "M", "9999999999P",
                          "18446744073709551616", "9223372036854775808"})
    CHECK_FALSE(parse_bytes(bad));
  CHECK(parse_bytes("9223372036854775807B") == 9223372036854775807ULL);
}

TEST_CASE("durations are read with their unit") {
  using std::chrono::seconds;
  CHECK(parse_duration("90s") == seconds(90));
  CHECK(parse_duration("0") == seconds(0));
  CHECK(parse_duration("26w") == seconds(26LL * 7 * 86400));
  CHECK(parse_duration("0s") == seconds(0));
  CHECK(parse_duration("15m") == seconds(900));
  CHECK(parse_duration("15min") == seconds(900));
  CHECK(parse_duration("8h") == seconds(28800));
  CHECK(parse_duration("180d") == seconds(180LL * 86400));
  for (const char* bad : {"", "d", "-5d", "90", "180", "1.5h", "10 x", "99999999999999d"})
    CHECK_FALSE(parse_duration(bad));
}

TEST_CASE("sizes and durations read well") {
  CHECK(human_bytes(0) == "0 B");
  CHECK(human_bytes(1023) == "1023 B");
  CHECK(human_bytes(1024) == "1.0 KiB");
  CHECK(human_bytes((1ULL << 20) - 1) == "1.0 MiB");
  CHECK(human_bytes(1536ULL << 20) == "1.5 GiB");
  CHECK(human_bytes(UINT64_MAX) == "16.0 EiB");
  CHECK(human_duration(std::chrono::seconds(59)) == "59 s");
  CHECK(human_duration(std::chrono::seconds(3661)) == "1 h 01 min");
  CHECK(human_duration(std::chrono::hours(76)) == "3 d 4 h");
  CHECK(utc_time(0) == "1970-01-01 00:00:00");
  CHECK(utc_date(1772600767) == "2026-03-04");
}

TEST_CASE("a text that is too long is cut at a character, and says how much is missing", "[text]") {
  CHECK(bounded("short", 64) == "short");
  CHECK(bounded(std::string(64, 'x'), 64) == std::string(64, 'x'));
  const std::string cut = bounded(std::string(1300, 'x'), 64);
  CHECK(cut.size() <= 64);
  CHECK(cut == "xxxxxxxxxxxxxxxxxxxxxxxx... (1,276 more bytes)");
  CHECK(bounded(cut, 64) == cut);
  std::string wide;
  for (int i = 0; i < 100; ++i)
    wide += "\xf0\x9f\x98\x80";
  const std::string cut_wide = bounded("a" + wide, 64);
  CHECK(is_utf8(cut_wide));
  std::string left = wide.substr(0, 20);
  left += "... (380 more bytes)";
  CHECK(cut_wide.substr(1) == left);
  CHECK(bounded("a\nb\xff", 64) == "a\\x0ab\\xff");
  CHECK(bounded(std::string(9999, '\n'), 2000).size() <= 2000);
}
