// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

namespace backglance {

// A metrics file that several commands share. Each replaces its own samples and keeps the others':
// those with the label command="NAME" belong to the runs of that command, and those whose name
// begins with backglance_site_ to the site, whatever command measured it.

// Whose samples: a command's; empty: the site's.
struct MetricsOwner {
  std::string command;
};

// `fresh`, and from `old` the samples that are not the owner's. All samples of one name stand
// together, as the format asks for. Lines of `old` that are no samples are dropped.
std::string merged_metrics(const std::string& old, const std::string& fresh,
                           const MetricsOwner& owner);

// Merges `fresh` into the file at `path`, which must not be a link, and replaces it. Commands on
// this host that do so at the same time take turns: each locks the directory (flock) for the time
// of one read and one write. Throws what replace_file() throws (base/write_file.h), and Error{io}
// if another program holds the lock for 5 s.
void write_shared_metrics(const std::filesystem::path& path, const std::string& fresh,
                          const MetricsOwner& owner);

// Throws Error{usage} if something else than a metrics file of backglance stands at the path.
void require_metrics_file(const std::filesystem::path& path);

// Where the path leads to, links followed: a link stays, and its target is replaced.
std::filesystem::path metrics_target(const std::filesystem::path& path);

// The text of the file; empty if there is none yet, or none of ours.
std::string read_metrics(const std::filesystem::path& path);

}  // namespace backglance
