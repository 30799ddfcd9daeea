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

// Legacy signature properties: contract removes them from Glance's images and can put them back.

struct PropertyRow {
  std::int64_t id = 0;
  std::string image_id;
  std::string name;
  std::optional<std::string> value;
  std::optional<std::string> updated_at;

  bool operator==(const PropertyRow&) const = default;
};

// A property that was removed. deleted_at is that of Glance's row.
struct RemovedProperty : PropertyRow {
  std::string deleted_at;

  bool operator==(const RemovedProperty&) const = default;
};

// Classifies the properties that the image has now, whatever its flag says.
SignatureFinding live_finding(Session& session, const std::string& image_id);

// Whose legacy properties may be removed: `due`: images whose grace period has ended; `settled`:
// images whose signature was replaced and verified.
enum class Removable { due, settled };

// The legacy properties of a live image that may be removed. Empty if its scheme is no longer
// deprecated. For `settled`, all of these must hold as well:
//   - the image has properties of both schemes;
//   - its img_signature was found valid, and nothing weaker;
//   - its four img_ properties, its being a snapshot or not and its os_hash_value are those that
//     were verified;
//   - Glance has that hash.
std::vector<PropertyRow> removable_properties(Session& session, const std::string& image_id,
                                              Removable which);

// Unix seconds of the database's clock, by which grace periods end.
std::int64_t database_time(Session& session);

// Live images that the last verification found to be settled.
std::int64_t settled_count(Session& session);
std::vector<std::string> settled_page(Session& session, const std::string& after,
                                      std::int64_t page);

// Removes these properties in one transaction, as Glance does (soft delete), and enters each in
// backglance_removed. The transaction checks again that they are removable. `before_commit` gets
// the properties while the removal can still be called off, by throwing or by returning false: then
// the image keeps all of them. After a lost connection it may get the same ones once more. Returns
// the properties that were removed.
using OnRemoval = std::function<bool(const std::vector<RemovedProperty>&)>;
std::vector<RemovedProperty> remove_properties(Session& session, const std::string& run_id,
                                               const std::string& image_id, Removable which,
                                               const OnRemoval& before_commit);

struct RestoreCounts {
  std::int64_t restored = 0;  // properties put back
  std::int64_t kept = 0;      // left as they are, for any reason
  // The part of `kept` that nobody changed: the image has the property with the removed value.
  std::int64_t there = 0;
  // The part of `kept` whose image is deleted in Glance, or purged: nothing to put back to.
  std::int64_t gone = 0;

  RestoreCounts& operator+=(const RestoreCounts& more);
};
// Puts back the properties in backglance_removed, and deletes from it the ones that were put back.
// If `glance-manage db purge` has deleted the row since, a new row is made; its created_at is the
// time of the property's last change.
// `before_page` is called between two transactions and may request a stop.
RestoreCounts restore_properties(Session& session, const std::function<void()>& before_page = {});
// Properties in backglance_removed, and those of them whose image is deleted or purged.
struct RemovedCounts {
  std::int64_t properties = 0;
  std::int64_t gone = 0;
};
RemovedCounts removed_counts(Session& session);
std::int64_t removed_count(Session& session);  // properties of removed_counts()

// Puts back properties from an archive, in one transaction. Requires no table of ours. With
// `has_ledger`, properties that are put back leave backglance_removed, and properties that were
// removed again later are not put back.
RestoreCounts restore_removed(Session& session, const std::vector<RemovedProperty>& removed,
                              bool has_ledger);
// Returns what restore_removed() would do.
RestoreCounts plan_restore(Session& session, const std::vector<RemovedProperty>& removed,
                           bool has_ledger);

}  // namespace backglance
