// SPDX-License-Identifier: Apache-2.0
#include "signature/certificate_file.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "base/text.h"

namespace backglance {
namespace {

// More than any certificate; a file that is larger is not read further.
constexpr std::size_t kLargest = (1 << 20) + 1;

}  // namespace

std::optional<std::variant<std::string, NoCertificate>> read_certificate_file(
    const std::filesystem::path& file) {
  const std::string name = printable(file.filename().native());
  std::error_code error;
  // Looked at before it is opened: to open a FIFO would wait for ever.
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found)
    return std::nullopt;
  if (status.type() != std::filesystem::file_type::regular)
    return NoCertificate{fmt::format("{} is not a file", name)};
  std::string bytes(kLargest, '\0');
  std::ifstream stream(file, std::ios::binary);
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (stream.bad() || (stream.fail() && !stream.eof()))
    return NoCertificate{fmt::format("{} cannot be read", name)};
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  return bytes;
}

}  // namespace backglance
