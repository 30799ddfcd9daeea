// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace backglance {

// Images with these statuses have complete data that does not change, so they are hashed
// (glance/db/sqlalchemy/api.py STATUSES).
inline constexpr std::array<std::string_view, 2> kHashableStatuses = {"active", "deactivated"};

// A live property with one of these names means that Glance is working on the image. The last one
// counts only if its value is not empty.
inline constexpr std::string_view kImportTaskProperty = "os_glance_import_task";
inline constexpr std::string_view kHashHostProperty = "os_glance_hash_op_host";
inline constexpr std::string_view kImportingStoresProperty = "os_glance_importing_to_stores";

}  // namespace backglance
