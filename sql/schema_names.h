// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace backglance {

// PostgreSQL: the session setting that keeps the name of the schema of Glance's tables, not quoted;
// of the first schema of the search path if there is no table images. Statements on the catalogue
// read it ({schema_of_tables} in fragments.sql).
inline constexpr std::string_view kSchemaSetting = "backglance.schema";

// `sql` with `schema` (quoted) before the names that it uses or makes without one: Glance's tables
// and ours, and each table, view, function and dropped index that a schema statement names. The
// search path of our sessions has no schema that somebody else may write to, so these names would
// not be found. Texts, comments and bodies of functions stay as they are. Returns `sql` if `schema`
// is empty.
std::string in_schema(std::string_view sql, std::string_view schema);

}  // namespace backglance
