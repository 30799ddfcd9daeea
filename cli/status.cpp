// SPDX-License-Identifier: Apache-2.0
// status and check: commands that change nothing.
#include <fmt/format.h>

#include "cli/command.h"
#include "cli/console.h"
#include "cli/readiness.h"
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
    const Readiness readiness = readiness_of(site);
    Session session(site.database, {.mode = OpenMode::read_only});
    const SchemaState state = read_schema_state(session);
    CheckAnswer answer{with_stores(assess(session, state), site),
                       find_guard(state, session.engine()).state};
    if (!readiness.refusal.empty())
      answer.due.why += "; " + readiness.refusal;
    for (const std::string& warning : readiness.warnings)
      print_err("warning: {}\n", warning);
    print_check(answer, common.json);
    return answer.due.code;
  };
}

}  // namespace backglance
