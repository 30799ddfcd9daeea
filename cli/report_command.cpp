#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
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

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { close(fd_); }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

 private:
  int fd_;
};

constexpr int kColumnsWithoutTerminal = 160;

int output_columns() {
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return kColumnsWithoutTerminal;
}

void write_all(int fd, const std::string& path, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t wrote = write(fd, text.data() + done, text.size() - done);
    if (wrote < 0 && errno != EINTR)
      throw io_error("write " + path, errno);
    done += static_cast<std::size_t>(std::max<ssize_t>(wrote, 0));
  }
}

// Whole or not at all: a report that somebody has open is replaced by its successor in one step,
// under the same rights. A link is followed. What is no regular file (a pipe, a device) is written
// to.
void write_file(const std::string& path, const std::string& text) {
  std::error_code error;
  const std::filesystem::path target = std::filesystem::weakly_canonical(path, error);
  struct stat status = {};
  const bool exists = stat(path.c_str(), &status) == 0;
  if (error)
    throw io_error("write " + path, error.value());
  if (exists && S_ISDIR(status.st_mode))
    throw io_error("write " + path, EISDIR);
  if (exists && !S_ISREG(status.st_mode)) {
    const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0)
      throw io_error("write " + path, errno);
    const FileDescriptor owner(fd);
    return write_all(fd, path, text);
  }
  std::string part = target.string() + ".XXXXXX";
  const int fd = mkostemp(part.data(), O_CLOEXEC);
  if (fd < 0)
    throw io_error("write " + path, errno);
  const FileDescriptor owner(fd);
  try {
    write_all(fd, path, text);
    // The names of images and owners are for those who may read the database.
    if (fchmod(fd, exists ? status.st_mode & 07777 : 0640) != 0 || fsync(fd) != 0 ||
        rename(part.c_str(), target.c_str()) != 0)
      throw io_error("write " + path, errno);
  } catch (const Error&) {
    unlink(part.c_str());
    throw;
  }
}

ExitCode run_report(const CommonOptions& common, const ReportFlags& flags) {
  const Site site = read_site(common.source);
  Session session(site.database, {.mode = OpenMode::read_only});
  const SiteReport report = collect_report(session, site.database);
  if (flags.html == "-") {
    fmt::print("{}", render_html(report));
    return ExitCode::done;
  }
  if (!flags.html.empty()) {
    write_file(flags.html, render_html(report));
    // Standard output may be a CSV or a JSON file.
    fmt::print(common.json || !flags.csv.empty() ? stderr : stdout, "wrote {}\n", flags.html);
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
  app.add_option("--html", flags->html, "Write one self-contained HTML page; - is standard output")
      ->type_name("FILE");
  return [flags](const CommonOptions& common) { return run_report(common, *flags); };
}

}  // namespace backglance
