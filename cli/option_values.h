// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "attest/key.h"
#include "glance/database_url.h"

namespace backglance {

// Values of options that several commands share. The functions throw Error{usage} with the name of
// the option, its value and what is allowed.

// A time from `least` on. The second form is for a value that contains a time: `given` is the
// option with its whole value, as it was typed.
std::chrono::seconds duration_option(const std::string& name, const std::string& text,
                                     std::chrono::seconds least = std::chrono::seconds(0));
std::chrono::seconds duration_in(const std::string& given, const std::string& text,
                                 std::chrono::seconds least = std::chrono::seconds(0));

// A size of one byte or more.
std::int64_t size_option(const std::string& name, const std::string& text);

// Bytes per second, one or more: a size, with or without "/s" behind it.
std::int64_t rate_option(const std::string& name, const std::string& text);

// A URL of a database, in SQLAlchemy's form, and connectable() (glance/connection_url.h).
DatabaseUrl database_option(const std::string& name, const std::string& url);

// The key in the file that the option names.
SiteKey key_option(const std::string& name, const std::string& file, SiteKey::Part part);

}  // namespace backglance
