// SPDX-License-Identifier: Apache-2.0
// status and check: the commands that only look.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/json.h"
#include "cli/site_status.h"

namespace backglance {
namespace {

std::string check_text(const Due& due, GuardState guard) {
  // The guard is optional: only what is there is worth a word.
  const bool is_there = guard != GuardState::missing && guard != GuardState::hidden;
  return fmt::format("{}{}{}\n", due.why, is_there ? fmt::format("; {}", guard_text(guard)) : "",
                     due.next.empty() ? "" : " -- next: " + due.next);
}

nlohmann::json check_json(const Due& due, GuardState guard) {
  nlohmann::json object = due_json(due);
  object["guard"] = guard_name(guard);
  return object;
}

}  // namespace

Runner add_status(Arguments&) {
  return [](const CommonOptions& common) {
    const Site site = read_site(common.source);
    Session session(site.database, {.mode = OpenMode::read_only});
    const SiteStatus status = collect_status(session, site);
    if (common.json)
      print_json(status_json(status));
    else
      fmt::print("{}", status_text(status));
    return ExitCode::done;
  };
}

Runner add_check(Arguments&) {
  return [](const CommonOptions& common) {
    const Site site = read_site(common.source);
    Session session(site.database, {.mode = OpenMode::read_only});
    const SchemaState state = read_schema_state(session);
    const Due due = assess(session, state);
    const GuardState guard = find_guard(state, session.engine()).state;
    if (common.json)
      print_json(check_json(due, guard));
    else
      fmt::print("{}", check_text(due, guard));
    return due.code;
  };
}

}  // namespace backglance
