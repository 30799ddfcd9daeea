// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "glance/database_url.h"

namespace backglance {

// One configured store of Glance.
struct Store {
  std::string id;    // "" for an old-style [glance_store], else the backend's id
  std::string type;  // "file", "http", "rbd", "swift", ...
  // File stores: absolute directories without a slash at the end, highest priority first. Empty for
  // other types, and where filesystem_store_datadir was set to nothing.
  std::vector<std::filesystem::path> directories;
};

// What backglance needs to know of a Glance site.
struct Site {
  DatabaseUrl database;
  std::vector<Store> stores;
  std::string hashing_algorithm = "sha512";         // as configured, not yet checked
  std::string metadata_encryption_key;              // a secret; empty: locations are in plain text
  std::vector<std::filesystem::path> config_files;  // that were read, in order

  // Every directory of every file store.
  std::vector<std::filesystem::path> store_directories() const;
};

// What --config-file or --config-dir names.
struct ConfigPath {
  std::filesystem::path path;
  bool is_directory = false;
};

// Where the command line says that the site is.
struct SiteSource {
  std::vector<ConfigPath> config;           // in the order of the command line
  std::optional<std::string> database_url;  // wins over the configuration's
  // If any: the one file store, without an id, in place of the configuration's.
  std::vector<std::filesystem::path> store_dirs;
};

// Reads the site: oslo's own search path for whichever of files and directories is not named, then
// the named files and the named directories' files in the order in which they are named; and over
// them the environment, as oslo.config does. With a database_url and neither, no file is read. The
// database is [database] connection or its old names; the stores are those of [DEFAULT]
// enabled_backends, else of [glance_store].
// Throws Error{usage} if no database is found, the URL is wrong, both filesystem_store_datadir and
// filesystem_store_datadirs are set, or the encryption key is not of 16, 24 or 32 bytes; Error{io}
// for an unreadable file. No secret is in any text.
Site read_site(const SiteSource& source);

}  // namespace backglance
