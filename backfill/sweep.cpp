// SPDX-License-Identifier: Apache-2.0
#include "backfill/sweep.h"

#include <algorithm>
#include <string_view>

#include "base/stop.h"
#include "ledger/read_outcome.h"
#include "ledger/results.h"
#include "read/store_probe.h"
#include "sql/retry.h"

namespace backglance {
namespace {

constexpr std::int64_t kPage = 200;

// Whether the object at the location is the one that was read: the same identity.
// `hidden`: this host does not see it, and another host may.
enum class Object { same, other, hidden };

Object look_at(const Results::Erased& erased, const Stores& stores, StoreProbe& probe) {
  if (!erased.location_value)
    return Object::other;
  // What was read through the Glance API has an identity that is never the same again, so the image
  // is queued. What was read from its store waits for a host that sees this store.
  const bool was_through_api = erased.identity.starts_with("api:");
  const auto found = stores.find(*erased.location_value, erased.location_meta_data,
                                 was_through_api ? erased.image_id : std::string());
  const auto* there = std::get_if<FoundLocation>(&found);
  if (there != nullptr) {
    const auto identity = there->opener->identify(there->location);
    const auto* const failure = std::get_if<ReadFailure>(&identity);
    // A store that does not answer says nothing of the object.
    if (failure != nullptr && failure->kind != FailureKind::image)
      return Object::hidden;
    if (const auto* text = std::get_if<std::string>(&identity)) {
      // What an older version recorded proves little; a checksum that is the MD5 of the bytes which
      // it read proves that these were the image.
      const bool same = is_same_object(*text, erased.identity) ||
                        (erased.has_checksum && agrees_with_older(*text, erased.identity));
      return same ? Object::same : Object::other;
    }
  }
  return probe.sees(there == nullptr ? "" : there->place(), {erased.image_id}) ? Object::other
                                                                               : Object::hidden;
}

}  // namespace

bool sweep_erased(Session& session, ReadContext& context, const OnResult& on_result,
                  ReadResult& result) {
  Results results(session);
  StoreProbe probe(session, /*has_ledger=*/true, context.stores);
  std::string after;
  for (;;) {
    const auto page = retry(session, [&] { return results.erased_page(after, kPage); });
    if (page.empty())
      return true;
    if (stop_requested() || context.control.pause_gate().is_closed())
      return false;
    for (const Results::Erased& erased : page) {
      const Object object = look_at(erased, context.stores, probe);
      // Left for a host that sees the object.
      if (object == Object::hidden)
        continue;
      // A restore that fails means that Glance has changed the row: queue the image to be read.
      if (object == Object::other || !retry(session, [&] { return results.restore(erased); })) {
        retry(session, [&] { results.requeue_erased(erased.image_id); });
        continue;
      }
      ++result.total(ImageResult::restored).images;
      if (!on_result)
        continue;
      ReadOutcome outcome;
      outcome.result = ImageResult::restored;
      outcome.bytes = erased.bytes;
      on_result(erased.image_id, outcome);
    }
    after = page.back().image_id;
  }
}

}  // namespace backglance
