// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace backglance {

struct NoCertificate {
  std::string reason;    // for a person
  bool passing = false;  // it may be there when it is asked for again
};

// What a file holds, of at most a little more than Certificate::parse takes. Nothing if there is no
// such file.
std::optional<std::variant<std::string, NoCertificate>> read_certificate_file(
    const std::filesystem::path& file);

}  // namespace backglance
