// SPDX-License-Identifier: Apache-2.0
// status and check: commands that change nothing.
#include "cli/command.h"
#include "cli/site_status.h"

namespace backglance {

Runner add_status(Arguments&) {
  return [](const CommonOptions& common) {
    const Site site = read_site(common.source);
    Session session(site.database, {.mode = OpenMode::read_only});
    print_status(collect_status(session, site), common.json);
    return ExitCode::done;
  };
}

Runner add_check(Arguments&) {
  return [](const CommonOptions& common) {
    const Site site = read_site(common.source);
    Session session(site.database, {.mode = OpenMode::read_only});
    const SchemaState state = read_schema_state(session);
    const CheckAnswer answer{assess(session, state), find_guard(state, session.engine()).state};
    print_check(answer, common.json);
    return answer.due.code;
  };
}

}  // namespace backglance
