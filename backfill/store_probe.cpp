#include "backfill/store_probe.h"

#include "sql/images.h"
#include "sql/items.h"
#include "sql/retry.h"
#include "sql/row_list.h"

namespace backglance {

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
  // Ids are random, so these are images of every size and age.
  constexpr int kPages = 32;
  constexpr int kEnough = 64;
  std::string after;
  int tried = 0;
  for (int page = 0; ledger_ != nullptr && page < kPages && tried < kEnough; ++page) {
    const auto ids =
        retry(*ledger_, [&] { return Items(*ledger_).read_page(after, kRowsPerStatement); });
    if (ids.empty())
      break;
    const auto images = retry(*ledger_, [&] { return read_details(*ledger_, ids); });
    for (const auto& [id, image] : images)
      for (const LocationRow& location : image.locations) {
        const auto found = find_location(location.value, context_);
        const auto* there = std::get_if<FoundLocation>(&found);
        if (!place.empty() && (there == nullptr || there->place() != place))
          continue;
        if (there != nullptr && there->opens())
          return true;
        ++tried;
      }
    after = ids.back();
  }
  return tried == 0 && !context_.is_empty(place);
}

}  // namespace backglance
