// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace backglance {

// A text file as it was when the program was built, by its path in the source tree. The build
// writes the lists of them (cmake/embed_text.cmake).
struct EmbeddedFile {
  std::string_view name;
  std::string_view text;
};

}  // namespace backglance
