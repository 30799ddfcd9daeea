// SPDX-License-Identifier: Apache-2.0
#include "ledger/items.h"

#include <algorithm>

#include "base/stop.h"
#include "ledger/signatures.h"
#include "sql/retry.h"
#include "sql/row_list.h"
#include "sql/text.h"

namespace backglance {
namespace {

// Rows queued in one transaction: short enough that a glance-api waiting for SQLite's one write
// lock, which gives up after 5 s, does not notice.
constexpr std::int64_t kQueuePage = 2000;

}  // namespace

const std::string& Items::sql(std::string_view name) const {
  return sql_text(session_.engine(), "items", name);
}

std::int64_t Items::by_pages(std::initializer_list<std::string_view> names,
                             const MayGoOn& may_go_on) {
  std::int64_t changed = 0;
  std::string after;
  const auto page_end = [&] { return image_page_end(session_, after, kQueuePage); };
  while (const auto upto = retry(session_, page_end)) {
    for (const std::string_view name : names) {
      // An attempt that was committed though its answer was lost leaves nothing for the next.
      std::int64_t rows = 0;
      retry(session_, [&] {
        Transaction transaction(session_);
        rows = std::max(rows, session_.execute(sql(name), {{"after", after}, {"upto", *upto}}));
        transaction.commit();
      });
      changed += rows;
    }
    after = *upto;
    if (may_go_on ? !may_go_on() : stop_requested())
      break;  // the caller's next look at the wish to stop ends the run in its own way
  }
  return changed;
}

std::int64_t Items::queue_new(const MayGoOn& may_go_on) {
  return by_pages({"queue_page", "requeue_changed", "requeue_unreachable"}, may_go_on);
}

std::int64_t Items::requeue_failed(const MayGoOn& may_go_on) {
  return by_pages({"requeue_failed"}, may_go_on);
}

bool Items::requeue_one(const std::string& image_id) {
  return session_.execute(sql("requeue_one"), {{"id", image_id}}) > 0;
}

void Items::renew(const std::string& run_id, const std::vector<std::string>& ids,
                  std::chrono::seconds lease) {
  by_statements(ids, [&](const std::vector<std::string>& some) {
    session_.execute(
        statement_for(sql("renew"), some.size()),
        id_parameters(some, {{"run", run_id}, {"seconds", std::int64_t{lease.count()}}}));
  });
}

void Items::release(const std::string& run_id, const Claim& claim) {
  session_.execute(sql("release"),
                   {{"run", run_id}, {"id", claim.image_id}, {"token", claim.token}});
}

void Items::release_run(const std::string& run_id) {
  std::vector<std::string> ids;
  session_.query(sql("leased"), {{"run", run_id}},
                 [&](const SqlRow& row) { ids.push_back(row.text_or_empty(0)); });
  by_statements(ids, [&](const std::vector<std::string>& some) {
    session_.execute(statement_for(sql("release_leased"), some.size()),
                     id_parameters(some, {{"run", run_id}}));
  });
}

bool Items::is_leased(const std::string& image_id) {
  return session_.count(sql("is_leased"), {{"id", image_id}}) > 0;
}

std::vector<Items::Holder> Items::holders(const std::string& run_id) {
  std::vector<Holder> holders;
  session_.query(sql("holders"), {{"run", run_id}}, [&](const SqlRow& row) {
    holders.push_back({row.text_or_empty(0), row.text_or_empty(1), row.text_or_empty(2),
                       row.integer_or(3, 0), row.integer_or(4, 0)});
  });
  return holders;
}

std::int64_t Items::publish(const std::string& run_id, const std::vector<std::string>& ids) {
  return session_.execute(statement_for(sql("publish"), ids.size()),
                          id_parameters(ids, {{"run", run_id}}));
}

ReadClass Items::why_not_published(const std::string& image_id) {
  const auto image = read_image(session_, image_id);
  if (!image || !image->hashable)
    return ReadClass::gone;
  if (!image->os_hash_value.empty())
    return ReadClass::already_done;
  // Checksum, size or location moved under the read: Glance was at work on the row.
  return ReadClass::busy_in_glance;
}

std::vector<std::string> Items::read_page(const std::string& after, std::int64_t page) {
  std::vector<std::string> ids;
  session_.query(sql("read_page"), {{"after", after}, {"page", page}},
                 [&](const SqlRow& row) { ids.push_back(row.text_or_empty(0)); });
  return ids;
}

std::vector<Items::Erased> Items::erased_page(const std::string& after, std::int64_t page) {
  std::vector<Erased> erased;
  session_.query(sql("erased_page"), {{"after", after}, {"page", page}}, [&](const SqlRow& row) {
    Erased one;
    one.image_id = row.text_or_empty(0);
    one.run_id = row.text_or_empty(1);
    one.digest = row.text_or_empty(2);
    one.bytes = row.integer_or(3, 0);
    one.identity = row.text_or_empty(4);
    one.location_value = row.text(5);
    erased.push_back(std::move(one));
  });
  return erased;
}

bool Items::restore(const Erased& erased) {
  Transaction transaction(session_);
  if (publish(erased.run_id, {erased.image_id}) == 0 ||
      session_.execute(sql("mark_restored"),
                       {{"id", erased.image_id}, {"digest", erased.digest}}) == 0)
    return false;
  transaction.commit();
  return true;
}

void Items::requeue_erased(const std::string& image_id) {
  session_.execute(sql("requeue_erased"), {{"id", image_id}});
}

QueueTotals Items::totals(std::string_view name) {
  const auto row = session_.first_row(sql(name));
  return row ? QueueTotals{row->integer_or(0, 0), row->integer_or(1, 0)} : QueueTotals{};
}

QueueTotals Items::queued() {
  return totals("queued_totals");
}
QueueTotals Items::changed() {
  return totals("changed_totals");
}
QueueTotals Items::reachable() {
  return totals("reachable_totals");
}
QueueTotals Items::claimable() {
  return totals("claimable_totals");
}

void Items::due_sizes(bool with_failed, const EachSize& each) {
  session_.query(sql("due_sizes"), {{"failed", std::int64_t{with_failed ? 1 : 0}}},
                 [&](const SqlRow& row) { each(row.integer_or(0, 0), row.integer_or(0, 0)); });
}

void Items::claimable_sizes(const EachSize& each) {
  session_.query(sql("claimable_sizes"), {},
                 [&](const SqlRow& row) { each(row.integer_or(0, 0), row.integer_or(1, 0)); });
}

std::optional<std::int64_t> Items::smallest_claimable() {
  const auto row = session_.first_row(sql("smallest_claimable"));
  return row ? row->integer(0) : std::nullopt;
}

std::int64_t Items::larger_than(std::int64_t size) {
  return session_.count(sql("larger_count"), {{"size", size}});
}

std::optional<SizedImage> Items::largest_queued() {
  const auto row = session_.first_row(sql("largest_queued"));
  return row ? std::optional(SizedImage{row->text_or_empty(0), row->integer_or(1, 0)})
             : std::nullopt;
}

QueueTotals Items::failed() {
  return totals("failed_totals");
}

QueueTotals Items::unqueued() {
  return totals("unqueued_totals");
}

std::int64_t Items::erased() {
  return session_.count(sql("erased_count"));
}

void Items::record_verifications(const std::string& run_id, const std::vector<Settled>& verified) {
  if (verified.empty())
    return;
  Transaction transaction(session_);
  for (const auto& [claim, outcome] : verified) {
    // What compared nothing says nothing against what was found before.
    const Evidence evidence = facts_of(outcome.read_class).evidence;
    const bool compared = evidence != Evidence::none;
    if (!compared && session_.count(sql("has_verification"), {{"id", claim.image_id}}) > 0)
      continue;
    if (outcome.read_class == ReadClass::verified &&
        session_.count(sql("has_later_finding"), {{"id", claim.image_id}, {"run", run_id}}) > 0)
      continue;
    session_.execute(sql("forget_verification"), {{"id", claim.image_id}});
    session_.execute(sql("record_verification"),
                     {{"id", claim.image_id},
                      {"result", std::string(read_class_name(outcome.read_class))},
                      {"reason", text_or_null(outcome.reason)},
                      {"bytes", outcome.bytes},
                      {"run", run_id}});
    // What was found of other bytes.
    if (evidence == Evidence::refutes)
      forget_signatures(session_, claim.image_id);
    if (outcome.read_class == ReadClass::verified)
      record_signatures(session_, run_id, claim.image_id, outcome.signatures);
  }
  transaction.commit();
}

}  // namespace backglance
