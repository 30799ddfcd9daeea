// SPDX-License-Identifier: Apache-2.0
#include "cli/owner_files.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/text.h"
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

// Only pages that backglance wrote may be removed.
bool is_our_page(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  // The mark comes after the style sheet.
  std::string head(1 << 16, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  return head.find(kOwnersMark) != std::string::npos;
}

// Removes the pages of owners who have nothing to do any more; they would still ask for something.
std::int64_t remove_stale(const fs::path& directory, const std::set<std::string>& stems) {
  std::vector<fs::path> stale;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    const fs::path& path = entry.path();
    const std::string stem = path.stem().string();
    if (path.extension() == ".html" && (stem.starts_with("owner-") || stem == "no-owner") &&
        !stems.contains(stem) && entry.is_regular_file(error) && is_our_page(path))
      stale.push_back(path);
  }
  for (fs::path path : stale) {
    fs::remove(path, error);
    fs::remove(path.replace_extension(".csv"), error);
  }
  return static_cast<std::int64_t>(stale.size());
}

}  // namespace

std::string write_owner_files(const SiteReport& report, const std::string& directory) {
  const std::vector<OwnerPage> pages = owner_pages(report);
  make_directory(directory);
  const auto in_directory = [&](const std::string& name) { return directory + "/" + name; };
  std::set<std::string> stems;
  std::int64_t images = 0;
  // One after the other, so that only one page is in memory.
  for (const OwnerPage& page : pages) {
    write_file(in_directory(page.file_stem + ".html"), render_owner_html(report, page));
    write_file(in_directory(page.file_stem + ".csv"), render_owner_csv(page));
    stems.insert(page.file_stem);
    images += static_cast<std::int64_t>(page.images.size());
  }
  write_file(in_directory("index.html"), render_owners_index_html(report, pages));
  write_file(in_directory("index.csv"), render_owners_index_csv(pages));
  const std::int64_t removed = remove_stale(directory, stems);
  std::string line = fmt::format(
      "wrote {}/index.html and the pages of {} with {}", printable(directory, 500),
      counted(static_cast<std::int64_t>(pages.size()), "owner"), counted(images, "image"));
  if (removed > 0)
    line += fmt::format("; removed {} of an earlier report", counted(removed, "page"));
  return line;
}

}  // namespace backglance
