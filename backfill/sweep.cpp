// SPDX-License-Identifier: Apache-2.0
#include "backfill/sweep.h"

#include <fmt/format.h>

#include <string>
#include <variant>

#include "base/stop.h"
#include "base/text.h"
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

struct Look {
  Object object = Object::hidden;
  std::string why = {};  // of a hidden object: what a person should know of
};

Look look_at(const Results::Erased& erased, const Stores& stores, StoreProbe& probe) {
  if (!erased.location_value)
    return {Object::other};
  // What was read through the Glance API has an identity that is never the same again, so the image
  // is queued. What was read from its store waits for a host that sees this store.
  const bool was_through_api = erased.identity.starts_with("api:");
  const auto found = stores.find(*erased.location_value, erased.location_meta_data,
                                 was_through_api ? erased.image_id : std::string());
  const auto* const there = std::get_if<FoundLocation>(&found);
  const auto* failure = std::get_if<ReadFailure>(&found);
  std::variant<std::string, ReadFailure> identity;
  if (there != nullptr) {
    identity = there->opener->identify(there->location);
    if (const auto* text = std::get_if<std::string>(&identity)) {
      // What an older version recorded proves little; a checksum that is the MD5 of the bytes which
      // it read proves that these were the image.
      const bool same = is_same_object(*text, erased.identity) ||
                        (erased.has_checksum && agrees_with_older(*text, erased.identity));
      return {same ? Object::same : Object::other};
    }
    failure = std::get_if<ReadFailure>(&identity);
  }
  // A store that does not answer says nothing of the object.
  if (failure->kind != FailureKind::image)
    return {Object::hidden};
  // Missing rights or a bad disk may be mended, and the object be what it was. To queue the image
  // would delete what the ledger knows of it.
  if (there != nullptr && failure->result == ImageResult::unreadable)
    return {Object::hidden, failure->reason};
  // Nor does a store that this host does not see.
  if (!probe.sees(there == nullptr ? "" : there->place(), {erased.image_id}))
    return {Object::hidden};
  if (there == nullptr)
    return {Object::hidden, failure->reason};
  return {Object::other};
}

}  // namespace

bool sweep_erased(Session& session, ReadContext& context, const OnResult& on_result,
                  ReadResult& result) {
  Results results(session);
  StoreProbe probe(session, /*has_ledger=*/true, context.stores);
  std::string after;
  std::int64_t unreadable = 0;
  std::string example;
  for (;;) {
    const auto page = retry(session, [&] { return results.erased_page(after, kPage); });
    if (page.empty()) {
      // No run reads these images, so nothing else would tell of them.
      if (unreadable > 0)
        context.control.warn(fmt::format(
            "the hash that Glance erased is not put back while the data cannot be looked at: {}, "
            "for example {}",
            counted(unreadable, "image"), example));
      return true;
    }
    if (stop_requested() || context.control.pause_gate().is_closed())
      return false;
    for (const Results::Erased& erased : page) {
      const auto [object, why] = look_at(erased, context.stores, probe);
      // Left for a host that sees the object, or until it can be looked at.
      if (object == Object::hidden) {
        if (!why.empty() && unreadable++ == 0)
          example = fmt::format("{}: {}", printable(erased.image_id), why);
        continue;
      }
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
