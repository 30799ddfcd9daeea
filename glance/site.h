// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "glance/database_url.h"

namespace backglance {

// The value of an option of one store, after substitution; nothing if nobody set it. Throws what
// OsloConfig::get throws.
using StoreOptionValue = std::function<std::optional<std::string>(std::string_view name)>;

// One configured store of Glance.
struct Store {
  std::string id;    // "" for an old-style [glance_store], else the id of the backend
  std::string type;  // "file", "http", "rbd", "swift", ...
  // For a file store: absolute directories without a slash at the end, highest priority first.
  // Empty for other types, and if filesystem_store_datadir is set to nothing.
  std::vector<std::filesystem::path> directories;
  // The options that Glance's driver has for this store: from its own group, else from
  // [backend_defaults]; of an old-style store from [glance_store]. Empty: there is no
  // configuration.
  StoreOptionValue option = {};
};

// `weight` of the stores of enabled_backends, by id; without those whose weight is 0, the default.
using StoreWeights = std::map<std::string, std::int64_t>;

// Whether images whose store cannot be read here are read through the Glance API.
enum class ThroughApi {
  off,
  with_checksum,  // --through-api: only those that Glance has a checksum of
  unverified,     // --through-api-unverified: all
};

// What backglance needs to know of a Glance site.
struct Site {
  DatabaseUrl database;
  std::vector<Store> stores;
  std::string hashing_algorithm = "sha512";  // as configured; not yet checked
  StoreWeights store_weights = {};
  // False if only a URL names the site: weights and strategy are unknown, and so is the location
  // that Glance serves of several.
  bool knows_location_order = true;
  // Types of stores; empty unless location_strategy is store_type.
  std::vector<std::string> store_type_preference = {};
  std::string metadata_encryption_key;              // a secret; empty: locations are plain text
  std::vector<std::filesystem::path> config_files;  // the files that were read, in order
  std::vector<std::string> allow_http = {};         // SiteSource::allow_http
  ThroughApi through_api = ThroughApi::off;

  // The directories of all file stores.
  std::vector<std::filesystem::path> store_directories() const;
};

// One --config-file or --config-dir.
struct ConfigPath {
  std::filesystem::path path;
  bool is_directory = false;
};

// Where the site is, according to the command line.
struct SiteSource {
  std::vector<ConfigPath> config;           // in the order of the command line
  std::optional<std::string> database_url;  // replaces the one in the configuration
  // If not empty: the only file store, without an id; replaces the stores in the configuration.
  std::vector<std::filesystem::path> store_dirs;
  // Hosts from which locations by URL may be read, as store/net/address_policy.h has the rules.
  std::vector<std::string> allow_http = {};
  bool through_api = false;
  bool through_api_unverified = false;  // counts more than through_api
};

// Reads the site as oslo.config does. If no files are named, the default files are read; if no
// directories are named, the default directories. Then come the named files and directories in
// their order. The environment counts more than all of them. With a database_url and no named file
// or directory, no file is read. The database is [database] connection or one of its old names,
// with connection_parameters appended; it is connectable() (glance/connection_url.h). The stores
// are those of [DEFAULT] enabled_backends, or else of [glance_store].
//
// Throws Error{usage} if there is no database, if the URL is wrong, if both
// filesystem_store_datadir and filesystem_store_datadirs are set, if a weight is no number, if the
// encryption key does not have 16, 24 or 32 bytes, or if a file cannot be opened. No text contains
// a secret.
Site read_site(const SiteSource& source);

}  // namespace backglance
