// SPDX-License-Identifier: Apache-2.0
#include "read/settle_stage.h"

#include <fmt/format.h>

#include <utility>

#include "base/bounded.h"
#include "base/text.h"
#include "read/named_store.h"

namespace backglance {
namespace {

// Here, because everything that becomes of an image passes here: the ledger, the log and the
// terminal get the same text. An image may have any number of locations, a certificate a name of
// any length.
void bound_texts(ReadOutcome& outcome) {
  const auto bound = [](std::string& text) { text = bounded(text, kLongestReason); };
  bound(outcome.reason);
  for (auto* const found : {&outcome.signatures.data, &outcome.signatures.legacy})
    if (*found)
      bound((*found)->reason);
  if (outcome.signatures.chain)
    bound(outcome.signatures.chain->reason);
}

// An image counts in one store, as in plan and report: that of its first location, which may not be
// the one that was read.
void name_store(const Work& work, const Stores& stores, ReadOutcome& outcome) {
  if (work.task.locations.empty())
    return;
  const LocationRow& row = work.task.locations.front();
  const NamedStore name = named_store(
      stores.configured(), stores.locate(row.value, row.meta_data).scheme, row.meta_data);
  outcome.store_type = name.type.empty() ? "unknown" : name.type;
  outcome.store_id = name.id;
}

}  // namespace

SettleStage::SettleStage(const DatabaseUrl& database, SessionOptions session, bool has_ledger,
                         ReadContext& context, const OnResult& on_result, ReadResult& result)
    : session_(database, session),
      context_(context),
      result_(result),
      on_result_(on_result),
      unreached_(session_, has_ledger, context.stores) {}

void SettleStage::add(Work& work) {
  const std::lock_guard lock(mutex_);
  if (!work.outcome) {
    ++(work.put_back ? result_.put_back : result_.broken_off);
    result_.over_budget += work.over_budget ? 1 : 0;
    return give_back(work);
  }
  begin(work);
  SettledImage image{work.claim, std::move(*work.outcome)};
  bound_texts(image.outcome);
  name_store(work, context_.stores, image.outcome);
  if (image.outcome.is_transient && !can_postpone())
    image.outcome.store_is_away = true;
  if (UnreachedImages::is_one(image.outcome))
    return take_from([&] { return unreached_.add(std::move(image)); });
  // Images of the same place that were held back are older, so they come first.
  if (image.outcome.location_id)
    take_from([&] { return unreached_.reached(image.outcome.place, image.claim); });
  take(std::move(image));
  // A run that is about to wait records at once: the wait may take hours.
  if (pace_.add(work.took) || context_.control.pause_gate().is_closed())
    commit();
}

void SettleStage::flush() {
  const std::lock_guard lock(mutex_);
  commit();
  leave_unreached();
}

void SettleStage::finish() {
  const std::lock_guard lock(mutex_);
  // A run that must end does not wait for an answer about a place.
  if (!context_.control.should_stop())
    take_from([&] { return unreached_.finish(); });
  leave_unreached();
  commit();
}

std::optional<Error> SettleStage::unseen_places() {
  const std::lock_guard lock(mutex_);
  std::optional<Error> error = unreached_.error();
  const auto settled = context_.counters.images_settled.load();
  if (error && settled > 0)
    return error->within(fmt::format("{} finished, but not all",
                                     counted(static_cast<std::int64_t>(settled), "image")));
  return error;
}

template <typename Ask>
void SettleStage::take_from(const Ask& ask) {
  try {
    UnreachedImages::Decided decided = ask();
    for (const SettledImage& image : decided.left)
      leave(image);
    for (SettledImage& image : decided.believed)
      take(std::move(image));
  } catch (const Error&) {
    // This host sees no place, and the run ends. Images that were read are recorded first.
    commit();
    throw;
  }
}

void SettleStage::take(SettledImage image) {
  taken(image);
  waiting_.push_back(std::move(image));
}

void SettleStage::commit() {
  if (waiting_.empty())
    return;
  const std::vector<bool> ours = record(waiting_);
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const auto& [claim, outcome] = waiting_[i];
    ReadCounters& counters = context_.counters;
    counters.images_settled.fetch_add(1, std::memory_order_relaxed);
    counters.skip(claim.size_bytes, outcome.bytes);
    if (!ours[i]) {
      ++result_.lost_leases;
      continue;
    }
    result_.count(outcome);
    if (is_finding(outcome))
      counters.findings.fetch_add(1, std::memory_order_relaxed);
    if (on_result_)
      on_result_(claim.image_id, outcome);
  }
  // If record() throws, the images stay in waiting_ and count as not recorded.
  waiting_.clear();
  recorded();
  pace_.committed();
}

}  // namespace backglance
