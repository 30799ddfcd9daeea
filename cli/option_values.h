// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace backglance {

// Values of options that several commands read alike.

// Throws Error{usage}, which names the option, for a text that is no duration.
std::chrono::seconds duration_option(const std::string& name, const std::string& text);

}  // namespace backglance
