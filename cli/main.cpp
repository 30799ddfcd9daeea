#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/stop.h"
#include "cli/command.h"
#include "version.h"

namespace {

using backglance::CommonOptions;
using backglance::Error;
using backglance::ExitCode;

constexpr const char* kFooter =
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 expand due; 4 migrate or backfill due; 5 "
    "contract due;\n"
    "10 done with findings (see report); 11 another run is at work; 12 a commit's outcome is "
    "unknown;\n"
    "130 interrupted.";

void add_common(CLI::App& app, CommonOptions& common, bool changes) {
  app.add_option("--config-file", common.source.config_files,
                 "Configuration file of Glance; may be repeated, later files win")
      ->type_name("FILE")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--config-dir", common.source.config_dirs,
                 "Directory of *.conf files; may be repeated")
      ->type_name("DIR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--database", common.source.database_url,
                 "Database URL as SQLAlchemy writes it; wins over the configuration")
      ->type_name("URL");
  app.add_option("--store-dir", common.source.store_dirs,
                 "Directory of the file store; may be repeated; wins over the configuration")
      ->type_name("DIR")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_flag("--json", common.json, "Print one JSON object (docs/json.md)");
  if (changes)
    app.add_flag("--dry-run", common.dry_run, "Say what would be done; change nothing");
}

// One line for a person; the object for a program.
ExitCode report_error(const Error& error, bool json) {
  const std::string next = error.next().empty() ? "" : fmt::format(" -- next: {}", error.next());
  fmt::print(stderr, "backglance: {}{}\n", error.what(), next);
  const ExitCode code = exit_code_of(error.kind());
  if (json)
    backglance::print_json({{"error",
                             {{"text", error.what()},
                              {"next", error.next()},
                              {"exit_code", static_cast<int>(code)}}}});
  return code;
}

int run(int argc, char** argv) {
  CLI::App app("Brings an OpenStack Glance site up to date while it serves.", "backglance");
  app.set_version_flag("--version", "backglance " + std::string(backglance::kVersion));
  app.require_subcommand(1);
  app.footer(kFooter);
  CommonOptions common;
  backglance::Runner runner;
  for (const backglance::Command& command : backglance::commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.help));
    sub->footer(kFooter);
    add_common(*sub, common, command.changes);
    sub->callback([&runner, run_command = command.add(*sub)] { runner = run_command; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success))
      return app.exit(error);
    fmt::print(stderr, "backglance: {} -- next: backglance --help\n", error.what());
    return static_cast<int>(ExitCode::usage);
  }
  try {
    return static_cast<int>(runner(common));
  } catch (const Error& error) {
    return static_cast<int>(report_error(error, common.json));
  }
}

}  // namespace

int main(int argc, char** argv) {
  backglance::install_stop_handlers();
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    // A defect of ours, or no memory: still one line and no trace.
    fmt::print(stderr, "backglance: internal error: {}\n", error.what());
    return static_cast<int>(ExitCode::failed);
  }
}
