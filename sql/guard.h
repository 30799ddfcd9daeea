// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/schema_state.h"
#include "sql/text.h"

namespace backglance {

// The trigger that keeps a published hash when Glance saves a row as it was before (glance's
// ImageRepo.save writes every column, os_hash_algo and os_hash_value among them, from what it read
// earlier). Optional; there or not is asked of the catalogue alone.

constexpr std::string_view kGuardStep = "0004_guard";

// What tells the trigger or function of the database from the one that `makes` would make: one
// sentence; empty if it is the same or not there.
std::string routine_difference(const SchemaState& state, const StepStatement& makes);
bool has_routine(const SchemaState& state, const StepStatement& makes);

// hidden: missing, or there and not shown to this account.
enum class GuardState { missing, there, foreign, hidden };
struct Guard {
  GuardState state = GuardState::missing;  // there: all of it, and word for word ours
  std::string difference;                  // of foreign
};
Guard find_guard(const SchemaState& state, const EngineFacts& engine);
std::string_view guard_name(GuardState state);  // "missing", "hidden"
std::string_view guard_text(GuardState state);  // for people: "no guard"

// The statements that remove what is there of the guard, in their order. Throws Error{schema_state}
// if a trigger with its name is somebody else's, Error{connect} if one would be hidden.
std::vector<StepStatement> guard_removal(const SchemaState& state, const EngineFacts& engine);

}  // namespace backglance
