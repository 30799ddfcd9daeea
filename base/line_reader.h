// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace backglance {

// Reads a text file line by line, whatever is in it: of a line that is longer than it may be
// nothing is kept.
class LineReader {
 public:
  // Throws Error{usage} if there is no such file to read.
  LineReader(const std::filesystem::path& file, std::size_t longest);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  enum class Found { line, too_long, end };
  // The next line without its end; the last one may lack that. Throws Error{io}.
  Found next(std::string& line);
  // Of the line that was found last, from 1.
  std::int64_t number() const { return number_; }

 private:
  bool fill();

  std::filesystem::path file_;
  std::size_t longest_;
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t filled_ = 0;
  std::int64_t number_ = 0;
  int descriptor_ = -1;
};

}  // namespace backglance
