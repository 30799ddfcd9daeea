// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "migrate/migrate.h"

namespace backglance {

// --owner-grace of migrate and sync: the grace periods of single owners.

void add_owner_grace(Arguments& app, std::vector<std::string>& texts);

// Parses the texts; the key is the owner's project id. Throws Error{usage} for a text that is not
// OWNER=DURATION, and for an owner who is named twice.
std::map<std::string, std::chrono::seconds> owner_grace(const std::vector<std::string>& texts);

// The result for each owner.
void print_owners(const std::vector<OwnerDeadlines>& owners, bool dry_run);
nlohmann::json owners_json(const std::vector<OwnerDeadlines>& owners);

}  // namespace backglance
