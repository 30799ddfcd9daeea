// SPDX-License-Identifier: Apache-2.0
#include "report/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"

namespace backglance {
std::string_view signature_scheme_meaning(SignatureScheme scheme) {
  switch (scheme) {
    case SignatureScheme::none:
      return "No signature properties any more.";
    case SignatureScheme::unrelated:
      return "A lone \"signature\" property: ordinary metadata as likely as not. Left alone.";
    case SignatureScheme::legacy_complete:
      return "Signed over the MD5 checksum, as Liberty did. No Glance since Newton verifies it.";
    case SignatureScheme::legacy_partial:
      return "Part of a Liberty signature. No Glance ever verified it, though it looks like "
             "protection.";
    case SignatureScheme::new_complete:
      return "Signed over the data. This is the scheme in use.";
    case SignatureScheme::new_partial:
      return "Part of a signature over the data. Nova refuses such an image where signatures are "
             "demanded.";
    case SignatureScheme::both:
      return "Properties of both schemes. Those of Liberty go; those over the data stay.";
  }
  return {};
}

const std::string_view kSignatureFindingsMeaning =
    "Where Nova verifies signatures it refuses to boot such an image; one whose certificate is not "
    "trusted where it validates certificates as well. The owner compares it with its source, and "
    "signs it again or replaces it.";

std::string percent_text(std::int64_t part, std::int64_t total) {
  if (part <= 0 || total <= 0)
    return "0 %";
  if (part >= total)
    return "100 %";
  const auto percent =
      static_cast<int>(100.0L * static_cast<long double>(part) / static_cast<long double>(total));
  return percent == 0 ? "under 1 %" : fmt::format("{} %", percent);
}

std::string bytes_text(std::int64_t bytes) {
  return human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)));
}

std::string minute_text(std::int64_t unix_seconds) {
  return utc_time(within_calendar(unix_seconds)).substr(0, 16) + " UTC";
}

std::string date_text(std::int64_t unix_seconds) {
  return utc_date(within_calendar(unix_seconds));
}

std::string days_from(std::int64_t now, std::int64_t then) {
  constexpr std::int64_t kDay = 86400;
  const std::int64_t days = within_calendar(then) / kDay - within_calendar(now) / kDay;
  if (days == 0)
    return "today";
  if (days == 1)
    return "tomorrow";
  if (days > 1)
    return fmt::format("in {} days", grouped(days));
  return days == -1 ? "yesterday" : fmt::format("{} days ago", grouped(-days));
}

std::string duration_text(std::int64_t started, std::optional<std::int64_t> finished) {
  if (!finished)
    return "-";
  const std::int64_t seconds = within_calendar(*finished) - within_calendar(started);
  return human_duration(std::chrono::seconds(std::max<std::int64_t>(seconds, 0)));
}

}  // namespace backglance
