// SPDX-License-Identifier: Apache-2.0
#include "store/source.h"

#include <algorithm>
#include <string_view>

namespace backglance {
namespace {

std::string_view beyond_device(std::string_view identity) {
  return identity.substr(std::min(identity.find(':'), identity.size()));
}

}  // namespace

bool is_same_object(const std::string& one, const std::string& other) {
  return beyond_device(one) == beyond_device(other);
}

}  // namespace backglance
