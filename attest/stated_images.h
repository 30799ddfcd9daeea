// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace backglance {

// A set of image ids. It stores 16 bytes per id (of its SHA-256), so ids may have any form. Needs
// up to three times as much memory while it grows.
class StatedImages {
 public:
  void add(std::string_view image_id);
  // Call once, after the last add() and before the first contains().
  void sort();
  bool contains(std::string_view image_id) const;

 private:
  using Name = std::array<unsigned char, 16>;
  static Name name_of(std::string_view image_id);

  std::vector<Name> names_;
};

}  // namespace backglance
