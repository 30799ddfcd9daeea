// SPDX-License-Identifier: Apache-2.0
#include "cli/store_lines.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/json.h"

namespace backglance {

using nlohmann::json;

namespace {

json or_null(const std::string& text) {
  return text.empty() ? json(nullptr) : json(text);
}

}  // namespace

std::string store_share_text(const PendingTotals& pending) {
  return fmt::format("{} without a hash, {}{}", counted(pending.images, "image"),
                     human_bytes(static_cast<std::uint64_t>(pending.bytes)),
                     pending.unknown_size > 0
                         ? fmt::format(" and {} of unknown size", grouped(pending.unknown_size))
                         : "");
}

std::string through_api_text(const StoreShare& share) {
  switch (share.through_api) {
    case ThroughApi::with_checksum:
      return "read through the Glance API, those with a checksum";
    case ThroughApi::unverified:
      return "read through the Glance API";
    case ThroughApi::off:
      break;
  }
  return {};
}

std::string store_shares_text(const std::vector<StoreShare>& shares) {
  std::string out;
  int with_images = 0;
  int through_api = 0;
  PendingTotals unreadable;
  for (const StoreShare& share : shares) {
    if (share.pending.images == 0)
      continue;
    ++with_images;
    std::string note;
    if (std::string api = through_api_text(share); !api.empty()) {
      note = fmt::format(" -- {}: {}", api, share.why_not);
      ++through_api;
    } else if (!share.why_not.empty()) {
      note = " -- not readable here: " + share.why_not;
      unreadable.images += share.pending.images;
      unreadable.bytes += share.pending.bytes;
      unreadable.unknown_size += share.pending.unknown_size;
    }
    out += fmt::format("  {}: {}{}\n", store_name(share), store_share_text(share.pending), note);
  }
  // The totals above these lines already say all of a single store that can be read.
  if (with_images < 2 && unreadable.images == 0 && through_api == 0)
    return {};
  if (unreadable.images > 0)
    out += fmt::format("  {} of these cannot be read by what is configured here\n",
                       grouped(unreadable.images));
  return out;
}

json store_share_json(const StoreShare& share) {
  json directories = json::array();
  json places = json::array();
  for (const PlaceState& place : share.places) {
    if (share.type == "file")
      directories.push_back(place.place);
    places.push_back({{"place", place.place}, {"away", or_null(place.away)}});
  }
  return {{"id", share.id},
          {"type", share.type},
          {"directories", directories},
          {"places", places},
          {"configured", share.is_configured},
          {"why_not", or_null(share.why_not)},
          {"through_api", share.through_api != ThroughApi::off},
          {"images", share.pending.images},
          {"bytes", share.pending.bytes},
          {"unknown_size", share.pending.unknown_size}};
}

json store_shares_json(const std::vector<StoreShare>& shares) {
  json stores = json::array();
  for (const StoreShare& share : shares)
    stores.push_back(store_share_json(share));
  return stores;
}

}  // namespace backglance
