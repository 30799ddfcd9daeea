// SPDX-License-Identifier: Apache-2.0
#include "ledger/queue_figures.h"

#include "base/text.h"
#include "sql/text.h"

namespace backglance {

QueueTotals QueueFigures::totals(std::string_view name) {
  const auto row = session_.first_row(sql_text(session_.engine(), "queue_figures", name));
  return row ? QueueTotals{row->integer_or(0, 0), row->integer_or(1, 0)} : QueueTotals{};
}

QueueTotals QueueFigures::queued() {
  // So many are looked up in images within a moment.
  constexpr std::int64_t kFew = 20'000;
  const QueueTotals all = totals("queued_totals");
  return all.images > 0 && all.images <= kFew ? totals("live_queued_totals") : all;
}

QueueTotals QueueFigures::claimable() {
  return totals("claimable_totals");
}

void QueueFigures::due_sizes(bool with_failed, const EachSize& each) {
  session_.query(sql_text(session_.engine(), "queue_figures", "due_sizes"),
                 {{"failed", std::int64_t{with_failed ? 1 : 0}}},
                 [&](const SqlRow& row) { each(row.integer_or(0, 0), row.integer_or(1, 0)); });
}

void QueueFigures::claimable_sizes(const EachSize& each) {
  session_.query(sql_text(session_.engine(), "queue_figures", "claimable_sizes"), {},
                 [&](const SqlRow& row) { each(row.integer_or(0, 0), row.integer_or(1, 0)); });
}

std::optional<std::int64_t> QueueFigures::smallest_claimable() {
  const auto row =
      session_.first_row(sql_text(session_.engine(), "queue_figures", "smallest_claimable"));
  // MIN() of no rows is one row with NULL.
  return row ? row->integer(0) : std::nullopt;
}

std::int64_t QueueFigures::larger_than(std::int64_t size) {
  return session_.count(sql_text(session_.engine(), "queue_figures", "larger_count"),
                        {{"size", size}});
}

std::optional<SizedImage> QueueFigures::largest_queued() {
  const auto row =
      session_.first_row(sql_text(session_.engine(), "queue_figures", "largest_queued"));
  return row ? std::optional(SizedImage{row->text_or_empty(0), row->integer_or(1, 0)})
             : std::nullopt;
}

std::optional<QueueFigures::Item> QueueFigures::item(const std::string& image_id) {
  const auto row =
      session_.first_row(sql_text(session_.engine(), "queue_figures", "item"), {{"id", image_id}});
  return row ? std::optional(Item{row->text_or_empty(0), row->text_or_empty(1), row->truth(2)})
             : std::nullopt;
}

QueueTotals QueueFigures::failed() {
  return totals("failed_totals");
}

namespace {

// Adds the figures of a row to `figures`; they begin at `column`, in the order of the statements.
void add_figures(SiteFigures& figures, const SqlRow& row, std::size_t column) {
  const auto next = [&] { return row.integer_or(column++, 0); };
  const auto add = [&](QueueTotals& totals) {
    totals.images += next();
    totals.bytes += next();
  };
  add(figures.pending);
  figures.unknown_size += next();
  add(figures.unqueued);
  add(figures.queued);
  add(figures.claimable);
  add(figures.changed);
  add(figures.reachable);
  add(figures.failed);
  QueueTotals doubted;
  add(doubted);
  figures.doubted.images += doubted.images;
  figures.doubted.bytes += doubted.bytes;
  // Without the doubted ones.
  figures.erased += next() - doubted.images;
}

bool has_items(const SchemaState& state) {
  return state.has_ledger && state.has_os_hash;
}

}  // namespace

SiteFigures site_figures(Session& session, const SchemaState& state) {
  SiteFigures figures;
  if (!has_items(state)) {
    const PendingTotals pending = pending_totals(session, state.has_os_hash);
    figures.pending = {pending.images, pending.bytes};
    figures.unknown_size = pending.unknown_size;
    figures.unqueued = figures.pending;
    return figures;
  }
  const auto row = session.first_row(sql_text(session.engine(), "queue_figures", "site_figures"));
  if (row)
    add_figures(figures, *row, 0);
  return figures;
}

FiguresByStore site_figures_by_store(Session& session, const SchemaState& state) {
  if (!has_items(state))
    return {site_figures(session, state), location_groups(session, state.has_os_hash)};
  FiguresByStore found;
  session.query(sql_text(session.engine(), "queue_figures", "site_figures_by_store"), {},
                [&](const SqlRow& row) {
                  add_figures(found.figures, row, 5);
                  // Images without a location, and on some engines the figures of all.
                  if (row.text(0))
                    found.groups.push_back({lower_ascii(row.text_or_empty(0)),
                                            row.text_or_empty(1),
                                            {.images = row.integer_or(2, 0),
                                             .bytes = row.integer_or(3, 0),
                                             .unknown_size = row.integer_or(4, 0)}});
                });
  return found;
}

}  // namespace backglance
