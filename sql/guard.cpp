// SPDX-License-Identifier: Apache-2.0
#include "sql/guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <sstream>

#include "base/text.h"

namespace backglance {
namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), std::istream_iterator<std::string>()};
}

const CatalogRoutine* find_routine(const SchemaState& state, const StepStatement& makes) {
  // On some engines the name of a trigger is taken in the whole database, so that one on another
  // table counts as well where there is none on ours.
  const CatalogRoutine* elsewhere = nullptr;
  for (const CatalogRoutine& routine : state.routines) {
    if (routine.kind != makes.kind || routine.name != makes.name)
      continue;
    if (routine.table == makes.table)
      return &routine;
    elsewhere = &routine;
  }
  return elsewhere;
}

// From the first word that differs on, and the word before it.
std::string differing_part(const std::vector<std::string>& words, std::size_t first) {
  constexpr std::size_t kShown = 70;
  const auto begin = std::min(first == 0 ? 0 : first - 1, words.size());
  std::string text;
  for (auto i = begin; i < words.size() && text.size() < kShown; ++i)
    text += (i == begin ? "" : " ") + words[i];
  return text.empty() ? "nothing" : printable(text, kShown);
}

}  // namespace

bool has_routine(const SchemaState& state, const StepStatement& makes) {
  return find_routine(state, makes) != nullptr;
}

std::string routine_difference(const SchemaState& state, const StepStatement& makes) {
  const CatalogRoutine* routine = find_routine(state, makes);
  if (routine == nullptr)
    return {};
  const auto there = words_of(routine->definition);
  const auto ours = words_of(makes.sql);
  // Backglance 0.1 made the function without this setting. It does the same.
  std::string without_path = makes.sql;
  replace_all(without_path, "SET search_path=pg_catalog, pg_temp ", "");
  if (there == ours || there == words_of(without_path))
    return {};
  const auto [at, unused] = std::mismatch(there.begin(), there.end(), ours.begin(), ours.end());
  const auto first = static_cast<std::size_t>(at - there.begin());
  return fmt::format("{} {} has: {}; backglance's has: {}", makes.kind, makes.name,
                     differing_part(there, first), differing_part(ours, first));
}

Guard find_guard(const SchemaState& state, const EngineFacts& engine) {
  // Some are shown even then, but not what they do.
  if (!state.shows_routines)
    return {GuardState::hidden, {}};
  Guard guard{GuardState::there, {}};
  for (const StepStatement& makes : step_statements(engine, kGuardStep, "expand")) {
    const std::string difference = routine_difference(state, makes);
    if (!difference.empty())
      return {GuardState::foreign, difference};
    if (!has_routine(state, makes))
      guard.state = GuardState::missing;
  }
  return guard;
}

std::string_view guard_name(GuardState state) {
  switch (state) {
    case GuardState::missing:
      return "missing";
    case GuardState::there:
      return "there";
    case GuardState::hidden:
      return "hidden";
    case GuardState::foreign:
      break;
  }
  return "foreign";
}

std::string_view guard_text(GuardState state) {
  switch (state) {
    case GuardState::missing:
      return "no guard";
    case GuardState::there:
      return "guard installed";
    case GuardState::hidden:
      return "guard not visible without the privilege TRIGGER";
    case GuardState::foreign:
      break;
  }
  return "a guard that is not backglance's";
}

std::vector<StepStatement> guard_removal(const SchemaState& state, const EngineFacts& engine) {
  const Guard guard = find_guard(state, engine);
  if (guard.state == GuardState::foreign)
    throw Error(ErrorKind::schema_state, guard.difference + "; nothing was changed");
  if (guard.state == GuardState::hidden)
    throw Error(ErrorKind::connect,
                "this account cannot see whether there is a guard to remove: it lacks the "
                "privilege TRIGGER; nothing was changed",
                "run the same command with an account that has it");
  std::vector<StepStatement> removal;
  for (StepStatement& statement : step_statements(engine, kGuardStep, "uninstall"))
    if (has_routine(state, statement))
      removal.push_back(std::move(statement));
  return removal;
}

}  // namespace backglance
