// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "glance/site.h"

namespace backglance {

// A slip of the finger must not cost a site: throws Error{usage} if what `option` names, which is
// about to be written, is Glance's database or configuration, or lies in a store directory.
void require_no_data(const Site& site, const std::string& option, const std::string& file);

}  // namespace backglance
