// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "contract/contract.h"
#include "expand/expand.h"
#include "ledger/signatures.h"
#include "migrate/migrate.h"
#include "read/store_view.h"
#include "sql/images.h"
#include "store/stores.h"
#include "tests/steps/glance_site.h"

namespace backglance {

inline const std::vector<std::string> kLegacy = {
    "signature", "signature_hash_method", "signature_key_type", "signature_certificate_uuid"};

// A site whose images are hashed, with a directory for what contract writes.
struct ContractSite {
  ContractSite() {
    expand(site.sql());
    std::filesystem::create_directory(safe());
  }

  std::filesystem::path safe() const { return site.directory() / "safe"; }

  std::string sign(const std::vector<std::string>& names = kLegacy) {
    std::string id = site.upload("content");
    site.add_properties(id, names);
    return id;
  }

  // Hashes and flags all, and lets the grace of all go by.
  void let_grace_end() {
    migrate(site.sql(), {});
    run_backfill(site);
    site.sql().execute(
        "UPDATE backglance_signature SET deadline_at = {now} - 1 "
        "WHERE deadline_at IS NOT NULL");
  }

  StoreQuestions readable() {
    stores.emplace(site.site());
    view.emplace(site.sql(), *stores, without);
    return view->questions();
  }

  ContractPlan plan() { return plan_contract(site.sql(), readable()); }
  ContractResult run(const SiteKey* key = nullptr) {
    return contract(site.sql(), site.database(), readable(), {.directory = safe(), .key = key});
  }

  std::vector<std::string> live(const std::string& image) {
    std::vector<std::string> names;
    for (const SqlRow& row : site.sql().rows("SELECT name FROM image_properties WHERE image_id = "
                                             ":id AND deleted = {false} ORDER BY id",
                                             {{"id", image}}))
      names.push_back(row.text_or_empty(0));
    return names;
  }

  GlanceSite site;
  std::optional<Stores> stores;
  std::optional<StoreView> view;
  std::set<std::string> without;  // --without-store
};

inline std::vector<nlohmann::json> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace backglance
