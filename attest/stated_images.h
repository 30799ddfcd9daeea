// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <vector>

namespace backglance {

// A set of images by their ids: 16 bytes each, of SHA-256, whatever an id looks like; up to three
// times that while it grows.
class StatedImages {
 public:
  void add(std::string_view image_id);
  // After the last add(), once, before the first look.
  void sort();
  bool contains(std::string_view image_id) const;

 private:
  using Name = std::array<unsigned char, 16>;
  static Name name_of(std::string_view image_id);

  std::vector<Name> names_;
};

}  // namespace backglance
