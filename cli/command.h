// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"
#include "cli/exit_code.h"
#include "glance/site.h"

namespace backglance {

// The options that every command has.
struct CommonOptions {
  SiteSource source;
  bool json = false;
  bool dry_run = false;
  bool quiet = false;        // print errors and warnings only
  bool findings_ok = false;  // findings are exit code 0
};

using Runner = std::function<ExitCode(const CommonOptions&)>;

// A command: its name and help, whether it changes something (only then it has --dry-run), and a
// function that adds its own options to the parser and returns the function to run after parsing.
struct Command {
  std::string_view name;
  std::string_view help;
  bool changes;
  Runner (*add)(Arguments& app);
  bool may_find = false;      // it may end with ExitCode::findings
  bool is_about_site = true;  // else it has none of the common options, and none of the site's
};

// The one table of commands, in the order in which an upgrade uses them.
const std::vector<Command>& commands();

// Each adds the options of one command and returns its function. The function throws Error; main
// prints it and chooses the exit code.
Runner add_status(Arguments& app);
Runner add_plan(Arguments& app);
Runner add_expand(Arguments& app);
Runner add_migrate(Arguments& app);
Runner add_backfill(Arguments& app);
Runner add_verify(Arguments& app);
Runner add_report(Arguments& app);
Runner add_contract(Arguments& app);
Runner add_sync(Arguments& app);
Runner add_pause(Arguments& app);
Runner add_resume(Arguments& app);
Runner add_stop(Arguments& app);
Runner add_attest(Arguments& app);
Runner add_check(Arguments& app);
Runner add_list(Arguments& app);
Runner add_help(Arguments& app);

// Prints one JSON object on standard output. Bytes that are not UTF-8 are replaced.
void print_json(const nlohmann::json& object);

}  // namespace backglance
