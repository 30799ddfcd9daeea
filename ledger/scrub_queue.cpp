// SPDX-License-Identifier: Apache-2.0
#include "ledger/scrub_queue.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/stop.h"
#include "ledger/bunch.h"
#include "sql/retry.h"
#include "sql/row_list.h"
#include "sql/text.h"

namespace backglance {
namespace {

// As in ledger/queue.cpp: short enough that a glance-api which waits for SQLite's write lock does
// not notice.
constexpr std::int64_t kSchedulePage = 2000;

}  // namespace

const std::string& ScrubQueue::sql(std::string_view name) const {
  return sql_text(session_.engine(), "scrub_queue", name);
}

std::int64_t ScrubQueue::schedule(const Queue::MayGoOn& may_go_on) {
  std::int64_t scheduled = 0;
  std::string after;
  const auto page_end = [&] { return image_page_end(session_, after, kSchedulePage); };
  while (const auto upto = retry(session_, page_end)) {
    for (const char* name : {"schedule_new", "correct_sizes", "forget_time_to_come"}) {
      // The larger count: if an answer was lost, the next attempt changes no rows.
      std::int64_t rows = 0;
      retry(session_, [&] {
        Transaction transaction(session_);
        rows = std::max(rows, session_.execute(sql(name), {{"after", after}, {"upto", *upto}}));
        transaction.commit();
      });
      scheduled += std::string_view(name) == "schedule_new" ? rows : 0;
    }
    after = *upto;
    if (!may_go_on())
      break;
  }
  return scheduled;
}

void ScrubQueue::due_after(std::optional<std::chrono::seconds> older_than) {
  const auto row = session_.first_row(sql("times_of_run"), {{"run", run_id_}});
  const std::int64_t began = row ? row->integer_or(0, 0) : 0;
  due_ =
      older_than ? std::min(began, (row ? row->integer_or(1, 0) : 0) - older_than->count()) : began;
}

std::optional<std::int64_t> ScrubQueue::next_age(std::int64_t max_size) {
  return retry(session_, [&]() -> std::optional<std::int64_t> {
    const auto row = session_.first_row(
        sql("next_age"),
        {{"after", age_}, {"due", due_}, {"max_size", max_size}, {"run", run_id_}});
    return row ? row->integer(0) : std::nullopt;
  });
}

std::vector<SizedImage> ScrubQueue::candidates(std::int64_t count, std::int64_t max_size) {
  std::vector<SizedImage> found;
  retry(session_, [&] {
    found.clear();
    session_.query(
        sql("candidates"),
        {{"age", age_},
         {"max_size", after_ ? std::min(max_size, after_->size) : max_size},
         {"after_size", after_ ? after_->size : std::numeric_limits<std::int64_t>::max()},
         {"after_id", after_ ? after_->id : std::string()},
         {"run", run_id_},
         {"count", count}},
        [&](const SqlRow& row) {
          found.push_back({row.text_or_empty(0), row.integer_or(1, 0)});
        });
  });
  return found;
}

std::vector<Claim> ScrubQueue::claim(const Queue::Bunch& bunch, std::int64_t max_size) {
  // Behind this place, other runs may have given images back: at the end of the queue, it is
  // searched once more from its beginning.
  bool is_whole = age_ < 0;
  int look = 0;
  for (;;) {
    const std::int64_t wanted = look == 0 ? bunch.most : bunch.most * kSpread;
    auto some = candidates(wanted, max_size);
    if (some.empty()) {
      after_.reset();
      look = 0;
      if (const auto age = next_age(max_size)) {
        age_ = *age;
        continue;
      }
      age_ = -1;
      if (std::exchange(is_whole, true))
        return {};
      continue;
    }
    if (look > 0)
      some = chosen(some, bunch.most);
    const std::vector<std::string> ids = bunch_of(some, bunch);
    auto claims = claim_ids(ids);
    if (!claims.empty()) {
      if (look == 0)
        after_ = some[ids.size() - 1];
      return claims;
    }
    // Other runs were faster. After a few looks, the images after these.
    if (++look == kLooks) {
      after_ = some.back();
      look = 0;
    }
  }
}

std::vector<Claim> ScrubQueue::claim_ids(const std::vector<std::string>& ids) {
  std::vector<Claim> claims;
  by_statements(ids, [&](const std::vector<std::string>& some) {
    const SqlParameters ours = id_parameters(some, {{"run", run_id_}});
    SqlParameters with_lease = ours;
    with_lease.push_back({"due", due_});
    with_lease.push_back({"seconds", std::int64_t{kScrubLease.count()}});
    // As in Queue::claim_ids(): if an answer was lost, the rows decide.
    const int reconnects = session_.reconnects();
    const auto rows = retry(session_, [&] {
      return session_.execute(statement_for(sql("claim"), some.size()), with_lease);
    });
    if (rows == 0 && session_.reconnects() == reconnects)
      return;
    retry(session_, [&] {
      std::vector<Claim> found;
      session_.query(statement_for(sql("claimed"), some.size()), ours, [&](const SqlRow& row) {
        found.push_back({.image_id = row.text_or_empty(0),
                         .token = row.integer_or(1, 0),
                         .size_bytes = row.integer_or(2, 0)});
      });
      claims.insert(claims.end(), found.begin(), found.end());
    });
  });
  return claims;
}

void ScrubQueue::release(const Claim& claim) {
  session_.execute(sql("release"),
                   {{"id", claim.image_id}, {"run", run_id_}, {"token", claim.token}});
}

void ScrubQueue::correct_size(const Claim& claim, std::int64_t size) {
  session_.execute(
      sql("correct_size"),
      {{"size", size}, {"id", claim.image_id}, {"run", run_id_}, {"token", claim.token}});
}

bool ScrubQueue::settle(const Claim& claim, bool was_compared) {
  const SqlParameters ours = {{"id", claim.image_id}, {"run", run_id_}, {"token", claim.token}};
  return session_.execute(sql(was_compared ? "settle_read" : "settle_unread"), ours) > 0 ||
         session_.count(sql("is_settled"), ours) > 0;
}

void ScrubQueue::remove(const Claim& claim) {
  session_.execute(sql("remove"),
                   {{"id", claim.image_id}, {"run", run_id_}, {"token", claim.token}});
}

PendingTotals ScrubQueue::due() {
  const auto row = session_.first_row(sql("due_totals"), {{"due", due_}, {"run", run_id_}});
  return row ? PendingTotals{row->integer_or(0, 0), row->integer_or(1, 0), row->integer_or(2, 0)}
             : PendingTotals{};
}

bool ScrubQueue::is_any_due() {
  return session_.first_row(sql("is_any_due"), {{"due", due_}, {"run", run_id_}}).has_value();
}

void ScrubQueue::larger_than(std::int64_t size,
                             const std::function<void(const SizedImage&)>& each) {
  session_.query(sql("larger"), {{"due", due_}, {"size", size}}, [&](const SqlRow& row) {
    each({row.text_or_empty(0), row.integer_or(1, 0)});
  });
}

void ScrubQueue::due_sizes(const QueueFigures::EachSize& each) {
  session_.query(sql("due_sizes"), {{"due", due_}, {"run", run_id_}},
                 [&](const SqlRow& row) { each(row.integer_or(0, 0), row.integer_or(1, 0)); });
}

void renew_scrub(Session& session, const std::string& run_id, const std::vector<std::string>& ids) {
  const std::string& sql = sql_text(session.engine(), "scrub_queue", "renew");
  by_statements(ids, [&](const std::vector<std::string>& some) {
    session.execute(
        statement_for(sql, some.size()),
        id_parameters(some, {{"run", run_id}, {"seconds", std::int64_t{kScrubLease.count()}}}));
  });
}

void note_scrub_read(Session& session, const std::string& image_id) {
  session.execute(sql_text(session.engine(), "scrub_queue", "note_read"), {{"id", image_id}});
}

void planned_scrub(Session& session, std::chrono::seconds older_than,
                   const QueueFigures::EachSize& each) {
  session.query(sql_text(session.engine(), "scrub_queue", "planned"),
                {{"age", std::int64_t{older_than.count()}}},
                [&](const SqlRow& row) { each(row.integer_or(0, 0), row.integer_or(1, 0)); });
}

}  // namespace backglance
