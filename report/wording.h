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

// One or two sentences: what a scheme means for an image that has it.
std::string_view signature_scheme_meaning(SignatureScheme scheme);

// The same for an img_signature that does not verify.
extern const std::string_view kSignatureFindingsMeaning;

// "85 %". Rounded down, so that only the whole is "100 %"; "under 1 %" if there is a small part; "0
// %" of nothing.
std::string percent_text(std::int64_t part, std::int64_t total);

// human_bytes() of a size from the database; a negative size counts as 0.
std::string bytes_text(std::int64_t bytes);

// "2026-03-04 05:06 UTC" and "2026-03-04". A time before 1970 or after the year 9999 becomes the
// nearest time inside, as in iso_time() of base/text.h.
std::string minute_text(std::int64_t unix_seconds);
std::string date_text(std::int64_t unix_seconds);

// The distance from `now` to `then` in days of the calendar, UTC: "today", "tomorrow", "in 12
// days", "12 days ago".
std::string days_from(std::int64_t now, std::int64_t then);

// How long something took; "-" if it has not finished.
std::string duration_text(std::int64_t started, std::optional<std::int64_t> finished);

}  // namespace backglance
