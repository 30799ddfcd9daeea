// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

namespace backglance {

// Values of options that several commands share.

// Throws Error{usage} with the name of the option if the text is not a duration.
std::chrono::seconds duration_option(const std::string& name, const std::string& text);

}  // namespace backglance
