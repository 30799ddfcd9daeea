// SPDX-License-Identifier: Apache-2.0
#include "cli/shared_metrics.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "base/unfinished_file.h"
#include "base/write_file.h"

namespace backglance {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kLook{20};
constexpr std::size_t kLongest = 1 << 20;  // bytes; ours have some ten thousand

bool is_metrics(std::string_view head) {
  return head.starts_with("# HELP backglance_");
}
constexpr FileKind kKind = {"metrics file of backglance", is_metrics};

std::string name_of(const std::filesystem::path& path) {
  return fmt::format("metrics file {}", printable(path.string()));
}

// All samples of one name.
struct Family {
  std::string name;
  std::vector<std::string> comments;  // # HELP and # TYPE
  std::vector<std::string> samples;
};

Family& family_of(std::vector<Family>& families, const std::string& name) {
  const auto found = std::find_if(families.begin(), families.end(),
                                  [&](const Family& one) { return one.name == name; });
  if (found != families.end())
    return *found;
  families.push_back({name, {}, {}});
  return families.back();
}

std::vector<Family> parsed(const std::string& text) {
  std::vector<Family> families;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const bool is_comment = line.starts_with("# HELP ") || line.starts_with("# TYPE ");
    const std::size_t from = is_comment ? std::string_view("# HELP ").size() : 0;
    const std::size_t end = line.find_first_of("{ ", from);
    // Whatever is not ours would be an error for the collector, with every other sample.
    if (end == std::string::npos || line.compare(from, 11, "backglance_") != 0)
      continue;
    Family& family = family_of(families, line.substr(from, end - from));
    (is_comment ? family.comments : family.samples).push_back(line);
  }
  return families;
}

bool is_owned(const std::string& sample, const MetricsOwner& owner) {
  const bool is_site = sample.starts_with("backglance_site_");
  if (owner.command.empty() || is_site)
    return owner.command.empty() && is_site;
  const std::string label = fmt::format("{{command=\"{}\"", owner.command);
  return sample.find(label) == sample.find('{');
}

// While this exists, no other command of this host writes into the directory of the file. The lock
// is on the directory itself, so nothing is left behind; where the file system has no locks, or the
// directory cannot be read, there is none, and the last one who writes wins.
class Turn {
 public:
  explicit Turn(const std::filesystem::path& path)
      : directory_(open(path.has_parent_path() ? path.parent_path().c_str() : ".",
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (directory_ >= 0 && flock(directory_, LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR)
        return;
      if (std::chrono::steady_clock::now() > end) {
        close(directory_);
        throw Error(ErrorKind::io,
                    name_of(path) + ": another program holds a lock on its directory");
      }
      std::this_thread::sleep_for(kLook);
    }
  }
  ~Turn() {
    if (directory_ >= 0)
      close(directory_);
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  const int directory_;
};

}  // namespace

std::string merged_metrics(const std::string& old, const std::string& fresh,
                           const MetricsOwner& owner) {
  std::vector<Family> families = parsed(fresh);
  for (const Family& theirs : parsed(old)) {
    std::vector<std::string> kept;
    std::copy_if(theirs.samples.begin(), theirs.samples.end(), std::back_inserter(kept),
                 [&](const std::string& sample) { return !is_owned(sample, owner); });
    if (kept.empty())
      continue;
    Family& family = family_of(families, theirs.name);
    if (family.comments.empty())
      family.comments = theirs.comments;
    family.samples.insert(family.samples.end(), kept.begin(), kept.end());
  }
  std::string text;
  for (const Family& family : families)
    for (const auto* const lines : {&family.comments, &family.samples})
      for (const std::string& line : *lines)
        text += line + "\n";
  return text;
}

void write_shared_metrics(const std::filesystem::path& path, const std::string& fresh,
                          const MetricsOwner& owner) {
  const Turn turn(path);
  // Of a command that was killed: whoever writes now has the lock.
  remove_unfinished(path.parent_path(),
                    [&](std::string_view name) { return name == path.filename(); });
  // The temporary file's name does not end in ".prom", because the collector reads all such files
  // in the directory. Others may read the file: node_exporter is another user.
  replace_file(path, merged_metrics(read_metrics(path), fresh, owner), 0644, name_of(path), kKind);
}

void require_metrics_file(const std::filesystem::path& path) {
  try {
    const OutputPlace place(path, name_of(path), LastLink::follow);
    require_kind(place, kKind);
  } catch (const Error& error) {
    // A file that cannot be written is a warning of the run; one that must not be replaced ends it.
    if (error.kind() == ErrorKind::usage)
      throw;
  }
}

std::filesystem::path metrics_target(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path file = std::filesystem::weakly_canonical(path, error);
  return error ? path : file;
}

std::string read_metrics(const std::filesystem::path& path) {
  try {
    const OutputPlace place(path, name_of(path), LastLink::follow);
    const auto there = place.status();
    if (!there || !S_ISREG(there->st_mode))
      return "";
    place.require_own(*there);
    const int file = openat(place.directory(), place.name().c_str(),
                            O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
      return "";
    std::string text(kLongest, '\0');
    std::size_t size = 0;
    for (ssize_t got = 1; got > 0 && size < text.size();) {
      got = read(file, text.data() + size, text.size() - size);
      size += static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    }
    close(file);
    text.resize(size);
    return is_metrics(text) ? text : "";
  } catch (const Error&) {
    // The write reports it.
    return "";
  }
}

}  // namespace backglance
