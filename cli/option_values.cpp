// SPDX-License-Identifier: Apache-2.0
#include "cli/option_values.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace backglance {

std::chrono::seconds duration_option(const std::string& name, const std::string& text) {
  const auto duration = parse_duration(text);
  if (!duration)
    throw Error(ErrorKind::usage, fmt::format("{} {}: not a duration such as 90s, 8h or 180d", name,
                                              printable(text)));
  return *duration;
}

}  // namespace backglance
