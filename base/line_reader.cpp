// SPDX-License-Identifier: Apache-2.0
#include "base/line_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/error.h"
#include "base/input_file.h"
#include "base/text.h"

namespace backglance {

LineReader::LineReader(const std::filesystem::path& file, std::size_t longest)
    : file_(file),
      longest_(longest),
      buffer_(std::size_t{1} << 16),
      descriptor_(open_input(file)) {}

LineReader::~LineReader() {
  if (descriptor_ >= 0)
    close(descriptor_);
}

LineReader::Found LineReader::next(std::string& line) {
  line.clear();
  bool any = false;
  bool ended = false;
  bool too_long = false;
  while (at_ < filled_ || fill()) {
    any = true;
    const auto begin = buffer_.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto end = buffer_.begin() + static_cast<std::ptrdiff_t>(filled_);
    const auto newline = std::find(begin, end, '\n');
    const auto length = static_cast<std::size_t>(newline - begin);
    // Read to its end all the same, so that the next line begins where it should, but not kept.
    too_long = too_long || line.size() + length > longest_;
    if (!too_long)
      line.append(begin, newline);
    at_ += length;
    if (newline != end) {
      ++at_;
      ended = true;
      break;
    }
  }
  if (!any)
    return Found::end;
  ++number_;
  is_cut_ = !ended;
  if (too_long)
    line.clear();
  return too_long ? Found::too_long : Found::line;
}

bool LineReader::fill() {
  const ssize_t got = read_some(descriptor_, buffer_, file_);
  if (got < 0)
    throw io_error(printable(file_.native()) + " cannot be read to its end", errno);
  at_ = 0;
  filled_ = static_cast<std::size_t>(got);
  return got > 0;
}

}  // namespace backglance
