// SPDX-License-Identifier: Apache-2.0
#include "cli/owner_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/output_place.h"
#include "base/text.h"
#include "base/unfinished_file.h"
#include "base/write_file.h"
#include "report/render_owners.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

// The pages contain names of images and owners, so others may not read them.
void make_directory(const std::string& directory) {
  constexpr mode_t kMode = 0750;
  const bool made = mkdir(directory.c_str(), kMode) == 0;
  if (!made && errno != EEXIST)
    throw io_error("cannot create " + directory, errno);
  // As for the pages in it, the umask does not count: a web server in the directory's group reads
  // the pages, and under a umask of 077 it would not even enter.
  if (made && chmod(directory.c_str(), kMode) != 0)
    throw io_error("cannot create " + directory, errno);
  struct stat status = {};
  if (stat(directory.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
    throw io_error("cannot write into " + directory, ENOTDIR);
}

bool is_our_page(std::string_view head) {
  return head.find(kOwnersMark) != std::string_view::npos;
}
constexpr FileKind kPage = {"page of backglance report --owners", is_our_page};

bool is_our_index_csv(std::string_view head) {
  return head.starts_with(kOwnersIndexCsvBegins);
}
bool is_our_csv(std::string_view head) {
  return head.starts_with(kOwnerCsvBegins);
}
constexpr FileKind kIndexCsv = {"file of backglance report --owners", is_our_index_csv};
constexpr FileKind kCsv = {"file of backglance report --owners", is_our_csv};

// Only files that backglance wrote may be removed.
bool is_ours(const fs::path& path, bool (*is_our_kind)(std::string_view head)) {
  try {
    const OutputPlace place(path, path.string(), LastLink::keep);
    const auto there = place.status();
    return there && S_ISREG(there->st_mode) && is_our_kind(place.head());
  } catch (const Error&) {
    return false;
  }
}

// Removes the pages of owners who have nothing to do any more; they would still ask for something.
std::int64_t remove_stale(const fs::path& directory, const std::set<std::string>& stems) {
  std::vector<fs::path> stale;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const fs::path& path = entry.path();
    const std::string stem = path.stem().string();
    if (path.extension() == ".html" && (stem.starts_with("owner-") || stem == "no-owner") &&
        !stems.contains(stem) && is_ours(path, is_our_page))
      stale.push_back(path);
  }
  for (fs::path path : stale) {
    fs::remove(path, error);
    // Somebody may have put a table of their own beside the page.
    if (is_ours(path.replace_extension(".csv"), is_our_csv))
      fs::remove(path, error);
  }
  return static_cast<std::int64_t>(stale.size());
}

}  // namespace

bool is_owner_file(const fs::path& name) {
  const std::string stem = name.stem().string();
  const std::string extension = name.extension().string();
  return (extension == ".html" || extension == ".csv") &&
         (stem.starts_with("owner-") || stem == "no-owner" || stem == "index");
}

std::string write_owner_files(const SiteReport& report, const std::string& directory) {
  const std::vector<OwnerPage> pages = owner_pages(report);
  make_directory(directory);
  remove_unfinished(directory, [](std::string_view name) { return is_owner_file(name); });
  const auto in_directory = [&](const std::string& name) { return directory + "/" + name; };
  // Before anything is written: the directory may be that of another site.
  require_writable_file(in_directory("index.html"), kPage);
  require_writable_file(in_directory("index.csv"), kIndexCsv);
  std::set<std::string> stems;
  std::int64_t images = 0;
  // One after the other, so that only one page is in memory.
  for (const OwnerPage& page : pages) {
    write_file(in_directory(page.file_stem + ".html"), render_owner_html(report, page), kPage);
    write_file(in_directory(page.file_stem + ".csv"), render_owner_csv(page), kCsv);
    stems.insert(page.file_stem);
    images += static_cast<std::int64_t>(page.images.size());
  }
  write_file(in_directory("index.html"), render_owners_index_html(report, pages), kPage);
  write_file(in_directory("index.csv"), render_owners_index_csv(pages), kIndexCsv);
  const std::int64_t removed = remove_stale(directory, stems);
  std::string line = fmt::format(
      "wrote {}/index.html and the pages of {} with {}", printable(directory, 500),
      counted(static_cast<std::int64_t>(pages.size()), "owner"), counted(images, "image"));
  if (removed > 0)
    line += fmt::format("; removed {} of an earlier report", counted(removed, "page"));
  return line;
}

}  // namespace backglance
