// SPDX-License-Identifier: Apache-2.0
#include "ledger/queue.h"

#include <algorithm>

#include "base/stop.h"
#include "sql/images.h"
#include "sql/retry.h"
#include "sql/row_list.h"
#include "sql/text.h"

namespace backglance {
namespace {

// Rows queued in one transaction: short enough that a glance-api waiting for SQLite's one write
// lock, which gives up after 5 s, does not notice.
constexpr std::int64_t kQueuePage = 2000;

}  // namespace

const std::string& Queue::sql(std::string_view name) const {
  return sql_text(session_.engine(), "queue", name);
}

std::int64_t Queue::by_pages(std::initializer_list<std::string_view> names,
                             const MayGoOn& may_go_on) {
  std::int64_t changed = 0;
  std::string after;
  const auto page_end = [&] { return image_page_end(session_, after, kQueuePage); };
  while (const auto upto = retry(session_, page_end)) {
    for (const std::string_view name : names) {
      // Take the larger count: if an attempt was committed but its answer was lost, the next
      // attempt changes no rows.
      std::int64_t rows = 0;
      retry(session_, [&] {
        // One transaction per page and statement: Glance's writers have their turn in between.
        Transaction transaction(session_);
        rows = std::max(rows, session_.execute(sql(name), {{"after", after}, {"upto", *upto}}));
        transaction.commit();
      });
      changed += rows;
    }
    after = *upto;
    if (may_go_on ? !may_go_on() : stop_requested())
      break;  // the caller checks the stop itself and ends the run
  }
  return changed;
}

std::int64_t Queue::queue_new(const MayGoOn& may_go_on) {
  return by_pages({"queue_page", "requeue_changed", "requeue_unreachable"}, may_go_on);
}

std::int64_t Queue::requeue_failed(const MayGoOn& may_go_on) {
  return by_pages({"requeue_failed"}, may_go_on);
}

bool Queue::requeue_one(const std::string& image_id) {
  return session_.execute(sql("requeue_one"), {{"id", image_id}}) > 0;
}

void Queue::renew(const std::string& run_id, const std::vector<std::string>& ids,
                  std::chrono::seconds lease) {
  by_statements(ids, [&](const std::vector<std::string>& some) {
    session_.execute(
        statement_for(sql("renew"), some.size()),
        id_parameters(some, {{"run", run_id}, {"seconds", std::int64_t{lease.count()}}}));
  });
}

void Queue::release(const std::string& run_id, const Claim& claim) {
  // Run and token: a late release must not free the claim of another run.
  session_.execute(sql("release"),
                   {{"run", run_id}, {"id", claim.image_id}, {"token", claim.token}});
}

void Queue::correct_size(const std::string& run_id, const Claim& claim, std::int64_t size) {
  session_.execute(
      sql("correct_size"),
      {{"run", run_id}, {"id", claim.image_id}, {"token", claim.token}, {"size", size}});
}

void Queue::release_run(const std::string& run_id) {
  std::vector<std::string> ids;
  // First the ids, then the change by primary key: an UPDATE that searches would lock the queue on
  // its way.
  session_.query(sql("leased"), {{"run", run_id}},
                 [&](const SqlRow& row) { ids.push_back(row.text_or_empty(0)); });
  by_statements(ids, [&](const std::vector<std::string>& some) {
    session_.execute(statement_for(sql("release_leased"), some.size()),
                     id_parameters(some, {{"run", run_id}}));
  });
}

bool Queue::is_leased(const std::string& image_id) {
  return session_.count(sql("is_leased"), {{"id", image_id}}) > 0;
}

std::vector<Queue::Holder> Queue::holders(const std::string& run_id) {
  std::vector<Holder> holders;
  session_.query(sql("holders"), {{"run", run_id}}, [&](const SqlRow& row) {
    holders.push_back({row.text_or_empty(0), row.text_or_empty(1), row.text_or_empty(2),
                       row.integer_or(3, 0), row.integer_or(4, 0)});
  });
  return holders;
}

}  // namespace backglance
