// SPDX-License-Identifier: Apache-2.0
#include "cli/readiness.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <unistd.h>
#include <algorithm>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "cli/console.h"
#include "read/read_context.h"
#include "sql/server_limits.h"
#include "store/stores.h"

namespace backglance {

std::vector<std::string> require_readable(const Site& site) {
  // In the order in which a run makes its ReadContext, so that the same fault is named first.
  required_algorithm(site);
  const Stores stores(site);
  std::vector<std::string> warnings;
  for (const PlaceState& place : stores.survey())
    if (!place.away.empty())
      warnings.push_back(away_text(place));
  return warnings;
}

namespace {

// By the rights that count for this process, and by the file system: root may not write to one that
// is mounted read-only either.
std::string why_not_writable(const std::filesystem::path& path, int mode) {
  return faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0
             ? std::string()
             : std::generic_category().message(errno);
}

}  // namespace

std::vector<std::string> write_obstacles(Session& session, const Site& site, const Needs& needs) {
  std::vector<std::string> obstacles;
  if (site.database.engine != Engine::sqlite) {
    if (const std::string refusal = write_refusal(session); !refusal.empty())
      obstacles.push_back(refusal);
    for (const RightsFor what : needs)
      for (const MissingRight& right : missing_rights(session, what))
        obstacles.push_back(fmt::format("this account lacks the right {} -- next: {}",
                                        printable(right.name), printable(right.grant, 500)));
    return obstacles;
  }
  const std::filesystem::path file = site.database.database;
  if (const std::string why = why_not_writable(file, W_OK); !why.empty())
    obstacles.push_back(fmt::format("the database file {} cannot be written: {}",
                                    printable(file.native(), 500), why));
  const auto directory = file.has_parent_path() ? file.parent_path() : ".";
  if (const std::string why = why_not_writable(directory, W_OK | X_OK); !why.empty())
    obstacles.push_back(fmt::format("SQLite cannot make its journal in the directory {}: {}",
                                    printable(directory.native(), 500), why));
  return obstacles;
}

void warn_of_write_obstacles(Session& session, const Site& site, const Needs& needs) {
  for (const std::string& obstacle : write_obstacles(session, site, needs))
    print_err("warning: the run itself may fail: {}\n", obstacle);
}

Due with_stores(Due due, const Site& site) {
  if (due.next != "backglance backfill")
    return due;
  const Stores stores(site, Stores::AllAway::accept);
  const auto& away = stores.unavailable();
  if (away.empty() || away.size() != stores.places().size())
    return due;
  const bool is_mount = std::ranges::all_of(
      away, [](const std::string& place) { return place.empty() || place.starts_with('/'); });
  due.next = fmt::format("{} {} on this host, then backglance backfill",
                         is_mount ? "mount the store directory" : "make readable",
                         printable(join(away, ", "), 600));
  return due;
}

Readiness readiness_of(const Site& site) {
  try {
    return {.refusal = {}, .warnings = require_readable(site)};
  } catch (const Error& error) {
    // A wrong configuration is wrong for every command; a store that is away concerns only a run.
    if (error.kind() != ErrorKind::io)
      throw;
    return {.refusal = std::string("backfill would end at once: ") + error.what(), .warnings = {}};
  }
}

}  // namespace backglance
