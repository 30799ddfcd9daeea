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
  return !beyond_device(one).empty() && beyond_device(one) == beyond_device(other);
}

bool agrees_with_older(const std::string& identity, const std::string& older) {
  const std::string_view known = beyond_device(older);
  const std::string_view whole = beyond_device(identity);
  return !known.empty() && whole.starts_with(known) && whole.substr(known.size()).starts_with(':');
}

}  // namespace backglance
