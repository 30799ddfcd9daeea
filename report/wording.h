// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/image_result.h"
#include "base/text.h"
#include "glance/signature_properties.h"

namespace backglance {

// What a scheme means for the image: a sentence or two.
std::string_view signature_scheme_meaning(SignatureScheme scheme);

// What it means if an img_signature does not verify, and what to do.
extern const std::string_view kSignatureFindingsMeaning;

// "85 %". Rounded down, so that only the whole is "100 %". A part that is less than one percent is
// "under 1 %"; no part is "0 %".
std::string percent_text(std::int64_t part, std::int64_t total);

// human_bytes() of a size from the database; a negative size counts as 0.
std::string bytes_text(std::int64_t bytes);

// "2026-03-04 05:06 UTC", "2026-03-04"; times before 1970 or past the year 9999 become the nearest
// one within, as with iso_time() of base/text.h.
std::string minute_text(std::int64_t unix_seconds);
std::string date_text(std::int64_t unix_seconds);

// `then` seen from `now`, in days of the calendar: "today", "tomorrow", "in 12 days", "12 days
// ago".
std::string days_from(std::int64_t now, std::int64_t then);

// How long something took, "-" if it has not finished.
std::string duration_text(std::int64_t started, std::optional<std::int64_t> finished);

}  // namespace backglance
