// SPDX-License-Identifier: Apache-2.0
#include "store/store_settings.h"

#include "store/net/address_policy.h"

namespace backglance {

void require_http_rules(const std::vector<std::string>& rules) {
  static_cast<void>(AddressPolicy(rules));
}

}  // namespace backglance
