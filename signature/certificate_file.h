// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>

namespace backglance {

struct NoCertificate {
  std::string reason;    // for a person
  bool passing = false;  // true: a later try may find it
};

// The content of a file, cut a little above the size that Certificate::parse accepts. Nothing if
// the file does not exist.
std::optional<std::variant<std::string, NoCertificate>> read_certificate_file(
    const std::filesystem::path& file);

}  // namespace backglance
