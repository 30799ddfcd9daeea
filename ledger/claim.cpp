// SPDX-License-Identifier: Apache-2.0
// Queue: claims images.
#include <algorithm>
#include <limits>

#include "ledger/bunch.h"
#include "ledger/queue.h"
#include "sql/images.h"
#include "sql/retry.h"
#include "sql/row_list.h"
#include "sql/text.h"

namespace backglance {

std::vector<Claim> Queue::claim(const std::string& run_id, const Bunch& bunch,
                                std::int64_t max_size, std::chrono::seconds lease,
                                const std::optional<SizedImage>& after) {
  const SqlParameters limits = {
      {"max_size", after ? std::min(max_size, after->size) : max_size},
      {"after_size", after ? after->size : std::numeric_limits<std::int64_t>::max()},
      {"after_id", after ? after->id : std::string()}};
  for (int look = 0; look < kLooks; ++look) {
    std::vector<SizedImage> candidates;
    const std::int64_t wanted = look == 0 ? bunch.most : bunch.most * kSpread;
    retry(session_, [&] {
      candidates.clear();
      SqlParameters parameters = limits;
      parameters.push_back({"count", wanted});
      session_.query(sql("claim_candidates"), parameters, [&](const SqlRow& row) {
        candidates.push_back({row.text_or_empty(0), row.integer_or(1, 0)});
      });
    });
    if (candidates.empty())
      return {};
    // After a collision choose at random; otherwise the same runs would collide again.
    if (look > 0)
      candidates = chosen(candidates, bunch.most);
    std::vector<Claim> claims = claim_ids("claim_due", run_id, bunch_of(candidates, bunch), lease);
    // The first look takes the head of the queue.
    for (Claim& one : claims)
      one.order = look == 0 ? ++claimed_in_order_ : 0;
    if (!claims.empty())
      return claims;
  }
  return {};
}

std::optional<Claim> Queue::claim_begun(const std::string& run_id, std::int64_t most,
                                        std::chrono::seconds lease) {
  // Other runs try to claim the first one too.
  constexpr std::int64_t kCandidates = 8;
  std::vector<std::string> ids;
  retry(session_, [&] {
    ids.clear();
    session_.query(sql("begun"), {{"most", most}, {"count", kCandidates}},
                   [&](const SqlRow& row) { ids.push_back(row.text_or_empty(0)); });
  });
  for (const std::string& id : ids) {
    std::vector<Claim> claims = claim_ids("claim_due", run_id, {id}, lease);
    if (!claims.empty())
      return std::move(claims.front());
  }
  return std::nullopt;
}

std::optional<Claim> Queue::claim_one(const std::string& run_id, const std::string& image_id,
                                      std::chrono::seconds lease) {
  std::vector<Claim> claims = claim_ids("claim_named", run_id, {image_id}, lease);
  return claims.empty() ? std::nullopt : std::optional(std::move(claims.front()));
}

std::vector<Claim> Queue::claim_ids(std::string_view statement, const std::string& run_id,
                                    const std::vector<std::string>& ids,
                                    std::chrono::seconds lease) {
  std::vector<Claim> claims;
  by_statements(ids, [&](const std::vector<std::string>& some) {
    const SqlParameters parameters = id_parameters(some, {{"run", run_id}});
    SqlParameters with_lease = parameters;
    with_lease.push_back({"seconds", std::int64_t{lease.count()}});
    // Without a reconnect the number of rows is reliable; with one, retry() may have repeated a
    // claim that was committed.
    const int reconnects = session_.reconnects();
    const auto rows = retry(session_, [&] {
      return session_.execute(statement_for(sql(statement), some.size()), with_lease);
    });
    // If an answer was lost, the rows decide: rows with our run id are ours, whether this attempt
    // or an earlier one claimed them.
    if (rows == 0 && session_.reconnects() == reconnects)
      return;
    retry(session_, [&] {
      std::vector<Claim> ours;
      session_.query(statement_for(sql("claimed"), some.size()), parameters,
                     [&](const SqlRow& row) {
                       ours.push_back({row.text_or_empty(0), row.integer_or(1, 0),
                                       row.integer_or(2, 0), row.integer_or(3, 0)});
                     });
      claims.insert(claims.end(), ours.begin(), ours.end());
    });
  });
  return claims;
}

}  // namespace backglance
