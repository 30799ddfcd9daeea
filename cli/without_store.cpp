// SPDX-License-Identifier: Apache-2.0
#include "cli/without_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/text.h"
#include "glance/location.h"
#include "sql/images.h"
#include "sql/retry.h"

namespace backglance {
namespace {

constexpr std::int64_t kPage = 200;
// Names that are kept: locations of images may hold any number of them.
constexpr std::size_t kMostNames = 64;

std::set<std::string> configured_names(const Site& site, const Stores& stores) {
  std::set<std::string> names(stores.places().begin(), stores.places().end());
  for (const Store& store : site.stores) {
    names.insert(store.id);
    names.insert(store.type);
  }
  // A site with stores of the old style has stores without an id.
  names.erase("");
  return names;
}

}  // namespace

std::set<std::string> stores_left_out(const std::vector<std::string>& words) {
  std::set<std::string> names;
  for (std::string name : words) {
    // A directory may be named with a slash at its end.
    while (name.size() > 1 && name.ends_with('/'))
      name.pop_back();
    if (trim(name).empty())
      throw Error(ErrorKind::usage, "--without-store: the name of the store is empty");
    names.insert(std::move(name));
  }
  return names;
}

void require_known_stores(Session& session, const Site& site, const Stores& stores,
                          const std::set<std::string>& words) {
  std::set<std::string> known = configured_names(site, stores);
  std::set<std::string> unknown = words;
  const auto learn = [&](const std::string& name) {
    unknown.erase(name);
    if (!name.empty() && known.size() < kMostNames)
      known.insert(name);
  };
  for (const std::string& name : std::set<std::string>(known))
    unknown.erase(name);
  std::string after;
  // Page by page, and only while a word is unknown: a site may have a million images.
  while (!unknown.empty()) {
    const auto page = retry(session, [&] { return unhashed_page(session, after, kPage); });
    if (page.empty())
      break;
    for (const auto& [id, image] : retry(session, [&] { return read_details(session, page); }))
      for (const LocationRow& row : image.locations) {
        // A store that has left the configuration is still named by the locations of its images.
        learn(store_id(row.meta_data));
        const std::string scheme = stores.locate(row.value, row.meta_data).scheme;
        learn(scheme);
        learn(store_type_of(scheme));
      }
    after = page.back();
  }
  if (unknown.empty())
    return;
  throw Error(ErrorKind::usage,
              fmt::format("--without-store {}: neither the configuration nor an image without a "
                          "hash has a store of this name; the known names are {}",
                          printable(*unknown.begin(), 80),
                          printable(join({known.begin(), known.end()}, ", "), 600)),
              "backglance contract --dry-run");
}

}  // namespace backglance
