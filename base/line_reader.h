// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace backglance {

// Reads a text file line by line. The file may contain anything: a line that is too long is skipped
// and not kept in memory.
class LineReader {
 public:
  // `longest`: the longest line to accept, in bytes. Throws Error{usage} if the file cannot be
  // read.
  LineReader(const std::filesystem::path& file, std::size_t longest);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  enum class Found { line, too_long, end };
  // Gets the next line, without its line end. The last line of the file need not have one. Throws
  // Error{io}.
  Found next(std::string& line);
  // True if the file ended within the last line that next() found: it has no line end.
  bool is_cut() const { return is_cut_; }
  // Number of the last line that next() found, from 1.
  std::int64_t number() const { return number_; }

 private:
  bool fill();

  std::filesystem::path file_;
  std::size_t longest_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::int64_t number_ = 0;
  bool is_cut_ = false;
  int descriptor_ = -1;
};

}  // namespace backglance
