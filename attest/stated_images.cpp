// SPDX-License-Identifier: Apache-2.0
#include "attest/stated_images.h"

#include <openssl/evp.h>

#include <algorithm>

namespace backglance {

void StatedImages::add(std::string_view image_id) {
  names_.push_back(name_of(image_id));
}

void StatedImages::sort() {
  std::sort(names_.begin(), names_.end());
}

bool StatedImages::contains(std::string_view image_id) const {
  return std::binary_search(names_.begin(), names_.end(), name_of(image_id));
}

// Ids in a file of statements may have any length; their names all have the same, so that the
// memory depends on their number alone.
StatedImages::Name StatedImages::name_of(std::string_view image_id) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  EVP_Digest(image_id.data(), image_id.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  Name name = {};
  std::copy_n(digest.begin(), name.size(), name.begin());
  return name;
}

}  // namespace backglance
