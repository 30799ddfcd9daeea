// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glance/site.h"

namespace backglance {

// Protects the site from a typing error: throws Error{usage} if `file`, which `option` names and
// which is about to be written, is Glance's database or configuration, or lies in a store
// directory.
void require_no_data(const Site& site, const std::string& option, const std::string& file);

}  // namespace backglance
