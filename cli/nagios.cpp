// SPDX-License-Identifier: Apache-2.0
#include "cli/nagios.h"

#include <fmt/format.h>

#include "base/text.h"
#include "cli/console.h"

namespace backglance {

std::string nagios_text(const std::string& text) {
  std::string line = printable(text, 1000);
  replace_all(line, "|", "/");
  return line;
}

ExitCode print_nagios(const CheckAnswer& answer) {
  const bool is_critical = answer.due.findings > 0 || !answer.is_covered;
  const bool is_due = answer.due.code != ExitCode::done && answer.due.code != ExitCode::findings;
  const char* const state = is_critical ? "CRITICAL" : is_due ? "WARNING" : "OK";
  std::string line = fmt::format("BACKGLANCE {} - {}", state, nagios_text(answer.due.why));
  if (!answer.due.next.empty())
    line += "; next: " + nagios_text(answer.due.next);
  line += fmt::format(" | findings={};;0;0", answer.due.findings);
  if (answer.coverage)
    line += fmt::format(" without_hash={};;;0 coverage={:.1f}%;;;0;100",
                        answer.coverage->images - answer.coverage->with_hash,
                        answer.coverage->percent());
  write_out(line + "\n");
  return static_cast<ExitCode>(is_critical ? 2 : is_due ? 1 : 0);
}

}  // namespace backglance
