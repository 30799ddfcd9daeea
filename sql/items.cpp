#include "sql/items.h"

#include "base/stop.h"
#include "sql/text.h"

namespace backglance {
namespace {

// Rows queued in one transaction: short enough that a glance-api waiting for SQLite's one write
// lock, which gives up after 5 s, does not notice.
constexpr std::int64_t kQueuePage = 2000;

// When an image that could not be settled is tried again, and how often.
constexpr std::int64_t kBusyDelaySeconds = 600;
constexpr std::int64_t kChangedDelaySeconds = 60;
constexpr std::int64_t kChangedAttempts = 3;

struct Retry {
  bool again = false;
  std::int64_t delay_seconds = 0;
  std::int64_t tries = 1;  // that it counts for
};

Retry retry_of(ReadClass read_class, std::int64_t attempts_before) {
  if (read_class == ReadClass::busy_in_glance)
    return {true, kBusyDelaySeconds, 0};  // waiting for Glance is no attempt
  if (read_class == ReadClass::changed_while_read)
    return {attempts_before + 1 < kChangedAttempts, kChangedDelaySeconds};
  return {};
}

bool is_done(ReadClass read_class) {
  return read_class == ReadClass::hashed || read_class == ReadClass::already_done;
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional<std::string>(text);
}

}  // namespace

const std::string& Items::sql(std::string_view name) const {
  return sql_text(session_.engine(), "items", name);
}

std::int64_t Items::by_pages(std::initializer_list<std::string_view> names) {
  std::int64_t changed = 0;
  std::string after;
  while (const auto upto = image_page_end(session_, after, kQueuePage)) {
    for (const std::string_view name : names)
      changed += session_.execute(sql(name), {{"after", after}, {"upto", *upto}});
    after = *upto;
    if (stop_requested())
      break;  // the caller's next look at the wish to stop ends the run in its own way
  }
  return changed;
}

std::int64_t Items::queue_new() {
  return by_pages({"queue_page", "requeue_changed", "requeue_unreachable"});
}

std::int64_t Items::requeue_failed() {
  return by_pages({"requeue_failed"});
}

bool Items::requeue_one(const std::string& image_id) {
  return session_.execute(sql("requeue_one"), {{"id", image_id}}) > 0;
}

std::vector<Claim> Items::claim(const std::string& run_id, std::int64_t count,
                                std::int64_t max_size, std::chrono::seconds lease) {
  std::vector<Claim> candidates;
  // Under the write lock from the first look on: where another run takes the candidates in between,
  // nothing would be left of them, as if the queue were empty.
  Transaction transaction(session_);
  session_.query(sql("claim_candidates"), {{"count", count}, {"max_size", max_size}},
                 [&](const SqlRow& row) {
                   candidates.push_back({row.text_or_empty(0), row.integer_or(1, 0),
                                         row.integer_or(2, 0), row.integer_or(3, 0)});
                 });
  std::vector<Claim> claims;
  for (Claim& candidate : candidates) {
    if (session_.execute(sql("claim"), {{"run", run_id},
                                        {"seconds", std::int64_t{lease.count()}},
                                        {"id", candidate.image_id},
                                        {"token", candidate.token}}) == 0)
      continue;  // another run was quicker
    ++candidate.token;
    claims.push_back(std::move(candidate));
  }
  transaction.commit();
  return claims;
}

std::optional<Claim> Items::claim_one(const std::string& run_id, const std::string& image_id,
                                      std::chrono::seconds lease) {
  const auto row = session_.first_row(sql("claim_candidate"), {{"id", image_id}});
  if (!row)
    return std::nullopt;
  Claim claim{image_id, row->integer_or(1, 0), row->integer_or(2, 0), row->integer_or(3, 0)};
  if (session_.execute(sql("claim"), {{"run", run_id},
                                      {"seconds", std::int64_t{lease.count()}},
                                      {"id", image_id},
                                      {"token", claim.token}}) == 0)
    return std::nullopt;
  ++claim.token;
  return claim;
}

void Items::renew(const std::string& run_id, std::chrono::seconds lease) {
  session_.execute(sql("renew"), {{"run", run_id}, {"seconds", std::int64_t{lease.count()}}});
}

void Items::release(const std::string& run_id, const Claim& claim) {
  session_.execute(sql("release"),
                   {{"run", run_id}, {"id", claim.image_id}, {"token", claim.token}});
}

void Items::release_run(const std::string& run_id) {
  session_.execute(sql("release_run"), {{"run", run_id}});
}

std::vector<std::optional<ReadClass>> Items::settle(const std::string& run_id,
                                                    const std::vector<Settled>& settled) {
  std::vector<std::optional<ReadClass>> became;
  Transaction transaction(session_);
  became.reserve(settled.size());
  for (const Settled& one : settled)
    became.push_back(settle_one(run_id, one));
  transaction.commit();
  return became;
}

std::optional<ReadClass> Items::settle_one(const std::string& run_id, const Settled& settled) {
  const auto& [claim, outcome] = settled;
  const Retry retry = retry_of(outcome.read_class, claim.attempts);
  const std::string result(read_class_name(outcome.read_class));
  if (retry.again) {
    const auto rows = session_.execute(sql("postpone"), {{"result", result},
                                                         {"reason", outcome.reason},
                                                         {"tries", retry.tries},
                                                         {"delay", retry.delay_seconds},
                                                         {"id", claim.image_id},
                                                         {"run", run_id},
                                                         {"token", claim.token}});
    return rows == 0 ? std::nullopt : std::optional(outcome.read_class);
  }

  const bool hashed = outcome.read_class == ReadClass::hashed;
  const auto rows = session_.execute(
      sql("finish"),
      {{"state", std::string(is_done(outcome.read_class) ? "done" : "failed")},
       {"result", result},
       {"reason", sql_value(unless_empty(outcome.reason))},
       {"location", sql_value(outcome.location_id)},
       {"identity", sql_value(unless_empty(outcome.identity))},
       {"bytes", outcome.bytes},
       {"md5", sql_value(unless_empty(outcome.md5))},
       {"algorithm", sql_value(hashed ? unless_empty(outcome.algorithm) : std::nullopt)},
       {"digest", sql_value(hashed ? unless_empty(outcome.digest) : std::nullopt)},
       {"run", run_id},
       {"id", claim.image_id},
       {"token", claim.token}});
  if (rows == 0)
    return std::nullopt;
  if (!hashed || publish(claim.image_id, outcome))
    return outcome.read_class;

  const ReadClass why = why_not_published(claim.image_id);
  // A row that does not stand still is not read for ever.
  const bool again = why == ReadClass::busy_in_glance && claim.attempts + 1 < kChangedAttempts;
  session_.execute(
      sql("amend_result"),
      {{"state", std::string(again          ? "queued"
                             : is_done(why) ? "done"
                                            : "failed")},
       {"result", std::string(read_class_name(why))},
       {"reason", std::string(again ? "the image's row changed in Glance during the read"
                                    : read_class_text(why))},
       {"delay", again ? kChangedDelaySeconds : 0},
       {"id", claim.image_id},
       {"run", run_id},
       {"token", claim.token}});
  return why;
}

bool Items::publish(const std::string& image_id, const ReadOutcome& outcome) {
  return session_.execute(sql("publish"), {{"md5", outcome.md5},
                                           {"algorithm", outcome.algorithm},
                                           {"digest", outcome.digest},
                                           {"id", image_id},
                                           {"bytes", std::to_string(outcome.bytes)},
                                           {"location", sql_value(outcome.location_id)}}) > 0;
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

std::vector<Items::Erased> Items::erased_page(const std::string& after, std::int64_t page) {
  std::vector<Erased> erased;
  session_.query(sql("erased_page"), {{"after", after}, {"page", page}}, [&](const SqlRow& row) {
    Erased one;
    one.image_id = row.text_or_empty(0);
    one.outcome.read_class = ReadClass::restored;
    one.outcome.md5 = row.text_or_empty(1);
    one.outcome.algorithm = row.text_or_empty(2);
    one.outcome.digest = row.text_or_empty(3);
    one.outcome.bytes = row.integer_or(4, -1);
    one.outcome.location_id = row.integer(5);
    one.outcome.identity = row.text_or_empty(6);
    one.location_value = row.text(7);
    erased.push_back(std::move(one));
  });
  return erased;
}

bool Items::restore(const Erased& erased) {
  Transaction transaction(session_);
  if (!publish(erased.image_id, erased.outcome) ||
      session_.execute(sql("mark_restored"),
                       {{"id", erased.image_id}, {"digest", erased.outcome.digest}}) == 0)
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
QueueTotals Items::claimable() {
  return totals("claimable_totals");
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
    session_.execute(sql("forget_verification"), {{"id", claim.image_id}});
    session_.execute(sql("record_verification"),
                     {{"id", claim.image_id},
                      {"result", std::string(read_class_name(outcome.read_class))},
                      {"reason", sql_value(unless_empty(outcome.reason))},
                      {"bytes", outcome.bytes},
                      {"run", run_id}});
  }
  transaction.commit();
}

}  // namespace backglance
