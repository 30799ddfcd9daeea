// SPDX-License-Identifier: Apache-2.0
#include "base/bounded.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/text.h"
#include "base/utf8.h"

namespace backglance {

std::string bounded(std::string_view text, std::size_t max_bytes) {
  constexpr std::size_t kNote = 40;  // bytes that "... (1,204 more bytes)" may take
  std::string out;
  std::size_t cut = 0;             // where `out` ends if the rest does not fit
  std::size_t left = text.size();  // bytes of `text` from there on
  while (!text.empty()) {
    const std::size_t bytes = first_code_point(text).bytes;
    out += printable(text.substr(0, bytes));
    if (out.size() > max_bytes) {
      out.resize(cut);
      return fmt::format("{}... ({})", out, counted(static_cast<std::int64_t>(left), "more byte"));
    }
    text.remove_prefix(bytes);
    if (out.size() + kNote <= max_bytes) {
      cut = out.size();
      left = text.size();
    }
  }
  return out;
}

}  // namespace backglance
