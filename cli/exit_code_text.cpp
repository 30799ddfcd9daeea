// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code_text.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>

namespace backglance {

std::vector<ExitCodeText> exit_codes(const Command* command) {
  const std::string_view name = command == nullptr ? std::string_view() : command->name;
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return command == nullptr || std::find(names.begin(), names.end(), name) != names.end();
  };
  const bool changes = command == nullptr || command->changes;
  const bool is_order = command != nullptr && is_one_of({"pause", "resume", "stop"});
  std::vector<ExitCodeText> codes = {
      {ExitCode::done, "done"}, {ExitCode::failed, "failed"}, {ExitCode::usage, "wrong usage"}};
  if (is_one_of({"check"})) {
    codes.push_back({ExitCode::expand_due, "expand is due"});
    codes.push_back({ExitCode::migrate_due, "migrate or backfill is due"});
    codes.push_back({ExitCode::contract_due, "contract is due"});
  }
  if (command == nullptr || command->may_find)
    codes.push_back({ExitCode::findings, "done, with findings: a person should look"});
  if (changes && !is_order)
    codes.push_back({ExitCode::locked, "another run is at work"});
  if (changes)
    codes.push_back({ExitCode::in_doubt, "unknown whether a commit succeeded"});
  codes.push_back(
      {ExitCode::interrupted,
       std::string("interrupted") + (changes && !is_order ? ", or ended by backglance stop" : "")});
  return codes;
}

}  // namespace backglance
