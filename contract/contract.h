// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "contract/archive.h"
#include "glance/database_url.h"
#include "ledger/removal.h"
#include "sql/patience.h"
#include "sql/session.h"

namespace backglance {

// The destructive steps, each behind its gate.

// Whether some location of the image can be opened for reading now. Given in by the caller, because
// reading stores is the backfill's.
using IsReadable = std::function<bool(const std::string& image_id)>;

struct ContractPlan {
  // The gate: live images without a hash of which some location can be read. While there is one,
  // nothing is removed.
  std::int64_t blocking = 0;
  std::vector<std::string> first_blocking;  // ids, at most 10
  // Images whose grace has ended and whose scheme is still a deprecated one, and the properties to
  // remove of them.
  std::int64_t due_images = 0;
  std::int64_t due_properties = 0;
  // Images that are settled, whether their grace has ended or not, and likewise.
  std::int64_t settled_images = 0;
  std::int64_t settled_properties = 0;
  // Those that were, when they were last verified, and have been changed since.
  std::int64_t outdated_images = 0;
};

ContractPlan plan_contract(Session& session, const IsReadable& is_readable);
// Of the settled images alone. They have a hash themselves, so other images are no gate for them.
ContractPlan plan_settled(Session& session);

struct ContractResult {
  std::int64_t images = 0;
  std::int64_t properties = 0;
  std::filesystem::path safety_copy;  // empty if nothing was due, and on a server
  std::filesystem::path archive;      // empty if nothing was due
};

struct ContractOptions {
  std::filesystem::path directory;  // for the safety copy and the archive
  const SiteKey* key = nullptr;     // that signs the archive
};

// Ends the grace period of every due image: a safety copy of the database where that is a file, an
// archive of the properties (JSON lines), both readable by their owner alone, and then their
// removal as Glance removes them (soft delete), image by image, each in one transaction that also
// enters it in backglance_removed. Throws Error{gate} listing the images that block, before
// anything is written. Killed anywhere, what was removed is in backglance_removed and in the
// archive, and the next call goes on. Nothing due: nothing is written.
ContractResult contract(Session& session, const DatabaseUrl& database,
                        const IsReadable& is_readable, const ContractOptions& options);
// The same of the settled images, and of these alone.
ContractResult contract_settled(Session& session, const DatabaseUrl& database,
                                const ContractOptions& options);

// Puts back what contract removed, except where somebody has set the property or deleted the image
// since.
RestoreCounts revert_contract(Session& session);

// What was put back from an archive, or would be, and how much of it is not to be believed.
struct ArchiveRevert {
  RestoreCounts properties;
  std::int64_t faults = 0;
  std::optional<bool> whole;  // as ArchiveReader::is_whole
};
using OnFault = std::function<void(const ArchiveFault&)>;
// Likewise from an archive, whether there are tables of ours or not. Each fault is told as it is
// found, and nothing is put back of its line.
ArchiveRevert revert_from(Session& session, ArchiveReader& archive, const OnFault& on_fault);
ArchiveRevert plan_revert_from(Session& session, ArchiveReader& archive, const OnFault& on_fault);

// What of ours was there.
struct Uninstall {
  bool guard = false;               // the trigger on images, or a part of it
  std::vector<std::string> tables;  // names

  bool empty() const { return !guard && tables.empty(); }
};

// Drops the guard and our own tables, of this version of the ledger or an earlier one, and nothing
// else. Throws Error{schema_state} if one that has a name of ours is somebody else's or the ledger
// has a later version, Error{locked} while a run is at work. On servers the guard's
// lock is waited for as run_patiently does.
Uninstall plan_uninstall(Session& session);
Uninstall uninstall(Session& session, const OnWait& on_wait = {});

}  // namespace backglance
