// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// These four treat ASCII only, with any locale: Glance's names and hex digits are ASCII.
std::string lower_ascii(std::string_view text);
std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// Makes text from a database or a file safe to print on one line of a terminal, a log or a report.
// Control characters and bytes that are not UTF-8 become \xNN; other invisible characters
// (is_invisible() in base/utf8.h) become \uNNNN or \UNNNNNNNN. Text after `max_bytes` is replaced
// by "...". Applied twice, it changes nothing more.
std::string printable(std::string_view text, std::size_t max_bytes = 200);
// The same for whole lines of our own, of any length: line ends stay. Every text for people passes
// through it last, should a part of it not be printable.
std::string printable_lines(std::string_view text);

// grouped: "1,204". counted: "1 image", "1,204 images", "2 hashes": the plural has an "s", after
// "sh" an "es".
std::string grouped(std::int64_t number);
std::string counted(std::int64_t number, std::string_view noun);

// "1.5 GiB", "17 B": powers of 1024, with one decimal from KiB on.
std::string human_bytes(std::uint64_t bytes);

// "3 s", "4 min 10 s", "2 h 05 min", "3 d 4 h".
std::string human_duration(std::chrono::seconds duration);

// Bytes from "1048576B", "20M", "20MiB", "1G", "2T": powers of 1024; the unit may be in upper or
// lower case. Returns nothing for other text, and for more than 2^63-1. A number without a unit is
// refused, because a person who leaves it out does not always mean bytes.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

// A duration from "90s", "15m", "8h", "180d", "26w", at most kLongestDuration. A number without a
// unit is refused, except 0, because a person who leaves it out does not always mean seconds.
// A thousand centuries is surely a slip of the finger, and dates must stay representable.
inline constexpr std::chrono::seconds kLongestDuration(100'000LL * 366 * 86400);
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

// Replaces every `what` in `text` by `with`.
void replace_all(std::string& text, std::string_view what, std::string_view with);

// Unix seconds in UTC: "2026-03-04 05:06:07", "2026-03-04", and "2026-03-04T05:06:07Z" for
// machines. iso_time() takes any number: a time before 1970 or past the year 9999 becomes the
// nearest one within.
std::string utc_time(std::int64_t unix_seconds);
std::string utc_date(std::int64_t unix_seconds);
std::string iso_time(std::int64_t unix_seconds);
// The nearest time from 1970 to the end of the year 9999.
std::int64_t within_calendar(std::int64_t unix_seconds);

}  // namespace backglance
