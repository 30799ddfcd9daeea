// SPDX-License-Identifier: Apache-2.0
#include "cli/attestations.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string_view>

#include "attest/envelope.h"
#include "attest/statement.h"
#include "base/error.h"
#include "base/process.h"
#include "base/text.h"
#include "cli/option_values.h"
#include "digest/algorithm.h"

namespace backglance {
void require_statements(const std::string& file) {
  // An envelope begins like this, ours and most others.
  constexpr std::string_view kBegin = R"({"payload")";
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error))
    return;
  std::ifstream stream(file, std::ios::binary);
  std::string begin(kBegin.size(), '\0');
  stream.read(begin.data(), static_cast<std::streamsize>(begin.size()));
  begin.resize(static_cast<std::size_t>(stream.gcount()));
  if (!kBegin.starts_with(begin))
    throw Error(ErrorKind::usage,
                fmt::format("--attest-to {}: it contains something other than statements",
                            printable(file)));
}

Attestations::Attestations(const std::string& key_file, const std::string& file)
    : key_(key_option("--attest", key_file, SiteKey::Part::secret)),
      host_(host_name()),
      file_(file) {
  require_statements(file);
  descriptor_ = open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (descriptor_ < 0)
    throw io_error("--attest-to " + printable(file), errno);
  // A full disk or a power loss may have cut off the last line. The next statement must not become
  // a part of it.
  char last = '\n';
  const off_t length = lseek(descriptor_, 0, SEEK_END);
  if (length > 0 && pread(descriptor_, &last, 1, length - 1) == 1 && last != '\n' &&
      write(descriptor_, "\n", 1) != 1)
    throw io_error("--attest-to " + printable(file), errno);
}

Attestations::~Attestations() {
  close(descriptor_);
}

void Attestations::sync() {
  // A pipe, for example, has no disk to write to.
  if (fdatasync(descriptor_) != 0 && errno != EINVAL && errno != ENOTSUP)
    throw io_error(printable(file_), errno);
}

void Attestations::add(const std::string& image_id, const ReadOutcome& outcome) {
  if (!agrees(outcome.result))
    return;
  // If the image has no hash, verify has compared at most the MD5, which is not worth a signature.
  if (outcome.result == ImageResult::verified && outcome.algorithm == md5_algorithm().name)
    return;
  const StoredImage image{.id = image_id,
                          .size = outcome.bytes,
                          .md5 = outcome.md5,
                          .algorithm = outcome.algorithm,
                          .digest = outcome.digest,
                          .read_at = iso_time(std::time(nullptr)),
                          .host = host_};
  const std::string line = seal(key_, kStatementPayloadType, statement_of(image)) + '\n';
  // One write: another process that appends to the file must not get between the parts of a line.
  const auto written = write(descriptor_, line.data(), line.size());
  if (written != static_cast<ssize_t>(line.size()))
    throw io_error(
        fmt::format("{}: the statement about image {}", printable(file_), printable(image_id)),
        written < 0 ? errno : ENOSPC);
}

}  // namespace backglance
