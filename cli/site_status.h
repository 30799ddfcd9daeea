// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/assess.h"
#include "glance/site.h"
#include "ledger/control.h"
#include "ledger/queue_figures.h"
#include "ledger/runs.h"
#include "ledger/signatures.h"
#include "read/store_shares.h"
#include "sql/guard.h"
#include "sql/images.h"
#include "sql/server.h"

namespace backglance {

// Everything that `status` shows, independent of the format. Text is as in the configuration and
// the database: the printers make it safe. Times are unix seconds, sizes are bytes.
struct SiteStatus {
  struct Schema {
    std::vector<std::string> revisions;  // of alembic_version
    bool has_os_hidden = false;
    bool has_os_hash = false;
    bool has_ledger = false;
    int ledger_version = 0;  // version of our tables; 0 if they do not exist
    GuardState guard = GuardState::missing;
  };
  // The state of the images, from our tables.
  struct Ledger {
    QueueTotals queued;
    QueueTotals claimable;
    QueueTotals failed;
    std::int64_t erased = 0;  // hashes that Glance has erased since they were published
    std::vector<SchemeCount> signatures;
    std::int64_t settled = 0;  // images that were signed again and verified
  };
  // The runs of the site, on all hosts.
  struct Runs {
    FleetState fleet;
    std::vector<LiveRun> live;
    std::vector<RunRow> recent;  // newest first; includes those in `live`
  };

  std::string database;               // redacted URL
  std::optional<ServerFacts> server;  // nothing on SQLite
  std::string hashing_algorithm;
  bool can_hash = true;  // whether that algorithm can be computed; if not, no image is read
  bool encrypted_locations = false;
  std::vector<StoreShare> stores;
  std::vector<std::string> config_files;
  Schema schema;
  PendingTotals without_hash;
  std::optional<Ledger> ledger;  // nothing before expand is complete
  std::optional<Runs> runs;      // nothing before our tables exist; expand makes them first
  // If expand refuses the schema, the code is `failed` and the text says why.
  Due due;
};

// Reads the status, and asks each store whether it is there; changes nothing. Throws what the
// database throws, and Error{schema_state} if the database is not Glance's.
SiteStatus collect_status(Session& session, const Site& site);

// Lines for a person, each ended by a newline.
std::string status_text(const SiteStatus& status);
// The object that `status --json` prints; docs/json.md documents its members.
nlohmann::json status_json(const SiteStatus& status);
// Prints one of the two on standard output.
void print_status(const SiteStatus& status, bool as_json);

// How many of the live images have a hash.
struct HashCoverage {
  std::int64_t images = 0;
  std::int64_t with_hash = 0;

  // Without an image, all of them have one.
  bool is_at_least(std::int64_t percent) const { return with_hash * 100 >= images * percent; }
  double percent() const;
  // "96.2 %", rounded down: 100 % means every image.
  std::string text() const;
};
// Requires the columns for the hash.
HashCoverage coverage_of(Session& session);

// The same for `check`.
struct CheckAnswer {
  Due due;
  GuardState guard = GuardState::missing;
  std::optional<HashCoverage> coverage = {};  // nothing before expand
  bool is_covered = true;                     // as much as --coverage-below asks for
};
std::string check_text(const CheckAnswer& answer);
nlohmann::json check_json(const CheckAnswer& answer);
void print_check(const CheckAnswer& answer, bool as_json);

}  // namespace backglance
