// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/image_sight.h"
#include "contract/archive.h"
#include "contract/gate.h"
#include "contract/seen.h"
#include "glance/database_url.h"
#include "ledger/removal.h"
#include "sql/patience.h"
#include "sql/session.h"

namespace backglance {

// The destructive steps. Each is behind a gate (contract/gate.h). The caller passes the answers
// about the stores (base/image_sight.h), because contract knows no stores.

struct ContractPlan {
  GateFindings gate;
  // Images whose grace period has ended and whose scheme is still deprecated, and the properties to
  // remove from them.
  std::int64_t due_images = 0;
  std::int64_t due_properties = 0;
  // The same for settled images (signed again and verified), whether their grace period has ended
  // or not.
  std::int64_t settled_images = 0;
  std::int64_t settled_properties = 0;
  // Images with a removable property that the archive cannot hold (can_be_archived). They keep all
  // their properties and count nowhere else. The ids: at most 10.
  std::int64_t unarchivable = 0;
  std::vector<std::string> first_unarchivable;
  // Images that the last verification found settled and that were changed since.
  std::int64_t outdated_images = 0;
  // Of plan_settled: settled images whose data this host does not see. They keep all their
  // properties and count nowhere else.
  UnseenImages unseen;
};

ContractPlan plan_contract(Session& session, const StoreQuestions& stores);
// Counts only settled images. They have a hash themselves, so other images do not block them.
ContractPlan plan_settled(Session& session, const StoreQuestions& stores);

struct ContractResult {
  std::int64_t images = 0;
  std::int64_t properties = 0;
  std::filesystem::path safety_copy;  // empty if nothing was due, and always on a server
  std::filesystem::path archive;      // empty if nothing was due
  // As in ContractPlan.
  std::int64_t unarchivable = 0;
  std::vector<std::string> first_unarchivable;
  UnseenImages unseen;
};

struct ContractOptions {
  std::filesystem::path directory;  // for the safety copy and the archive
  const SiteKey* key = nullptr;     // signs the archive; null: not signed
};

// Removes the legacy properties of every due image. First writes a safety copy of the database, if
// it is a file, and opens an archive of the properties (JSON lines); only their owner can read
// both. Then removes the properties image by image, as Glance does (soft delete): each image in one
// transaction that also enters them in backglance_removed. They are in the archive, on the disk,
// before that transaction is committed.
//
// Throws Error{gate} with the blocking images before anything is written; also between images, if
// images became active or lost their hash meanwhile; also if grace periods have ended by the
// database's clock and this host's clock is more than a day from it. Throws Error{schema_state}
// before expand, Error{locked} if another run is at work, Error{interrupted} between images. Killed
// at any point, all removed properties are in backglance_removed and in the archive, and the next
// call continues. If nothing is due, it writes no file.
// Throws that Error{gate} about the two clocks. For a dry run, which does nothing else of it.
void require_agreeing_clocks(Session& session);
ContractResult contract(Session& session, const DatabaseUrl& database, const StoreQuestions& stores,
                        const ContractOptions& options);
// The same, only for settled images and without the gate. Each image must be seen (contract/seen.h)
// before its properties are removed; throws Error{gate} if there are settled images and none is.
ContractResult contract_settled(Session& session, const DatabaseUrl& database,
                                const StoreQuestions& stores, const ContractOptions& options);

// Puts back the properties that contract removed, unless somebody has set the property or deleted
// the image since.
RestoreCounts revert_contract(Session& session);

// The properties that were put back from an archive, or would be, and the number of faults in it.
struct ArchiveRevert {
  RestoreCounts properties;
  std::int64_t faults = 0;
  std::optional<bool> whole;  // as ArchiveReader::is_whole
};
using OnFault = std::function<void(const ArchiveFault&)>;
// Puts back properties from an archive; our own tables may exist or not. Calls `on_fault` for each
// fault as it is found; the line of a fault is not put back. plan_revert_from changes nothing.
ArchiveRevert revert_from(Session& session, ArchiveReader& archive, const OnFault& on_fault);
ArchiveRevert plan_revert_from(Session& session, ArchiveReader& archive, const OnFault& on_fault);

// Our own objects that exist.
struct Uninstall {
  bool guard = false;               // the trigger on the table images, or a part of it
  std::vector<std::string> tables;  // names

  bool empty() const { return !guard && tables.empty(); }
};

// Drops the guard and our own tables, of this or an earlier version of the ledger, and nothing
// else. On servers, it waits for the guard's lock as run_patiently does. Throws Error{schema_state}
// if an object with a name of ours is not ours or the ledger has a later version, and Error{locked}
// while a run is at work. plan_uninstall changes nothing.
Uninstall plan_uninstall(Session& session);
Uninstall uninstall(Session& session, const OnWait& on_wait = {});

}  // namespace backglance
