// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "glance/signature_properties.h"
#include "sql/session.h"

namespace backglance {

// Legacy signature properties, as contract removes them from Glance's images and puts them back.

struct PropertyRow {
  std::int64_t id = 0;
  std::string image_id;
  std::string name;
  std::optional<std::string> value;
  std::optional<std::string> updated_at;
};

// One that was removed, and when, as Glance's row of it says.
struct RemovedProperty : PropertyRow {
  std::string deleted_at;
};

// What the live properties of an image are now, whatever its flag says.
SignatureFinding live_finding(Session& session, const std::string& image_id);

// Whose legacy properties may go: of images whose grace has ended, or of those that are settled.
enum class Removable { due, settled };

// The legacy properties of a live image. Empty if its scheme is not deprecated any more; for
// `settled` moreover, unless all of this is so now: the image has properties of both schemes; its
// img_signature was found valid, and no weaker; its four img_ properties, whether it is a snapshot
// and its os_hash_value are what that was found of; and it has that hash in Glance.
std::vector<PropertyRow> removable_properties(Session& session, const std::string& image_id,
                                              Removable which);

// Live images that were found to be settled when they were last verified.
std::int64_t settled_count(Session& session);
std::vector<std::string> settled_page(Session& session, const std::string& after,
                                      std::int64_t page);

// Removes them in one transaction as Glance removes them (soft delete) and enters each in
// backglance_removed; that they are removable is found out in this transaction. `before_commit` is
// given what is being removed while it can still be called off by throwing; after a lost connection
// it may be given the same once more. Returns what was removed.
using OnRemoval = std::function<void(const std::vector<RemovedProperty>&)>;
std::vector<RemovedProperty> remove_properties(Session& session, const std::string& run_id,
                                               const std::string& image_id, Removable which,
                                               const OnRemoval& before_commit);

struct RestoreCounts {
  std::int64_t restored = 0;  // properties
  std::int64_t kept = 0;  // that have another value now, or whose image is gone: left as they are
};
// Puts back everything that backglance_removed holds, and empties it of what was put back. A row
// that `glance-manage db purge` has taken away since is made anew; its created_at is then its last
// change.
RestoreCounts restore_properties(Session& session);
std::int64_t removed_count(Session& session);

// Likewise, in one transaction, what was written down elsewhere. Needs no table of ours; with
// `has_ledger` what is put back leaves backglance_removed, and what that says was removed once more
// since is kept.
RestoreCounts restore_removed(Session& session, const std::vector<RemovedProperty>& removed,
                              bool has_ledger);
// What that would do.
RestoreCounts plan_restore(Session& session, const std::vector<RemovedProperty>& removed,
                           bool has_ledger);

}  // namespace backglance
