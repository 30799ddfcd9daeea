// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/utf8.h"

namespace backglance {
namespace {

struct Quantity {
  std::uint64_t number;
  std::string unit;
};

std::optional<Quantity> parse_quantity(std::string_view text) {
  text = trim(text);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data())
    return std::nullopt;
  const auto used = static_cast<std::size_t>(end - text.data());
  return Quantity{number, lower_ascii(trim(text.substr(used)))};
}

// At most what a signed number holds: these figures go into BIGINT columns.
std::optional<std::uint64_t> multiplied(std::uint64_t number, std::uint64_t factor) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (number > kMax / factor)
    return std::nullopt;
  return number * factor;
}

// `bytes` as they are, or written out if they could do harm.
void add_printable(std::string& out, const CodePoint& point, std::string_view bytes) {
  constexpr char32_t kPastC1 = 0xA0;
  constexpr char32_t kPastBmp = 0x10000;
  const bool is_hidden = is_invisible(point.value);
  if (point.is_bad() || (is_hidden && point.value < kPastC1))
    for (const char c : bytes)
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  else if (is_hidden)
    out += point.value < kPastBmp
               ? fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point.value))
               : fmt::format("\\U{:08x}", static_cast<std::uint32_t>(point.value));
  else
    out += bytes;
}

}  // namespace

// Not std::tolower, whose answer depends on the locale.
std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n\f\v";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos)
    return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const auto at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos)
      return parts;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

// The limit may be passed by one code point and the dots, never by more.
std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    if (out.size() >= max_bytes)
      return out + "...";
    const CodePoint point = first_code_point(text);
    add_printable(out, point, text.substr(0, point.bytes));
    text.remove_prefix(point.bytes);
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (point.value == '\n')
      out += '\n';
    else
      add_printable(out, point, text.substr(0, point.bytes));
    text.remove_prefix(point.bytes);
  }
  return out;
}

std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  const std::size_t first = number < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string counted(std::int64_t number, std::string_view noun) {
  const char* const plural = noun.ends_with("sh") ? "es" : "s";
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : plural);
}

std::string human_bytes(std::uint64_t bytes) {
  constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024)
    return fmt::format("{} B", bytes);
  double value = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  // Not 1024: one digit behind the point would round up to "1024.0 KiB".
  while (value >= 1023.95 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_duration(std::chrono::seconds duration) {
  const auto s = duration.count();
  if (s < 60)
    return fmt::format("{} s", s);
  if (s < 3600)
    return fmt::format("{} min {:02} s", s / 60, s % 60);
  if (s < 86400)
    return fmt::format("{} h {:02} min", s / 3600, s % 3600 / 60);
  return fmt::format("{} d {} h", s / 86400, s % 86400 / 3600);
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto quantity = parse_quantity(text);
  if (!quantity)
    return std::nullopt;
  std::string unit = quantity->unit;
  if (unit.ends_with("ib"))
    unit.resize(unit.size() - 2);
  else if (unit.ends_with("b"))
    unit.resize(unit.size() - 1);
  constexpr std::string_view kPowers = "kmgtp";
  if (quantity->unit == "b")
    return multiplied(quantity->number, 1);
  const auto power = unit.empty() ? std::string_view::npos : kPowers.find(unit[0]);
  if (unit.size() != 1 || power == std::string_view::npos)
    return std::nullopt;
  return multiplied(quantity->number, std::uint64_t{1} << (10 * (power + 1)));
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  const auto quantity = parse_quantity(text);
  if (!quantity)
    return std::nullopt;
  std::uint64_t factor = 0;
  // A bare 0 needs no unit; any other number without one could mean anything.
  if (quantity->unit == "s" || (quantity->unit.empty() && quantity->number == 0))
    factor = 1;
  else if (quantity->unit == "m" || quantity->unit == "min")
    factor = 60;
  else if (quantity->unit == "h")
    factor = 3600;
  else if (quantity->unit == "d")
    factor = 86400;
  else if (quantity->unit == "w")
    factor = std::uint64_t{7} * 86400;
  else
    return std::nullopt;
  const auto seconds = multiplied(quantity->number, factor);
  if (!seconds || *seconds > static_cast<std::uint64_t>(kLongestDuration.count()))
    return std::nullopt;
  return std::chrono::seconds(*seconds);
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

std::string utc_time(std::int64_t unix_seconds) {
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::gmtime(static_cast<std::time_t>(unix_seconds)));
}

std::string utc_date(std::int64_t unix_seconds) {
  return utc_time(unix_seconds).substr(0, 10);
}

std::int64_t within_calendar(std::int64_t unix_seconds) {
  constexpr std::int64_t kLastSecond = 253402300799;  // of the year 9999
  return std::clamp<std::int64_t>(unix_seconds, 0, kLastSecond);
}

// Clamped, because years of five digits would move the T.
std::string iso_time(std::int64_t unix_seconds) {
  std::string text = utc_time(within_calendar(unix_seconds));
  text[10] = 'T';
  return text + "Z";
}

}  // namespace backglance
