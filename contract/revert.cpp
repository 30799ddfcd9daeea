// SPDX-License-Identifier: Apache-2.0
// Puts back what contract removed: from our own table, or from an archive.
#include <optional>
#include <vector>

#include "base/stop.h"
#include "contract/contract.h"
#include "ledger/runs.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

// Limits of one transaction: lines of an archive, and bytes of values.
constexpr std::size_t kMostLines = 100;
constexpr std::size_t kMostBytes = std::size_t{4} << 20;

// Passes the archive's properties to `take` in batches, and its faults to `on_fault` one by one.
// `run` may be null.
template <typename Take>
ArchiveRevert for_batches(ArchiveReader& archive, Run* run, const OnFault& on_fault,
                          const Take& take) {
  ArchiveRevert revert;
  std::vector<RemovedProperty> batch;
  std::size_t bytes = 0;
  const auto flush = [&] {
    // Between two transactions: nothing is half done.
    if (run != nullptr)
      run->look_at_orders();
    if (stop_requested())
      throw Error(ErrorKind::interrupted, "interrupted; properties already put back are kept",
                  "backglance contract --revert");
    revert.properties += take(batch);
    batch.clear();
    bytes = 0;
  };
  while (auto found = archive.next()) {
    if (const auto* const fault = std::get_if<ArchiveFault>(&*found)) {
      ++revert.faults;
      on_fault(*fault);
      continue;
    }
    RemovedProperty& property = std::get<RemovedProperty>(*found);
    bytes += property.value ? property.value->size() : 0;
    batch.push_back(std::move(property));
    if (batch.size() >= kMostLines || bytes >= kMostBytes)
      flush();
  }
  if (!batch.empty())
    flush();
  revert.whole = archive.is_whole();
  return revert;
}

}  // namespace

RestoreCounts revert_contract(Session& session) {
  require_writable(read_schema_state(session));
  Run run(session, "contract revert");
  const RestoreCounts counts = restore_properties(session, [&] { run.look_at_orders(); });
  run.finish("done", counts.restored);
  return counts;
}

ArchiveRevert revert_from(Session& session, ArchiveReader& archive, const OnFault& on_fault) {
  const SchemaState state = read_schema_state(session);
  require_glance(state);
  // Everything that this writes exists since version 1 of the ledger, so an older ledger is fine.
  require_known_ledger(state);
  // Without our tables, no other run can begin, so there is none to keep out.
  std::optional<Run> run;
  if (state.has_ledger)
    run.emplace(session, "contract revert");
  const ArchiveRevert revert = for_batches(
      archive, run ? &*run : nullptr, on_fault,
      [&](const auto& batch) { return restore_removed(session, batch, state.has_ledger); });
  if (run)
    run->finish("done", revert.properties.restored);
  return revert;
}

ArchiveRevert plan_revert_from(Session& session, ArchiveReader& archive, const OnFault& on_fault) {
  const SchemaState state = read_schema_state(session);
  require_glance(state);
  return for_batches(archive, nullptr, on_fault, [&](const auto& batch) {
    return plan_restore(session, batch, state.has_ledger);
  });
}

}  // namespace backglance
