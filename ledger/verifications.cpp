// SPDX-License-Identifier: Apache-2.0
#include "ledger/verifications.h"

#include <algorithm>

#include "base/bounded.h"
#include "ledger/signatures.h"
#include "sql/text.h"

namespace backglance {
namespace {

const std::string& sql(const Session& session, std::string_view name) {
  return sql_text(session.engine(), "verifications", name);
}

}  // namespace

void record_verifications(Session& session, const std::string& run_id,
                          const std::vector<SettledImage>& verified) {
  if (verified.empty())
    return;
  Transaction transaction(session);
  record_within(session, run_id, verified);
  transaction.commit();
}

void record_within(Session& session, const std::string& run_id,
                   const std::vector<SettledImage>& verified) {
  for (const auto& [claim, outcome] : verified) {
    // A result that compared nothing does not replace one that did.
    const Evidence evidence = facts_of(outcome.result).evidence;
    if (evidence == Evidence::none &&
        session.count(sql(session, "has_verification"), {{"id", claim.image_id}}) > 0)
      continue;
    // Even where there is no other: a report would say that the bytes agree.
    if (outcome.compared_nothing) {
      record_signatures(session, run_id, claim.image_id, outcome.signatures);
      continue;
    }
    // The other run may have read the bytes later: `verified` must not hide its finding.
    if (outcome.result == ImageResult::verified &&
        session.count(sql(session, "has_later_finding"),
                      {{"id", claim.image_id}, {"run", run_id}, {"since", outcome.read_since}}) > 0)
      continue;
    session.execute(sql(session, "forget_verification"), {{"id", claim.image_id}});
    session.execute(sql(session, "record_verification"),
                    {{"id", claim.image_id},
                     {"result", std::string(result_name(outcome.result))},
                     {"reason", text_or_null(bounded(outcome.reason, kLongestReason))},
                     {"bytes", outcome.bytes},
                     {"run", run_id}});
    // The recorded signature verdicts were made for other bytes.
    if (evidence == Evidence::refutes)
      forget_signatures(session, claim.image_id);
    if (outcome.result == ImageResult::verified)
      record_signatures(session, run_id, claim.image_id, outcome.signatures);
  }
}

std::vector<std::pair<ImageResult, std::int64_t>> verify_finding_counts(Session& session) {
  std::vector<std::pair<ImageResult, std::int64_t>> counts;
  session.query(sql(session, "finding_counts"), {}, [&](const SqlRow& row) {
    // A result that only a later version knows is none of ours.
    if (const auto result = result_from_name(row.text_or_empty(0)); result && is_finding(*result))
      counts.emplace_back(*result, row.integer_or(1, 0));
  });
  std::sort(counts.begin(), counts.end());
  return counts;
}

}  // namespace backglance
