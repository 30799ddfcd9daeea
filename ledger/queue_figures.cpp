// SPDX-License-Identifier: Apache-2.0
#include "ledger/queue_figures.h"

#include "sql/text.h"

namespace backglance {

QueueTotals QueueFigures::totals(std::string_view name) {
  const auto row = session_.first_row(sql_text(session_.engine(), "queue_figures", name));
  return row ? QueueTotals{row->integer_or(0, 0), row->integer_or(1, 0)} : QueueTotals{};
}

QueueTotals QueueFigures::queued() {
  return totals("queued_totals");
}

QueueTotals QueueFigures::changed() {
  return totals("changed_totals");
}

QueueTotals QueueFigures::doubted() {
  return totals("doubted_totals");
}

QueueTotals QueueFigures::reachable() {
  return totals("reachable_totals");
}

QueueTotals QueueFigures::claimable() {
  return totals("claimable_totals");
}

void QueueFigures::due_sizes(bool with_failed, const EachSize& each) {
  session_.query(sql_text(session_.engine(), "queue_figures", "due_sizes"),
                 {{"failed", std::int64_t{with_failed ? 1 : 0}}},
                 [&](const SqlRow& row) { each(row.integer_or(0, 0), row.integer_or(0, 0)); });
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

QueueTotals QueueFigures::failed() {
  return totals("failed_totals");
}

QueueTotals QueueFigures::unqueued() {
  return totals("unqueued_totals");
}

}  // namespace backglance
