// SPDX-License-Identifier: Apache-2.0
#include "report/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/text.h"

namespace backglance {
std::string_view signature_scheme_meaning(SignatureScheme scheme) {
  // Each by name and no default: the compiler asks about a new scheme.
  switch (scheme) {
    case SignatureScheme::none:
      return "The image no longer has signature properties.";
    case SignatureScheme::unrelated:
      return "Only a property named \"signature\". It may be ordinary metadata, so backglance does "
             "not "
             "change it.";
    case SignatureScheme::legacy_complete:
      return "A signature over the MD5, as Liberty made it. No Glance since Newton verifies it.";
    case SignatureScheme::legacy_partial:
      return "Part of a signature over the MD5. It looks like protection, but no Glance ever "
             "verified it.";
    case SignatureScheme::new_complete:
      return "A signature over the data. Glance, Nova and Cinder use this scheme today.";
    case SignatureScheme::new_partial:
      return "Part of a signature over the data. If Nova verifies signatures, it refuses to boot "
             "the "
             "image.";
    case SignatureScheme::both:
      return "Signatures over the MD5 and over the data. backglance contract removes only the one "
             "over "
             "the MD5.";
  }
  return {};
}

const std::string_view kSignatureFindingsMeaning =
    "If Nova verifies signatures, it refuses to boot such an image. If Nova also validates "
    "certificates, it refuses an image whose certificate is not trusted. The owner must compare "
    "the "
    "image with its source, then sign it again or replace it.";

std::string percent_text(std::int64_t part, std::int64_t total) {
  if (part <= 0 || total <= 0)
    return "0 %";
  // Rounded down, and 100 % only for the whole: "100 %" must not hide an image.
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
  // Between days of the calendar in UTC, not in steps of 24 hours.
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
  // A host whose clock was set back may end before it began.
  const std::int64_t seconds = within_calendar(*finished) - within_calendar(started);
  return human_duration(std::chrono::seconds(std::max<std::int64_t>(seconds, 0)));
}

}  // namespace backglance
