// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "cli/assess.h"
#include "glance/site.h"
#include "sql/rights.h"
#include "sql/session.h"

namespace backglance {

// What backfill, verify and sync end on before they read the first image, as far as it follows from
// the configuration and this host. Commands that read nothing ask as well: an operator must learn
// of it from `plan`, `check` or a dry run, and not from the run itself at night. Nothing is read
// and nothing is changed.

// Throws what such a run would: Error{usage} for a hashing_algorithm that cannot be computed,
// Error{io} if no store can be opened. Returns one sentence for each other store
// directory that cannot be opened: the run only warns of these.
std::vector<std::string> require_readable(const Site& site);

// What keeps a command from writing to the database, one sentence each, as far as it can be seen
// without a write. Of an SQLite database: the file, or the directory in which SQLite makes its
// journal, cannot be written. Of a server: it accepts no writes, or the account lacks a right of
// `needs`. Then `plan` and dry runs tell what a run would end on.
using Needs = std::set<RightsFor>;
std::vector<std::string> write_obstacles(Session& session, const Site& site, const Needs& needs);
// The same, each as a warning at standard error. For dry runs.
void warn_of_write_obstacles(Session& session, const Site& site,
                             const Needs& needs = {RightsFor::rows});

// `due`, with the stores to mount as the next step if images are to be read and no store directory
// can be opened on this host.
Due with_stores(Due due, const Site& site);

// The same for commands whose answer holds without the stores (plan, check).
struct Readiness {
  std::string refusal;                // why a run would end at once; empty: it would not
  std::vector<std::string> warnings;  // as require_readable() returns them
};
// Throws Error{usage} for a hashing_algorithm that cannot be computed.
Readiness readiness_of(const Site& site);

}  // namespace backglance
