// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ledger/signatures.h"
#include "sql/session.h"

namespace backglance {

struct MigrateOptions {
  std::chrono::seconds grace =
      std::chrono::hours(180 * 24);  // of a deprecated scheme, from its first flag
  // Likewise for the images of these owners (project ids), in the place of `grace`.
  std::map<std::string, std::chrono::seconds> owner_grace;
  std::optional<std::string> tag;    // also tag flagged images in image_tags
  std::optional<std::string> untag;  // take those tags back, and do nothing else
};

// What a grace period of his own meant for an owner, in live images with a deprecated signature.
struct OwnerDeadlines {
  std::string owner;
  std::chrono::seconds grace{0};
  std::int64_t dated = 0;   // had no deadline, and got it by this grace
  std::int64_t kept = 0;    // keep the deadline that they had
  bool has_images = false;  // in Glance, of whatever kind
};

struct MigrateResult {
  std::int64_t queued = 0;                     // images newly queued for the backfill
  std::int64_t flagged = 0;                    // images newly flagged
  std::int64_t changed = 0;                    // flags that followed a change
  std::int64_t cleared = 0;                    // flags whose image has lost all such properties
  std::int64_t tagged = 0;                     // tags added or taken back
  std::optional<std::int64_t> first_deadline;  // of live images still flagged, unix seconds
  std::vector<SchemeCount> schemes;            // all flags, after the run
  std::vector<OwnerDeadlines> owners;          // those of MigrateOptions::owner_grace, by their ids
};

// The data steps that SQL alone can do: queues every image to be read and classifies every image
// with signature properties. Runs again without harm: first dates stay. Throws Error{schema_state}
// before expand, Error{usage} for a tag that Glance could not hold, Error{interrupted} between
// batches, Error{locked}.
MigrateResult migrate(Session& session, const MigrateOptions& options);

// What migrate would do, counted without a write.
MigrateResult plan_migrate(Session& session, const MigrateOptions& options = {});

}  // namespace backglance
