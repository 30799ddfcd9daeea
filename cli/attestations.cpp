// SPDX-License-Identifier: Apache-2.0
#include "cli/attestations.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string_view>

#include "attest/envelope.h"
#include "attest/statement.h"
#include "base/error.h"
#include "base/output_place.h"
#include "base/process.h"
#include "base/text.h"
#include "base/write_file.h"
#include "cli/option_values.h"
#include "digest/algorithm.h"

namespace backglance {
namespace {

OutputPlace place_of(const std::string& file) {
  return {file, "--attest-to " + printable(file), LastLink::follow};
}

// An envelope begins like this, ours and most others. The first may have been cut off.
bool are_statements(std::string_view head) {
  constexpr std::string_view kBegin = R"({"payload")";
  return kBegin.starts_with(head.substr(0, kBegin.size()));
}

}  // namespace

void require_statements(const std::string& file) {
  const OutputPlace place = place_of(file);
  const auto there = place.status();
  if (there && S_ISREG(there->st_mode) && !place.is_descriptor())
    require_kind(place, {"file of statements", are_statements});
}

Attestations::Attestations(const std::string& key_file, const std::string& file)
    : key_(key_option("--attest", key_file, SiteKey::Part::secret)),
      host_(host_name()),
      file_(file) {
  require_statements(file);
  descriptor_ = open_to_append(place_of(file), 0644, O_RDWR);
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
