// SPDX-License-Identifier: Apache-2.0
#include "base/input_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/stop.h"
#include "base/text.h"

namespace backglance {
namespace {

Error refusal(const std::filesystem::path& file, int error_number) {
  return {ErrorKind::usage, io_error(printable(file.native()), error_number).what()};
}

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(number_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

void require_no_stop(const std::filesystem::path& file) {
  if (stop_requested())
    throw Error(ErrorKind::interrupted,
                fmt::format("interrupted while {} was read", printable(file.native())));
}

}  // namespace

ssize_t read_some(int descriptor, std::span<char> buffer, const std::filesystem::path& file) {
  constexpr int kLookMilliseconds = 200;
  for (;;) {
    // A pipe may have nothing for hours. A plain read would miss a signal that comes just before
    // it.
    pollfd input = {descriptor, POLLIN, 0};
    const int ready = poll(&input, 1, kLookMilliseconds);
    require_no_stop(file);
    if (ready == 0 || (ready < 0 && errno == EINTR))
      continue;
    const ssize_t got = read(descriptor, buffer.data(), buffer.size());
    if (got >= 0 || errno != EINTR)
      return got;
  }
}

int open_input(const std::filesystem::path& file) {
  int descriptor = -1;
  do {
    require_no_stop(file);
    // Of a pipe this waits until another program opens it to write.
    descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  } while (descriptor < 0 && errno == EINTR);
  if (descriptor < 0)
    throw refusal(file, errno);
  // A directory opens, and fails at the first read.
  struct stat status = {};
  if (fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode)) {
    close(descriptor);
    throw refusal(file, EISDIR);
  }
  return descriptor;
}

std::string read_input(const std::filesystem::path& file, std::size_t most) {
  constexpr std::size_t kChunk = std::size_t{1} << 16;
  const Descriptor input(open_input(file));
  std::string text;
  while (text.size() < most) {
    const std::size_t had = text.size();
    text.resize(had + std::min(kChunk, most - had));
    const ssize_t got = read_some(input.number(), {text.data() + had, text.size() - had}, file);
    text.resize(had + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got == 0)
      break;
    if (got < 0)
      throw io_error(printable(file.native()) + " cannot be read to its end", errno);
  }
  return text;
}

}  // namespace backglance
