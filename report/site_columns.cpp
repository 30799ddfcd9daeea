// SPDX-License-Identifier: Apache-2.0
// The columns of the coverage, of the stores, of the owners, of the schemes and of the runs.
#include "base/text.h"
#include "report/charts.h"
#include "report/columns.h"
#include "report/wording.h"

namespace backglance {
namespace {

using Align = TextTable::Align;
using Fit = TextTable::Fit;

// "fast: rbd"; what only the images name may be any text.
std::string store_text(const StoreRow& row) {
  const SiteReport::StoreCount& store = row.store;
  const std::string type = store.type.empty() ? "unknown" : printable(store.type, 32);
  const std::string name = store.id.empty() ? type : printable(store.id, 80) + ": " + type;
  return store.is_configured ? name : name + ", not configured";
}

constexpr Column<CoverageRow> kCoverageColumns[] = {
    {.name = "algorithm",
     .machine = Machine::json,
     .value = [](const CoverageRow& row) { return stored_or_nothing(row.coverage().algorithm); },
     .text = {1,
              {"ALGORITHM", Align::left, Fit::elastic},
              [](const CoverageRow& row) {
                const std::string& algorithm = row.coverage().algorithm;
                return algorithm.empty() ? std::string("no hash") : printable(algorithm);
              }},
     .page = {1,
              {"Algorithm", CellKind::label},
              [](const CoverageRow& row) {
                return coverage_swatch(row.summary, row.index) +
                       html_text(row.coverage().algorithm, "no hash", 60);
              }}},
    {.name = "images",
     .machine = Machine::json,
     .value = [](const CoverageRow& row) -> Value { return Count{row.coverage().images}; },
     .text = {2, {"IMAGES", Align::right}},
     .page = {2, {"Images", CellKind::number}}},
    {.machine = Machine::none,
     .value = [](const CoverageRow& row) -> Value {
       return Word{percent_text(row.coverage().images, row.summary.images)};
     },
     .text = {3, {"SHARE", Align::right}},
     .page = {3, {"Share", CellKind::number}}},
    {.name = "bytes",
     .machine = Machine::json,
     .value = [](const CoverageRow& row) -> Value { return Bytes{row.coverage().bytes}; },
     .text = {4, {"BYTES", Align::right}},
     .page = {4, {"Bytes", CellKind::number}}},
    {.machine = Machine::none,
     .value = [](const CoverageRow& row) -> Value {
       return Word{percent_text(row.coverage().bytes, row.summary.bytes)};
     },
     .text = {5, {"SHARE", Align::right}},
     .page = {5, {"Share of bytes", CellKind::number}}},
};

// To people, id and type are one name.
constexpr Column<StoreRow> kStoreColumns[] = {
    {.name = "id",
     .machine = Machine::json,
     .value = [](const StoreRow& row) -> Value { return Stored{row.store.id}; },
     .text = {1, {"STORE", Align::left, Fit::elastic}, store_text},
     .page = {1,
              {"Store", CellKind::label},
              [](const StoreRow& row) { return html_escaped(store_text(row)); }}},
    {.name = "type",
     .machine = Machine::json,
     .value = [](const StoreRow& row) -> Value { return Stored{row.store.type}; }},
    {.name = "configured",
     .machine = Machine::json,
     .value = [](const StoreRow& row) -> Value { return row.store.is_configured; }},
    {.name = "images",
     .machine = Machine::json,
     .value = [](const StoreRow& row) -> Value { return Count{row.store.images}; },
     .text = {2, {"IMAGES", Align::right}},
     .page = {2, {"Images", CellKind::number}}},
    {.name = "images_with_hash",
     .machine = Machine::json,
     .value = [](const StoreRow& row) -> Value { return Count{row.store.images_with_hash}; },
     .text = {3, {"WITH HASH", Align::right}},
     .page = {3, {"With a hash", CellKind::number}}},
    {.name = "bytes",
     .machine = Machine::json,
     .value = [](const StoreRow& row) -> Value { return Bytes{row.store.bytes}; },
     .text = {4, {"BYTES", Align::right}},
     .page = {4, {"Bytes", CellKind::number}}},
    {.name = "bytes_with_hash",
     .machine = Machine::json,
     .value = [](const StoreRow& row) -> Value { return Bytes{row.store.bytes_with_hash}; },
     .text = {5, {"WITH HASH", Align::right}},
     .page = {5, {"Bytes with a hash", CellKind::number}}},
    {.name = "findings",
     .machine = Machine::json,
     .value = [](const StoreRow& row) -> Value { return Count{row.store.findings}; },
     .text = {6, {"FINDINGS", Align::right}},
     .page = {6, {"Findings", CellKind::number}}},
};

// Not in the text report, which lists the images themselves.
constexpr Column<OwnerRow> kOwnerColumns[] = {
    {.name = "owner",
     .machine = Machine::json,
     .value = [](const OwnerRow& row) -> Value { return Stored{row.owner.owner}; },
     .page = {1,
              {"Owner", CellKind::id},
              [](const OwnerRow& row) { return html_text(row.owner.owner, "no owner"); }}},
    {.name = "images",
     .machine = Machine::json,
     .value = [](const OwnerRow& row) -> Value { return Count{row.owner.images}; },
     .page = {2, {"Images", CellKind::number}}},
    {.name = "overdue",
     .machine = Machine::json,
     .value = [](const OwnerRow& row) -> Value { return Count{row.owner.overdue}; },
     .page = {3, {"Past deadline", CellKind::number}}},
    {.name = "first_deadline_at",
     .machine = Machine::json,
     .value = [](const OwnerRow& row) { return day_or_nothing(row.owner.first_deadline); },
     .page = {4,
              {"First due"},
              [](const OwnerRow& row) {
                return html_deadline(row.report, row.owner.first_deadline);
              }}},
};

// A row without a scheme stands for the images whose signatures contract has removed.
constexpr Column<SchemeRow> kSchemeColumns[] = {
    {.machine = Machine::none,
     .text = {1,
              {"SCHEME"},
              [](const SchemeRow& row) {
                return row.scheme ? std::string(signature_scheme_text(*row.scheme))
                                  : std::string("removed by contract");
              }},
     .page = {1,
              {"Scheme", CellKind::label},
              [](const SchemeRow& row) {
                return row.scheme
                           ? html_in("nowrap", html_escaped(signature_scheme_text(*row.scheme)))
                           : Html("removed by contract");
              }}},
    {.machine = Machine::none,
     .value = [](const SchemeRow& row) -> Value { return Count{row.images}; },
     .text = {2, {"IMAGES", Align::right}},
     .page = {2, {"Images", CellKind::number}}},
    {.machine = Machine::none,
     .page = {3,
              {"What it means", CellKind::prose},
              [](const SchemeRow& row) {
                return row.scheme ? html_escaped(signature_scheme_meaning(*row.scheme))
                                  : html_part("removed");
              }}},
};

// A run that was killed has no outcome until the next run ends its row.
constexpr Column<RunLine> kRunColumns[] = {
    {.name = "run_id",
     .machine = Machine::json,
     .value = [](const RunLine& row) -> Value { return Stored{row.run.run_id}; }},
    {.name = "started_at",
     .machine = Machine::json,
     .value = [](const RunLine& row) -> Value { return Minute{row.run.started_at}; },
     .text = {1, {"STARTED"}},
     .page = {1, {"Started"}}},
    {.name = "command",
     .machine = Machine::json,
     .value = [](const RunLine& row) -> Value { return Stored{row.run.command}; },
     .text = {2, {"COMMAND", Align::left, Fit::elastic}},
     .page = {2, {"Command"}}},
    {.name = "outcome",
     .machine = Machine::json,
     .value = [](const RunLine& row) { return stored_or_nothing(row.run.outcome); },
     .text = {3,
              {"OUTCOME"},
              [](const RunLine& row) {
                return row.run.outcome.empty() ? std::string("not finished")
                                               : printable(row.run.outcome);
              }},
     .page = {3,
              {"Outcome"},
              [](const RunLine& row) { return html_text(row.run.outcome, "not finished", 60); }}},
    {.name = "images",
     .machine = Machine::json,
     .value = [](const RunLine& row) -> Value { return Count{row.run.images}; },
     .text = {4, {"IMAGES", Align::right}},
     .page = {4, {"Images", CellKind::number}}},
    {.name = "bytes",
     .machine = Machine::json,
     .value = [](const RunLine& row) -> Value { return Bytes{row.run.bytes}; },
     .text = {5, {"BYTES", Align::right}},
     .page = {5, {"Bytes", CellKind::number}}},
    // To people as the time that it took.
    {.name = "finished_at",
     .machine = Machine::json,
     .value = [](const RunLine& row) { return minute_or_nothing(row.run.finished_at); },
     .text = {6,
              {"TIME", Align::right},
              [](const RunLine& row) {
                return duration_text(row.run.started_at, row.run.finished_at);
              }},
     .page = {6,
              {"Time", CellKind::number},
              [](const RunLine& row) {
                return html_escaped(duration_text(row.run.started_at, row.run.finished_at));
              }}},
    {.name = "host",
     .machine = Machine::json,
     .value = [](const RunLine& row) -> Value { return Stored{row.run.host}; },
     .text = {7, {"HOST", Align::left, Fit::detail}},
     .page = {7, {"Host"}}},
};

}  // namespace

Columns<CoverageRow> coverage_columns() {
  return kCoverageColumns;
}

Columns<StoreRow> store_columns() {
  return kStoreColumns;
}

Columns<OwnerRow> owner_columns() {
  return kOwnerColumns;
}

Columns<SchemeRow> scheme_columns() {
  return kSchemeColumns;
}

Columns<RunLine> run_columns() {
  return kRunColumns;
}

}  // namespace backglance
