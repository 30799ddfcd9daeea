// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// ASCII only, whatever the locale: Glance's names and hex are ASCII.
std::string lower_ascii(std::string_view text);
std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);

// Text from a database or a file, made safe to print on one line of a terminal, a log or a report:
// control characters and bytes that are not UTF-8 become \xNN, and more than `max_bytes` are cut,
// with "..." for the rest.
std::string printable(std::string_view text, std::size_t max_bytes = 200);

// True if all of it is well-formed UTF-8.
bool is_utf8(std::string_view text);

// "1,204", "1 image", "1,204 images", "2 hashes": the plural has an "s", after "sh" an "es".
std::string grouped(std::int64_t number);
std::string counted(std::int64_t number, std::string_view noun);

// "1.5 GiB", "17 B". Powers of 1024, one decimal from KiB on.
std::string human_bytes(std::uint64_t bytes);

// "3 s", "4 min 10 s", "2 h 05 min", "3 d 4 h".
std::string human_duration(std::chrono::seconds duration);

// Bytes from "1048576B", "20M", "20MiB", "1G", "2T": powers of 1024, the unit in any case.
// Nothing if it is not such a number, or past 2^63-1. A number without a unit is none: a person who
// leaves the unit out does not always mean bytes.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

// A duration from "90s", "15m", "8h", "180d", "26w". A number without a unit is none, but for 0: a
// person who leaves the unit out does not always mean seconds.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

// "2026-03-04 05:06:07" in UTC of unix seconds, and the date alone.
// Puts `with` in the place of every `what` in `text`.
void replace_all(std::string& text, std::string_view what, std::string_view with);

std::string utc_time(std::int64_t unix_seconds);
std::string utc_date(std::int64_t unix_seconds);

}  // namespace backglance
