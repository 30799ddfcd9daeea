// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/schema_state.h"
#include "sql/text.h"

namespace backglance {

// The guard: an optional trigger that keeps a published hash when Glance saves an old row.
// (ImageRepo.save in Glance writes every column, also os_hash_algo and os_hash_value, with the
// values that it read earlier.) Whether the guard is there is decided from the catalogue alone.

constexpr std::string_view kGuardStep = "0004_guard";

// How the trigger or function in the database differs from the one that `makes` would create: one
// sentence. Empty if it is the same or does not exist.
std::string routine_difference(const SchemaState& state, const StepStatement& makes);
bool has_routine(const SchemaState& state, const StepStatement& makes);

// there: complete, and word for word ours. foreign: another trigger or function has its name.
// hidden: this account cannot see whether it is there.
enum class GuardState { missing, there, foreign, hidden };
struct Guard {
  GuardState state = GuardState::missing;
  std::string difference;  // for `foreign`
};
Guard find_guard(const SchemaState& state, const EngineFacts& engine);
std::string_view guard_name(GuardState state);  // "missing", "hidden"
std::string_view guard_text(GuardState state);  // for people: "no guard"

// The statements that remove the guard, or the part of it that is there, in order. Throws
// Error{schema_state} if a trigger with its name is not ours, Error{connect} if this account could
// not see one.
std::vector<StepStatement> guard_removal(const SchemaState& state, const EngineFacts& engine);

}  // namespace backglance
