#include "backfill/sweep.h"

#include <algorithm>
#include <string_view>

#include "base/stop.h"
#include "sql/items.h"
#include "sql/retry.h"

namespace backglance {
namespace {

constexpr std::int64_t kPage = 200;

// "device:inode:length:mtime" without the device: that of a network file system is a number of each
// host's own.
std::string_view beyond_device(std::string_view identity) {
  return identity.substr(std::min(identity.find(':'), identity.size()));
}

// True if the object at the location is the one whose bytes were read: same inode, length and
// mtime.
bool is_same_object(const Items::Erased& erased, const ReadContext& context) {
  if (!erased.location_value)
    return false;
  const auto location = read_location(*erased.location_value, context.encryption_key());
  if (!location)
    return false;
  SourceOpener* opener = context.opener_for(location->scheme);
  if (opener == nullptr)
    return false;
  const auto identity = opener->identify(*location);
  const auto* text = std::get_if<std::string>(&identity);
  return text != nullptr && beyond_device(*text) == beyond_device(erased.identity);
}

}  // namespace

bool sweep_erased(Session& session, ReadContext& context, const OnResult& on_result,
                  ReadResult& result) {
  Items items(session);
  std::string after;
  for (;;) {
    const auto page = retry(session, [&] { return items.erased_page(after, kPage); });
    if (page.empty())
      return true;
    if (stop_requested() || context.pause_gate().is_closed())
      return false;
    for (const Items::Erased& erased : page) {
      if (!is_same_object(erased, context) ||
          !retry(session, [&] { return items.restore(erased); })) {
        retry(session, [&] { items.requeue_erased(erased.image_id); });
        continue;
      }
      ++result.total(ReadClass::restored).images;
      if (!on_result)
        continue;
      ReadOutcome outcome;
      outcome.read_class = ReadClass::restored;
      outcome.bytes = erased.bytes;
      on_result(erased.image_id, outcome);
    }
    after = page.back().image_id;
  }
}

}  // namespace backglance
