#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "report/collect.h"
#include "report/render.h"

namespace backglance {
namespace {

struct ReportFlags {
  std::string csv;
  std::string html;
};

constexpr int kColumnsWithoutTerminal = 160;

int output_columns() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return kColumnsWithoutTerminal;
}

// Whole or not at all: a report that somebody has open is replaced by its successor in one step.
void write_file(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  const int fd = open(part.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0644);
  if (fd < 0)
    throw io_error("write " + path, errno);
  std::size_t done = 0;
  int failed = 0;
  while (done < text.size() && failed == 0) {
    const ssize_t wrote = write(fd, text.data() + done, text.size() - done);
    if (wrote >= 0)
      done += static_cast<std::size_t>(wrote);
    else if (errno != EINTR)
      failed = errno;
  }
  if (failed == 0 && fsync(fd) != 0)
    failed = errno;
  if (close(fd) != 0 && failed == 0)
    failed = errno;
  if (failed == 0 && rename(part.c_str(), path.c_str()) != 0)
    failed = errno;
  if (failed != 0) {
    unlink(part.c_str());
    throw io_error("write " + path, failed);
  }
}

ExitCode run_report(const CommonOptions& common, const ReportFlags& flags) {
  const Site site = read_site(common.source);
  Session session(site.database, {.mode = OpenMode::read_only});
  const SiteReport report = collect_report(session, site.database);
  if (!flags.html.empty()) {
    write_file(flags.html, render_html(report));
    if (!common.json)
      fmt::print("wrote {}\n", flags.html);
  }
  if (common.json)
    print_json(render_json(report));
  else if (flags.csv == "signatures")
    fmt::print("{}", render_signatures_csv(report));
  else if (flags.csv == "findings")
    fmt::print("{}", render_findings_csv(report));
  else if (flags.html.empty())
    fmt::print("{}", render_text(report, output_columns()));
  return ExitCode::done;
}

}  // namespace

Runner add_report(CLI::App& app) {
  // Shared by the parser, which writes, and the runner, which reads: both live in closures of their
  // own.
  auto flags = std::make_shared<ReportFlags>();
  app.add_flag("--csv{signatures}", flags->csv,
               "Print CSV: --csv or --csv=signatures, or --csv=findings")
      ->check(CLI::IsMember({"signatures", "findings"}));
  app.add_option("--html", flags->html, "Write one self-contained HTML page")->type_name("FILE");
  return [flags](const CommonOptions& common) { return run_report(common, *flags); };
}

}  // namespace backglance
