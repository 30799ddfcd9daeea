// SPDX-License-Identifier: Apache-2.0
// status and check: commands that change nothing.
#include <fmt/format.h>

#include <ctime>
#include <memory>
#include <optional>

#include "base/error.h"
#include "base/stop.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/nagios.h"
#include "cli/output_file.h"
#include "cli/readiness.h"
#include "cli/shared_metrics.h"
#include "cli/site_metrics.h"
#include "cli/site_status.h"
#include "cli/watch.h"

namespace backglance {

namespace {

void require_usable_metrics(const std::string& file, const Site& site) {
  if (file == "-" || file.empty())
    throw Error(ErrorKind::usage, "--metrics: metrics are written to a file; name one");
  require_no_data(site, "--metrics", file);
  require_distinct({{"--metrics", file, true}});
  require_metrics_file(file);
}

struct StatusFlags {
  std::optional<std::string> metrics;
  bool watch = false;
};

ExitCode run_status(const CommonOptions& common, const StatusFlags& flags) {
  const std::optional<std::string>& metrics = flags.metrics;
  if (flags.watch && common.json)
    throw Error(ErrorKind::usage, "--watch cannot be used with --json");
  const Site site = read_site(common.source);
  if (flags.watch) {
    watch_fleet(site);
    // It ends with Ctrl-C, or because nobody reads any more, which main reports.
    return stop_requested() ? ExitCode::interrupted : ExitCode::done;
  }
  if (metrics)
    require_usable_metrics(*metrics, site);
  Session session(site.database, {.mode = OpenMode::read_only});
  const SiteStatus status = collect_status(session, site);
  if (metrics) {
    // Here the file is what was asked for: one that cannot be written is an error.
    write_shared_metrics(
        metrics_target(*metrics),
        site_metrics_text(
            status, status.ledger ? std::optional(collect_site_metrics(session)) : std::nullopt,
            std::time(nullptr)),
        {});
  }
  print_status(status, common.json);
  return ExitCode::done;
}

}  // namespace

Runner add_status(Arguments& app) {
  auto flags = std::make_shared<StatusFlags>();
  Option metrics =
      app.option("--metrics", flags->metrics,
                 "Also write the figures of the site to this file, for node_exporter's textfile "
                 "collector; runs of other commands may write to the same file")
          .type("FILE");
  app.flag("--watch", flags->watch,
           "Show the runs of all hosts, their rates and what they wait for, until Ctrl-C: on a "
           "terminal every 2 s, otherwise one line every 10 s; cannot be used with --json or "
           "--metrics")
      .only_typed()
      .excludes(metrics);
  return [flags](const CommonOptions& common) { return run_status(common, *flags); };
}

namespace {

struct CheckFlags {
  std::optional<std::int64_t> coverage_below;
  bool nagios = false;
};

// Findings only if nothing is due: a phase that is due comes first, with its own code.
void require_coverage(CheckAnswer& answer, std::int64_t least) {
  if (!answer.coverage || answer.coverage->is_at_least(least))
    return;
  answer.is_covered = false;
  answer.due.why += fmt::format("; {} of the live images have a hash, fewer than {} %",
                                answer.coverage->text(), least);
  if (answer.due.code == ExitCode::done) {
    answer.due.code = ExitCode::findings;
    answer.due.next = "backglance report";
  }
}

ExitCode run_check(const CommonOptions& common, const CheckFlags& flags) {
  if (flags.nagios && common.json)
    throw Error(ErrorKind::usage, "--nagios cannot be used with --json");
  const Site site = read_site(common.source);
  const Readiness readiness = readiness_of(site);
  Session session(site.database, {.mode = OpenMode::read_only});
  const SchemaState state = read_schema_state(session);
  CheckAnswer answer{with_stores(assess(session, state), site),
                     find_guard(state, session.engine()).state, std::nullopt, true};
  if (state.has_os_hash)
    answer.coverage = coverage_of(session);
  if (flags.coverage_below)
    require_coverage(answer, *flags.coverage_below);
  if (!readiness.refusal.empty())
    answer.due.why += "; " + readiness.refusal;
  for (const std::string& warning : readiness.warnings)
    print_err("warning: {}\n", warning);
  if (common.findings_ok && answer.due.code == ExitCode::findings)
    answer.due.code = ExitCode::done;
  if (flags.nagios)
    return print_nagios(answer);
  print_check(answer, common.json);
  return answer.due.code;
}

}  // namespace

Runner add_check(Arguments& app) {
  auto flags = std::make_shared<CheckFlags>();
  app.option("--coverage-below", flags->coverage_below,
             "If nothing is due, but fewer than PERCENT of the live images have a hash, end with "
             "exit code 10 (default: any coverage will do)")
      .type("PERCENT")
      .range(0, 100);
  app.flag("--nagios", flags->nagios,
           "Print one line for Nagios or Icinga and end with 0 (OK), 1 (WARNING: a command is "
           "due), 2 (CRITICAL: findings) or 3 (UNKNOWN); cannot be used with --json")
      .only_typed();
  return [flags](const CommonOptions& common) { return run_check(common, *flags); };
}

}  // namespace backglance
