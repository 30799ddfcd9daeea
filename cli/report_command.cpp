// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "base/text.h"
#include "base/unfinished_file.h"
#include "base/write_file.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/output_file.h"
#include "cli/owner_files.h"
#include "read/store_totals.h"
#include "report/collect.h"
#include "report/render.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

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

// The file of --owners that has the name of --html; empty if none can have it.
std::string page_among_owners(const ReportFlags& flags) {
  const fs::path name = fs::path(flags.html.value_or("")).filename();
  return flags.owners && is_owner_file(name) ? (fs::path(*flags.owners) / name).string() : "";
}

ExitCode run_report(const CommonOptions& common, const ReportFlags& flags) {
  const Site site = read_site(common.source);
  for (const auto& [name, file] : {std::pair{"--html", &flags.html}, {"--owners", &flags.owners}}) {
    if (*file && (*file)->empty())
      throw Error(ErrorKind::usage, fmt::format("{}: the name is empty", name));
    require_no_data(site, name, file->value_or(""));
  }
  require_distinct(
      {{"--html", flags.html.value_or(""), true}, {"--owners", page_among_owners(flags), true}});
  if (flags.owners) {
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(*flags.owners, error))
      if (is_owner_file(entry.path().filename()))
        require_no_stream("--owners", entry.path());
  }
  constexpr FileKind kPage = {"report of backglance", is_report_page};
  const bool writes_page = flags.html && flags.html != "-";
  if (writes_page)
    require_writable_file(*flags.html, kPage);
  if (common.json && !flags.csv.empty())
    throw Error(ErrorKind::usage, "--csv cannot be used with --json");
  Session session(site.database, {.mode = OpenMode::read_only});
  SiteReport report = collect_report(session, site.database);
  for (const StoreTotals& store : store_totals(session, site))
    report.stores.push_back({store.name.id, store.name.type, store.is_configured, store.images,
                             store.bytes, store.images_with_hash, store.bytes_with_hash,
                             store.findings});
  // Standard output may be redirected into a CSV or JSON file.
  const auto note = common.json || !flags.csv.empty() || flags.html == "-" ? say_err : say_out;
  if (flags.owners)
    note(write_owner_files(report, *flags.owners) + "\n");
  if (flags.html == "-") {
    write_out(render_html(report));
    return ExitCode::done;
  }
  if (writes_page) {
    // Where it lies, if the name is a link.
    std::error_code error;
    const fs::path page = fs::weakly_canonical(*flags.html, error);
    remove_unfinished(page.parent_path(),
                      [&](std::string_view name) { return name == page.filename(); });
    write_file(*flags.html, render_html(report), kPage);
    note(fmt::format("wrote {}\n", printable(*flags.html, 4096)));
  }
  // Made safe for their formats already.
  if (common.json)
    write_out(render_json_text(report));
  else if (flags.csv == "signatures")
    write_out(render_signatures_csv(report));
  else if (flags.csv == "findings")
    write_out(render_findings_csv(report));
  else if (!flags.html && !flags.owners)
    say_out(render_text(report, output_columns()));
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
             "Write files for the owners who have to sign images again into this directory: an "
             "HTML page and a CSV file for each owner, and an index")
      .type("DIR");
  return [flags](const CommonOptions& common) { return run_report(common, *flags); };
}

}  // namespace backglance
