#include "backfill/store_probe.h"

#include "sql/images.h"
#include "sql/items.h"
#include "sql/retry.h"
#include "sql/row_list.h"

namespace backglance {
namespace {

constexpr int kPages = 32;

}  // namespace

bool StoreProbe::sees(const std::string& place) {
  constexpr std::chrono::minutes kGood{1};
  const auto now = std::chrono::steady_clock::now();
  const auto known = answers_.find(place);
  if (known != answers_.end() && now - known->second.at < kGood)
    return known->second.sees;
  const bool sees = look(place);
  answers_[place] = {sees, now};
  return sees;
}

bool StoreProbe::look(const std::string& place) {
  // Ids are random, so these are images of every size and age. What was read once can be opened;
  // of what never was, many may be such as no host can.
  constexpr int kSome = 64;
  constexpr int kMany = 4096;
  Seen seen = Seen::nowhere;
  if (has_ledger_)
    seen = look_at(
        place,
        [&](const std::string& after) {
          return Items(session_).read_page(after, kRowsPerStatement);
        },
        kSome);
  if (seen != Seen::nowhere)
    return seen == Seen::opened;
  if (!place.empty())
    return !context_.is_empty(place);
  for (const auto page : {unhashed_page, hashed_page})
    if (look_at(
            place,
            [&](const std::string& after) { return page(session_, after, kRowsPerStatement); },
            kMany) == Seen::opened)
      return true;
  return false;
}

StoreProbe::Seen StoreProbe::look_at(const std::string& place, const Page& page, int most) {
  std::string after;
  int tried = 0;
  for (int pages = 0; pages < kPages && tried < most; ++pages) {
    const auto ids = retry(session_, [&] { return page(after); });
    if (ids.empty())
      break;
    const auto images = retry(session_, [&] { return read_details(session_, ids); });
    for (const auto& [id, image] : images)
      for (const LocationRow& location : image.locations) {
        const auto found = find_location(location.value, context_);
        const auto* there = std::get_if<FoundLocation>(&found);
        if (!place.empty() && (there == nullptr || there->place() != place))
          continue;
        if (there != nullptr && there->opens())
          return Seen::opened;
        ++tried;
      }
    after = ids.back();
  }
  return tried > 0 ? Seen::not_opened : Seen::nowhere;
}

}  // namespace backglance
