// SPDX-License-Identifier: Apache-2.0
#include "contract/contract.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <optional>

#include "base/stop.h"
#include "base/text.h"
#include "base/unfinished_file.h"
#include "ledger/runs.h"
#include "ledger/signatures.h"
#include "sql/galera.h"
#include "sql/guard.h"
#include "sql/images.h"
#include "sql/retry.h"
#include "sql/schema_state.h"
#include "sql/server.h"
#include "sql/sqlite_backup.h"
#include "sql/text.h"

namespace backglance {
namespace {

constexpr std::int64_t kPage = 200;
// Images that are named; the rest is counted.
constexpr std::size_t kListed = 10;
constexpr const char* kSafetyCopy = "backglance-before-contract-";

std::vector<std::string> page_of(Session& session, Removable which, const std::string& after) {
  return which == Removable::due ? due_page(session, after, kPage)
                                 : settled_page(session, after, kPage);
}

void require_no_stop() {
  if (stop_requested())
    throw Error(ErrorKind::interrupted, "interrupted; properties already removed can be put back",
                "backglance contract");
}

// Calls `on_image` with each candidate and its removable properties, which may be none.
template <typename OnImage>
void for_each_removable(Session& session, Removable which, const OnImage& on_image) {
  std::string after;
  for (;;) {
    const auto page = page_of(session, which, after);
    if (page.empty())
      return;
    for (const std::string& image_id : page) {
      require_no_stop();
      on_image(image_id,
               retry(session, [&] { return removable_properties(session, image_id, which); }));
    }
    after = page.back();
  }
}

// True if the archive can hold all of them; otherwise counts the image in `found`.
template <typename Found, typename Properties>
bool fit_archive(const std::string& image_id, const Properties& properties, Found& found) {
  const auto fits = [](const auto& property) {
    RemovedProperty removed;
    static_cast<PropertyRow&>(removed) = property;
    removed.deleted_at = "2026-03-04 05:06:07";  // of the removal to come: any time will do
    return can_be_archived(removed);
  };
  if (std::all_of(properties.begin(), properties.end(), fits))
    return true;
  ++found.unarchivable;
  if (found.first_unarchivable.size() < kListed)
    found.first_unarchivable.push_back(image_id);
  return false;
}

void count_due(Session& session, ContractPlan& plan) {
  for_each_removable(session, Removable::due,
                     [&](const std::string& image_id, const std::vector<PropertyRow>& properties) {
                       if (!fit_archive(image_id, properties, plan))
                         return;
                       plan.due_images += properties.empty() ? 0 : 1;
                       plan.due_properties += static_cast<std::int64_t>(properties.size());
                     });
}

// `stores` null: it does not matter whether this host sees the images.
void count_settled(Session& session, const StoreQuestions* stores, ContractPlan& plan) {
  const auto still_has_some = [&](const std::string& image_id) {
    const auto look = [&] { return removable_properties(session, image_id, Removable::due); };
    return !retry(session, look).empty();
  };
  for_each_removable(
      session, Removable::settled,
      [&](const std::string& image_id, const std::vector<PropertyRow>& properties) {
        if (!fit_archive(image_id, properties, plan) ||
            (stores != nullptr && !properties.empty() && !is_seen(*stores, image_id, plan.unseen)))
          return;
        plan.settled_images += properties.empty() ? 0 : 1;
        plan.settled_properties += static_cast<std::int64_t>(properties.size());
        // The last verification found it settled, and it no longer is.
        plan.outdated_images += properties.empty() && still_has_some(image_id) ? 1 : 0;
      });
}

// Different for each run: "2026-03-08T024011Z-1f0b5e0c".
std::string file_stamp(const Run& run) {
  const std::string time = utc_time(std::time(nullptr));
  std::string stamp;
  for (const char c : time)
    stamp += c == ' ' ? 'T' : c;
  std::erase(stamp, ':');
  return stamp + "Z-" + run.id().substr(run.id().size() - 8);
}

void drop_tables(Session& session, const SchemaState& state) {
  for (const LedgerRemoval& one : ledger_removal(state.catalog, session.engine()))
    session.execute(one.statement.sql);
}

Uninstall what_is_ours(const SchemaState& state, const EngineFacts& engine) {
  require_own_tables(state, engine);
  Uninstall ours;
  ours.guard = !guard_removal(state, engine).empty();
  for (const std::string& table : ledger_tables())
    if (state.catalog.contains(table))
      ours.tables.push_back(table);
  return ours;
}

void require_no_live_run(Session& session, const SchemaState& state) {
  if (!state.catalog.contains("backglance_run"))
    return;
  if (const auto live = live_runs(session); !live.empty())
    throw Error(ErrorKind::locked,
                fmt::format("another run is at work: {} on {}", printable(live.front().command),
                            printable(live.front().host)),
                "backglance status");
}

// Not in one transaction with the tables: so its lock on the table images is held only for a
// moment.
void drop_guard(Session& session, const SchemaState& state, const OnWait& on_wait) {
  for (const StepStatement& statement : guard_removal(state, session.engine()))
    run_patiently(session, kGuardStep, statement, on_wait, "backglance contract --uninstall");
}

// If each DROP TABLE commits by itself, a run keeps others out. If it is killed, the next call
// continues: on an incomplete ledger only expand can begin, which completes it again.
Uninstall uninstall_by_statement(Session& session, const OnWait& on_wait) {
  require_total_order(session);
  require_single_primary(session);
  const SchemaState state = read_schema_state(session);
  Uninstall there = what_is_ours(state, session.engine());
  std::optional<Run> run;
  if (state.has_ledger)
    run.emplace(session, "contract");
  drop_guard(session, state, on_wait);
  drop_tables(session, state);
  if (run)
    run->forget();
  return there;
}

ContractPlan look_at_due(Session& session, const StoreQuestions& stores) {
  ContractPlan plan;
  plan.gate = look_at_gate(session, stores);
  count_due(session, plan);
  return plan;
}

// What is asked before the properties of an image are removed: the gate, or whether this host sees
// the image. The other one is null.
struct Before {
  GateWatch* gate = nullptr;
  const StoreQuestions* stores = nullptr;
};

// Removes all removable properties. Each image's properties are archived first.
void remove_all(Session& session, Run& run, Removable which, RemovalArchive& archive,
                ContractResult& result, const Before& before) {
  // Called before the COMMIT: the archive is on the disk before the removal is.
  const auto archive_first = [&](const std::vector<RemovedProperty>& properties) {
    if (!std::all_of(properties.begin(), properties.end(), can_be_archived))
      return false;
    for (const RemovedProperty& property : properties)
      archive.add(property);
    archive.sync();
    return true;
  };
  const auto remove = [&](const std::string& image_id, const std::vector<PropertyRow>& properties) {
    if (properties.empty() || !fit_archive(image_id, properties, result))
      return;
    run.look_at_orders();
    require_no_stop();
    if (before.gate != nullptr)
      before.gate->before_removal(image_id);
    if (before.stores != nullptr && !is_seen(*before.stores, image_id, result.unseen))
      return;
    const auto removed = remove_properties(session, run.id(), image_id, which, archive_first);
    result.images += removed.empty() ? 0 : 1;
    result.properties += static_cast<std::int64_t>(removed.size());
  };
  try {
    for_each_removable(session, which, remove);
  } catch (const Error& error) {
    // The archive is complete: it holds everything that this run has removed.
    if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::gate)
      archive.close();
    if (error.kind() == ErrorKind::gate && result.images > 0)
      throw error.within(fmt::format("the properties of {} are removed, and can be put back",
                                     counted(result.images, "image")));
    throw;
  }
  archive.close();
}

ContractResult remove_into_archive(Session& session, const DatabaseUrl& database, Run& run,
                                   Removable which, const ContractOptions& options,
                                   const Before& before) {
  const std::string stamp = file_stamp(run);
  ContractResult result;
  remove_unfinished(options.directory,
                    [](std::string_view name) { return name.starts_with(kSafetyCopy); });
  result.archive = options.directory / ("backglance-removed-" + stamp + ".jsonl");
  // Before anything is removed. On a server, backups are the operator's.
  if (database.engine == Engine::sqlite) {
    result.safety_copy = options.directory / (std::string(kSafetyCopy) + stamp + ".sqlite");
    copy_sqlite_database(database, result.safety_copy);
  }
  // The copy may have taken minutes.
  if (before.gate != nullptr)
    before.gate->look();
  RemovalArchive archive(result.archive, run.id(), options.key);
  remove_all(session, run, which, archive, result, before);
  // Their signatures are no longer deprecated.
  untag_settled(session);
  run.finish("done", result.images);
  return result;
}

ContractResult nothing_removed(const ContractPlan& plan) {
  ContractResult result;
  result.unarchivable = plan.unarchivable;
  result.first_unarchivable = plan.first_unarchivable;
  return result;
}

}  // namespace

// A clock that is ahead ends all grace periods at once, and what is removed was to stay for months.
// On servers there are two clocks to compare.
void require_agreeing_clocks(Session& session) {
  constexpr std::int64_t kDay = 86400;
  const std::int64_t host = std::time(nullptr);
  const std::int64_t database = retry(session, [&] { return database_time(session); });
  if (std::abs(database - host) > kDay)
    throw Error(ErrorKind::gate,
                fmt::format("contract is blocked: the database's clock says {} UTC and this host's "
                            "says {} UTC, so it is not known which grace periods have ended",
                            utc_time(within_calendar(database)), utc_time(within_calendar(host))),
                "set the wrong clock, then backglance contract");
}

ContractPlan plan_contract(Session& session, const StoreQuestions& stores) {
  require_expanded(read_schema_state(session));
  ContractPlan plan = look_at_due(session, stores);
  // An image may be both due and settled, and counts once.
  ContractPlan settled;
  count_settled(session, nullptr, settled);
  plan.settled_images = settled.settled_images;
  plan.settled_properties = settled.settled_properties;
  plan.outdated_images = settled.outdated_images;
  return plan;
}

ContractPlan plan_settled(Session& session, const StoreQuestions& stores) {
  require_expanded(read_schema_state(session));
  ContractPlan plan;
  count_settled(session, &stores, plan);
  return plan;
}

ContractResult contract(Session& session, const DatabaseUrl& database, const StoreQuestions& stores,
                        const ContractOptions& options) {
  require_writable(read_schema_state(session));
  Run run(session, "contract");
  // Checked again within the run, while no other run is at work.
  const ContractPlan plan = look_at_due(session, stores);
  require_open(session, plan.gate);
  GateWatch gate(session, stores);
  if (plan.due_images > 0) {
    require_agreeing_clocks(session);
    return remove_into_archive(session, database, run, Removable::due, options, {.gate = &gate});
  }
  run.finish("done");
  return nothing_removed(plan);
}

ContractResult contract_settled(Session& session, const DatabaseUrl& database,
                                const StoreQuestions& stores, const ContractOptions& options) {
  require_writable(read_schema_state(session));
  Run run(session, "contract settled");
  ContractPlan plan;
  count_settled(session, &stores, plan);
  if (plan.settled_images > 0)
    return remove_into_archive(session, database, run, Removable::settled, options,
                               {.stores = &stores});
  if (plan.unseen.images > 0)
    refuse_unseen(plan.unseen);
  run.finish("done");
  return nothing_removed(plan);
}

Uninstall plan_uninstall(Session& session) {
  return what_is_ours(read_schema_state(session), session.engine());
}

Uninstall uninstall(Session& session, const OnWait& on_wait) {
  if (!session.engine().transactional_ddl)
    return uninstall_by_statement(session, on_wait);
  const SchemaState before = read_schema_state(session);
  Uninstall there = what_is_ours(before, session.engine());
  require_no_live_run(session, before);
  drop_guard(session, before, on_wait);
  // From here to the end no run can begin: it would lose its tables.
  Transaction transaction(session);
  const SchemaState state = read_schema_state(session);
  require_own_tables(state, session.engine());
  if (state.catalog.contains("backglance_control"))
    lock_runs(session);
  require_no_live_run(session, state);
  drop_tables(session, state);
  transaction.commit();
  return there;
}

}  // namespace backglance
