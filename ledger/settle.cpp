// SPDX-License-Identifier: Apache-2.0
// Results: writes results into the ledger and publishes hashes in Glance's table.
#include <algorithm>
#include <map>

#include "base/bounded.h"
#include "ledger/results.h"
#include "ledger/signatures.h"
#include "sql/row_list.h"
#include "sql/text.h"

namespace backglance {
namespace {

// True if the image is read again without being asked for, after this number of attempts.
bool is_tried_again(const RetryRule& rule, std::int64_t attempts_before) {
  return rule.when == RetryRule::When::soon &&
         (rule.attempts == 0 || attempts_before + 1 < rule.attempts);
}

std::string state_of(ImageResult result) {
  return facts_of(result).done ? "done" : "failed";
}

}  // namespace

bool is_finding(const ReadOutcome& outcome) {
  return is_finding(outcome.result) && !outcome.again;
}

RetryRule retry_of(const ReadOutcome& outcome) {
  // Three runs of a night at most: what a store never gives is a finding in the end.
  constexpr RetryRule kOfTransient = {RetryRule::When::soon, 60, 3};
  return outcome.is_transient ? kOfTransient : facts_of(outcome.result).retry;
}

bool is_tried_again(const ReadOutcome& outcome, const Claim& claim) {
  return is_tried_again(retry_of(outcome), claim.attempts);
}

// All of this may run again after a lost answer: an image that is settled is recognised by run and
// token, and is not settled twice.
std::vector<std::optional<ImageResult>> Results::settle(const std::string& run_id,
                                                        const std::vector<SettledImage>& settled) {
  std::vector<std::optional<ImageResult>> became(settled.size());
  std::vector<std::size_t> final;
  Transaction transaction(session_);
  for (std::size_t i = 0; i < settled.size(); ++i) {
    // An image that is tried again stays in the queue; all others are settled together.
    if (is_tried_again(settled[i].outcome, settled[i].claim))
      became[i] = postpone(run_id, settled[i]);
    else
      final.push_back(i);
  }
  by_statements(final, [&](const std::vector<std::size_t>& places) {
    settle_some(run_id, settled, places, became);
  });
  transaction.commit();
  return became;
}

// Keeps the image in the queue for a later try. Nothing if the lease was lost.
std::optional<ImageResult> Results::postpone(const std::string& run_id,
                                             const SettledImage& settled) {
  const auto& [claim, outcome] = settled;
  const RetryRule retry = retry_of(outcome);
  const std::string result(result_name(outcome.result));
  // If the number of attempts has no limit, they are not counted.
  const auto rows =
      session_.execute(sql("postpone"), {{"result", result},
                                         {"reason", bounded(outcome.reason, kLongestReason)},
                                         {"tries", retry.attempts == 0 ? 0 : 1},
                                         {"delay", retry.delay_seconds},
                                         {"id", claim.image_id},
                                         {"run", run_id},
                                         {"token", claim.token}});
  if (rows == 0 &&
      session_.count(sql("postponed"),
                     {{"id", claim.image_id}, {"token", claim.token}, {"result", result}}) == 0)
    return std::nullopt;
  return outcome.result;
}

// Settles the images at these places of `settled`, and sets their results in `became`.
void Results::settle_some(const std::string& run_id, const std::vector<SettledImage>& settled,
                          const std::vector<std::size_t>& places,
                          std::vector<std::optional<ImageResult>>& became) {
  SqlParameters values;
  std::vector<std::string> ids;
  // Few statements for many images.
  for_padded_rows(places.size(), [&](const std::string& suffix, std::size_t row) {
    const auto& [claim, outcome] = settled[places[row]];
    const bool hashed = outcome.result == ImageResult::hashed;
    const auto add = [&](const char* name, SqlValue value) {
      values.push_back({name + suffix, std::move(value)});
    };
    // Numbers are passed as text too, so that a missing one does not change the statement's types.
    const auto number = [](std::optional<std::int64_t> value) {
      return value ? SqlValue(std::to_string(*value)) : SqlValue(nullptr);
    };
    add("id", claim.image_id);
    add("token", number(claim.token));
    add("state", state_of(outcome.result));
    add("result", std::string(result_name(outcome.result)));
    add("reason", text_or_null(bounded(outcome.reason, kLongestReason)));
    add("location", number(outcome.location_id));
    add("identity", text_or_null(outcome.identity));
    add("bytes", number(outcome.bytes));
    add("md5_", text_or_null(outcome.md5));
    add("algorithm", hashed ? text_or_null(outcome.algorithm) : nullptr);
    add("digest", hashed ? text_or_null(outcome.digest) : nullptr);
  });
  values.push_back({"run", run_id});
  session_.execute(statement_for(sql("finish"), places.size()), values);

  ids.reserve(places.size());
  for (const std::size_t place : places)
    ids.push_back(settled[place].claim.image_id);
  std::vector<ReadFrom> read;
  read.reserve(places.size());
  for (const std::size_t place : places) {
    const auto& [claim, outcome] = settled[place];
    read.push_back({claim.image_id, outcome.location_value, outcome.location_meta_data});
  }
  // After "finish": the publish takes its values from the ledger's rows.
  publish(run_id, read);

  struct Row {
    std::int64_t token = 0;
    std::string result;
    bool published = false;
  };
  std::map<std::string, Row> rows;
  const SqlParameters ours = id_parameters(ids, {{"run", run_id}});
  session_.query(statement_for(sql("settled"), ids.size()), ours, [&](const SqlRow& row) {
    rows[row.text_or_empty(0)] = {row.integer_or(1, 0), row.text_or_empty(2), row.truth(3)};
  });
  for (const std::size_t place : places) {
    const auto& [claim, outcome] = settled[place];
    const auto row = rows.find(claim.image_id);
    if (row == rows.end() || row->second.token != claim.token)
      continue;  // the lease was lost, and nothing was changed for this image
    const auto result = result_from_name(row->second.result);
    const bool is_published = row->second.published || (result == ImageResult::hashed &&
                                                        publish_moved(run_id, settled[place]));
    became[place] =
        result == ImageResult::hashed && !is_published ? amend(run_id, settled[place]) : result;
    // Only with a published hash: the verdict holds for exactly these bytes.
    if (became[place] == ImageResult::hashed)
      record_signatures(session_, run_id, claim.image_id, outcome.signatures);
  }
}

// The precondition of the publish did not hold: records why.
ImageResult Results::amend(const std::string& run_id, const SettledImage& settled) {
  const Claim& claim = settled.claim;
  const ImageResult why = why_not_published(claim.image_id);
  // A row that keeps changing must not be read for ever: this counts as an attempt, as for an
  // object that changed.
  const bool again =
      why == ImageResult::busy_in_glance &&
      is_tried_again(facts_of(ImageResult::changed_while_read).retry, claim.attempts);
  session_.execute(
      sql("amend_result"),
      {{"state", again ? "queued" : state_of(why)},
       {"result", std::string(result_name(why))},
       {"reason",
        std::string(again ? "the image's row or its location changed in Glance during the read"
                          : result_text(why))},
       {"delay", again ? facts_of(ImageResult::changed_while_read).retry.delay_seconds : 0},
       {"id", claim.image_id},
       {"run", run_id},
       {"token", claim.token}});
  return why;
}

}  // namespace backglance
