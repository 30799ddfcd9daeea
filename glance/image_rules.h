// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>

namespace backglance {

// Statuses whose data is whole and stays: the ones to hash (glance/db/sqlalchemy/api.py STATUSES).
inline constexpr std::array<std::string_view, 2> kHashableStatuses = {"active", "deactivated"};

// Live properties that mark an image as being worked on by Glance itself. Of the last one only a
// value that is not empty counts.
inline constexpr std::string_view kImportTaskProperty = "os_glance_import_task";
inline constexpr std::string_view kHashHostProperty = "os_glance_hash_op_host";
inline constexpr std::string_view kImportingStoresProperty = "os_glance_importing_to_stores";

}  // namespace backglance
