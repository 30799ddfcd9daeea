// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/queue_figures.h"
#include "ledger/signatures.h"
#include "sql/session.h"

namespace backglance {

// The options of migrate. A grace period counts from the first flag of an image.
struct MigrateOptions {
  // Grace period of a deprecated signature, from its first flag on.
  std::chrono::seconds grace = std::chrono::hours(180 * 24);
  // Grace periods of single owners (by project id), instead of `grace`.
  std::map<std::string, std::chrono::seconds> owner_grace;
  std::optional<std::string> tag;    // also tag flagged images in image_tags
  std::optional<std::string> untag;  // remove these tags, and do nothing else
};

// The effect of --owner-grace for one owner, in live images with a deprecated signature.
struct OwnerDeadlines {
  std::string owner;
  std::chrono::seconds grace{0};
  std::int64_t dated = 0;   // images that got their deadline from this grace period
  std::int64_t kept = 0;    // images that keep the deadline that they had
  bool has_images = false;  // the owner has images in Glance, of any kind
};

// What migrate did, or would do.
struct MigrateResult {
  std::int64_t queued = 0;   // images newly queued for the backfill
  std::int64_t flagged = 0;  // images newly flagged
  std::int64_t changed = 0;  // flags that were updated after a change
  std::int64_t cleared = 0;  // flags whose image has no signature properties any more
  std::int64_t tagged = 0;   // tags added or removed
  std::optional<std::int64_t> first_deadline;  // the first deadline of a live image, unix seconds
  // Live images that were flagged under a clock that was ahead: WrongClock::ahead.
  std::int64_t flagged_ahead = 0;
  std::vector<SchemeCount> schemes;    // all flags, after the run
  std::vector<OwnerDeadlines> owners;  // one for each of MigrateOptions::owner_grace, sorted by id
};

// Runs the data steps that SQL alone can do: queues every image that is to be read, and classifies
// every image with signature properties. Safe to run again: existing deadlines do not change.
// Throws Error{schema_state} before expand, Error{usage} for a tag that Glance cannot store,
// Error{locked} if another run is at work, and Error{interrupted} between batches.
MigrateResult migrate(Session& session, const MigrateOptions& options);

// Throws Error{usage} for a tag that Glance cannot store in any database.
void require_tags(const MigrateOptions& options);

// Throws Error{usage} for a tag or an owner with a character that this database cannot store.
void require_storable(Session& session, const MigrateOptions& options);

// Returns what migrate would do. Changes nothing. `known` are those of site_figures(); they are
// read here if the caller has none.
MigrateResult plan_migrate(Session& session, const MigrateOptions& options = {},
                           const std::optional<SiteFigures>& known = std::nullopt);

}  // namespace backglance
