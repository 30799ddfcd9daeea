// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/write_file.h"
#include "cli/command.h"
#include "cli/output_file.h"
#include "cli/owner_files.h"
#include "report/collect.h"
#include "report/render.h"

namespace backglance {
namespace {

struct ReportFlags {
  std::string csv;
  std::optional<std::string> html;
  std::optional<std::string> owners;
};

constexpr int kColumnsWithoutTerminal = 160;

int output_columns() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return kColumnsWithoutTerminal;
}

ExitCode run_report(const CommonOptions& common, const ReportFlags& flags) {
  const Site site = read_site(common.source);
  for (const auto& [name, file] : {std::pair{"--html", &flags.html}, {"--owners", &flags.owners}}) {
    if (*file && (*file)->empty())
      throw Error(ErrorKind::usage, fmt::format("{}: the name is empty", name));
    require_no_data(site, name, file->value_or(""));
  }
  if (common.json && !flags.csv.empty())
    throw Error(ErrorKind::usage, "--csv cannot be used with --json");
  Session session(site.database, {.mode = OpenMode::read_only});
  const SiteReport report = collect_report(session, site.database);
  // Standard output may be redirected into a CSV or JSON file.
  std::FILE* const note = common.json || !flags.csv.empty() || flags.html == "-" ? stderr : stdout;
  if (flags.owners)
    fmt::print(note, "{}\n", write_owner_files(report, *flags.owners));
  if (flags.html == "-") {
    fmt::print("{}", render_html(report));
    return ExitCode::done;
  }
  if (flags.html) {
    write_file(*flags.html, render_html(report));
    fmt::print(note, "wrote {}\n", *flags.html);
  }
  if (common.json)
    fmt::print("{}", render_json_text(report));
  else if (flags.csv == "signatures")
    fmt::print("{}", render_signatures_csv(report));
  else if (flags.csv == "findings")
    fmt::print("{}", render_findings_csv(report));
  else if (!flags.html && !flags.owners)
    fmt::print("{}", render_text(report, output_columns()));
  return ExitCode::done;
}

}  // namespace

Runner add_report(Arguments& app) {
  // Shared by two functions: the parser writes the flags, the runner reads them later.
  auto flags = std::make_shared<ReportFlags>();
  app.flag("--csv", "signatures", flags->csv,
           "Print CSV: one line for each signature, or with --csv=findings for each finding "
           "(default: signatures); cannot be used with --json")
      .type("[=TABLE]")
      .one_of({"signatures", "findings"});
  app.option("--html", flags->html,
             "Write the report as one HTML page to this file; - is standard output")
      .type("FILE");
  app.option("--owners", flags->owners,
             "Write to this directory an HTML page and a CSV file for each owner who has to sign "
             "images again, and an index")
      .type("DIR");
  return [flags](const CommonOptions& common) { return run_report(common, *flags); };
}

}  // namespace backglance
