// SPDX-License-Identifier: Apache-2.0
#include "glance/site.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "glance/connection_url.h"
#include "glance/oslo_config.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

// Names and defaults of glance_store and of Glance's own options.
constexpr std::string_view kStoreGroup = "glance_store";
constexpr std::string_view kBackendDefaultsGroup = "backend_defaults";
constexpr std::string_view kDataDir = "filesystem_store_datadir";
constexpr std::string_view kWeight = "weight";
constexpr std::string_view kDataDirs = "filesystem_store_datadirs";
constexpr std::string_view kDefaultDataDir = "/var/lib/glance/images";
constexpr std::string_view kDefaultStores = "file,http";
constexpr std::string_view kReservedStorePrefix = "os_glance_";

[[noreturn]] void refuse(std::string_view group, std::string_view option, std::string_view why) {
  throw Error(ErrorKind::usage, fmt::format("[{}] {}: {}", printable(group, 80), option, why));
}

// Absolute, and without slashes at its end.
fs::path whole_directory(const fs::path& directory) {
  std::error_code error;
  std::string text = fs::absolute(directory, error).native();
  if (error || directory.empty())
    throw Error(ErrorKind::usage,
                fmt::format("store directory '{}' cannot be made absolute: {}",
                            printable(directory.native()),
                            directory.empty() ? "its name is empty" : error.message()));
  while (text.size() > 1 && text.ends_with('/'))
    text.pop_back();
  return text;
}

template <typename T>
void add_once(std::vector<T>& list, T item) {
  if (std::ranges::find(list, item) == list.end())
    list.push_back(std::move(item));
}

// The driver's short name; old files name its class ("glance.store.filesystem.Store").
std::string store_type(std::string_view name) {
  constexpr std::string_view kBefore = "glance.store.";
  constexpr std::string_view kAfter = ".Store";
  if (name.starts_with(kBefore) && name.ends_with(kAfter) &&
      name.size() > kBefore.size() + kAfter.size()) {
    name.remove_prefix(kBefore.size());
    name.remove_suffix(kAfter.size());
  }
  return std::string(name == "filesystem" ? "file" : name);
}

struct DataDir {
  std::string path;
  int priority = 0;
};

// "path" or "path:priority". As glance_store does, what follows the last ':' must be a priority.
DataDir parse_data_dir(std::string_view group, const std::string& text) {
  const auto colon = text.rfind(':');
  DataDir dir{std::string(trim(text.substr(0, colon)))};
  if (dir.path.empty())
    refuse(group, kDataDirs, "a priority without a directory");
  if (colon == std::string::npos)
    return dir;
  std::string_view digits = trim(std::string_view(text).substr(colon + 1));
  if (digits.empty())
    return dir;
  if (digits.starts_with('+'))
    digits.remove_prefix(1);
  const char* end = digits.data() + digits.size();
  const auto [used, error] = std::from_chars(digits.data(), end, dir.priority);
  if (error != std::errc() || used != end)
    refuse(group, kDataDirs,
           fmt::format("the text after the last ':' of '{}' is not a priority (a number)",
                       printable(text)));
  return dir;
}

// An option of the store in `group`, which [backend_defaults] may set for all of enabled_backends.
template <typename Get>
auto store_option(std::string_view group, Get get) {
  auto value = get(group);
  if (value.empty() && group != kStoreGroup)
    value = get(kBackendDefaultsGroup);
  return value;
}

std::vector<fs::path> data_directories(const OsloConfig& config, std::string_view group) {
  const auto one = [&](std::string_view in) {
    const auto value = config.get(in, kDataDir);
    return value ? std::vector<std::string>{*value} : std::vector<std::string>{};
  };
  const auto many = [&](std::string_view in) { return config.get_all(in, kDataDirs); };
  const std::vector<std::string> single = store_option(group, one);
  const std::vector<std::string> several = store_option(group, many);
  const bool single_set = !single.empty() && !single[0].empty();
  // Glance itself refuses datadirs beside the default of datadir too, unless a file empties that.
  if (single_set && !several.empty())
    refuse(group, kDataDirs, fmt::format("{} is set too; remove one of them", kDataDir));

  std::vector<fs::path> out;
  if (several.empty()) {
    if (single.empty())
      out.emplace_back(kDefaultDataDir);
    else if (single_set)
      out.push_back(whole_directory(single[0]));
    return out;
  }
  std::vector<DataDir> dirs;
  dirs.reserve(several.size());
  for (const std::string& text : several)
    dirs.push_back(parse_data_dir(group, text));
  // Highest priority first; of equals, the one that was named first.
  std::ranges::stable_sort(dirs, std::ranges::greater{}, &DataDir::priority);
  for (const DataDir& dir : dirs)
    add_once(out, whole_directory(dir.path));
  return out;
}

// enabled_backends: a dictionary, "id:type, id:type".
std::vector<Store> backends(const std::string& text) {
  constexpr std::string_view kOption = "enabled_backends";
  std::vector<Store> stores;
  std::vector<std::string> ids;
  for (const std::string& pair : split(text, ',')) {
    const auto colon = pair.find(':');
    if (colon == std::string::npos)
      refuse("DEFAULT", kOption, "must be ID:TYPE pairs with commas between them");
    std::string id(trim(pair.substr(0, colon)));
    if (id.empty())
      refuse("DEFAULT", kOption, "a store without an id");
    if (std::ranges::find(ids, id) != ids.end())
      refuse("DEFAULT", kOption, fmt::format("store id '{}' is given twice", printable(id, 80)));
    ids.push_back(id);
    // Staging areas of Glance's own, which hold no image's data. It refuses them here itself.
    if (!id.starts_with(kReservedStorePrefix))
      stores.push_back({id, store_type(trim(std::string_view(pair).substr(colon + 1))), {}});
  }
  return stores;
}

std::vector<Store> old_style_stores(const OsloConfig& config) {
  std::string text = config.get(kStoreGroup, "stores").value_or(std::string(kDefaultStores));
  std::vector<std::string> types;
  for (const std::string& name : split(text, ','))
    if (!trim(name).empty())
      add_once(types, store_type(trim(name)));
  std::vector<Store> stores;
  stores.reserve(types.size());
  for (const std::string& type : types)
    stores.push_back({"", type, {}});
  return stores;
}

std::vector<Store> read_stores(const std::shared_ptr<const OsloConfig>& shared,
                               const SiteSource& source) {
  const OsloConfig& config = *shared;
  const auto enabled = config.get("DEFAULT", "enabled_backends").value_or("");
  // As Glance decides: with enabled_backends set, [glance_store] is not looked at.
  std::vector<Store> stores = trim(enabled).empty() ? old_style_stores(config) : backends(enabled);
  for (Store& store : stores)
    store.option = [shared, group = store.id.empty() ? std::string(kStoreGroup) : store.id](
                       std::string_view name) -> std::optional<std::string> {
      if (auto value = shared->get(group, name); value || group == kStoreGroup)
        return value;
      return shared->get(kBackendDefaultsGroup, name);
    };
  if (source.store_dirs.empty()) {
    for (Store& store : stores)
      if (store.type == "file")
        store.directories = data_directories(config, store.id.empty() ? kStoreGroup : store.id);
    return stores;
  }
  // --store-dir replaces all file stores. The others stay, so that their images are reported as not
  // supported and not as missing.
  std::erase_if(stores, [](const Store& store) { return store.type == "file"; });
  Store named{"", "file", {}};
  for (const fs::path& directory : source.store_dirs)
    add_once(named.directories, whole_directory(directory));
  stores.insert(stores.begin(), std::move(named));
  return stores;
}

StoreWeights read_weights(const OsloConfig& config) {
  StoreWeights weights;
  const auto enabled = config.get("DEFAULT", "enabled_backends").value_or("");
  if (trim(enabled).empty())
    return weights;
  for (const Store& store : backends(enabled)) {
    const auto get = [&](std::string_view group) {
      return config.get(group, kWeight).value_or("");
    };
    const std::string text(trim(store_option(store.id, get)));
    std::int64_t weight = 0;
    const auto [used, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
    if (!text.empty() && (error != std::errc() || used != text.data() + text.size()))
      refuse(store.id, kWeight, "must be a number");
    if (weight != 0)
      weights[store.id] = weight;
  }
  return weights;
}

std::vector<std::string> read_store_type_preference(const OsloConfig& config) {
  std::vector<std::string> types;
  if (config.get("DEFAULT", "location_strategy").value_or("") == "store_type")
    for (const std::string& type : split(
             config.get("store_type_location_strategy", "store_type_preference").value_or(""), ','))
      if (!trim(type).empty())
        add_once(types, std::string(trim(type)));
  return types;
}

// Options of oslo.db that would make Glance's database another than the one that this program
// knows.
void check_database_options(const OsloConfig& config) {
  constexpr std::string_view kGroup = "database";
  for (const DatabaseOption& option : database_options()) {
    if (option.use != ParameterUse::refused)
      continue;
    const std::string value = lower_ascii(config.get(kGroup, option.name).value_or(""));
    constexpr std::array<std::string_view, 6> kDefaults = {"",  "sqlalchemy", "false",
                                                           "0", "no",         "off"};
    if (std::ranges::find(kDefaults, value) == kDefaults.end())
      refuse(kGroup, option.name, option.why);
  }
}

DatabaseUrl read_database(const OsloConfig& config, const SiteSource& source) {
  check_database_options(config);
  // oslo.db appends them to whichever URL there is. They may ask for encryption.
  const std::string more = config.get("database", "connection_parameters").value_or("");
  if (source.database_url) {
    try {
      return connectable(parse_database_url(*source.database_url, more));
    } catch (const Error& error) {
      throw error.within("--database");
    }
  }
  // Today's name first, then the old ones that oslo.db still reads.
  const auto url = config.get_first({{"database", "connection"},
                                     {"DEFAULT", "sql_connection"},
                                     {"DATABASE", "sql_connection"},
                                     {"sql", "connection"}});
  if (!url || url->empty()) {
    const std::string where = config.files().empty() ? "there is no configuration file"
                                                     : "no configuration file sets one";
    throw Error(ErrorKind::usage, "no database: " + where,
                "give --config-file FILE, where [database] has a connection, or --database URL");
  }
  try {
    return connectable(parse_database_url(*url, more));
  } catch (const Error& error) {
    // Says where the URL stands, not what it is: it holds a password.
    throw error.within("[database] connection");
  }
}

std::string read_key(const OsloConfig& config) {
  std::string key = config.get("DEFAULT", "metadata_encryption_key").value_or("");
  // Here and not at the first image: with a wrong key all of them would look unreadable.
  if (!key.empty() && key.size() != 16 && key.size() != 24 && key.size() != 32)
    refuse("DEFAULT", "metadata_encryption_key", "must be of 16, 24 or 32 bytes");
  return key;
}

// A site that is named by its URL and by no file is described by the command line alone.
bool is_by_url_alone(const SiteSource& source) {
  return source.database_url && source.config.empty();
}

std::vector<fs::path> files_of(const SiteSource& source) {
  std::vector<fs::path> files;
  const auto add = [&](const std::vector<fs::path>& more) {
    files.insert(files.end(), more.begin(), more.end());
  };
  const auto names = [&](bool directories) {
    return std::ranges::any_of(
        source.config, [&](const ConfigPath& named) { return named.is_directory == directories; });
  };
  if (!names(false) && !is_by_url_alone(source))
    add(default_config_files());
  if (!names(true) && !is_by_url_alone(source))
    add(default_config_dir_files());
  for (const ConfigPath& named : source.config)
    add(named.is_directory ? config_files_in(named.path) : std::vector<fs::path>{named.path});
  return files;
}

}  // namespace

std::vector<fs::path> Site::store_directories() const {
  std::vector<fs::path> out;
  for (const Store& store : stores)
    for (const fs::path& directory : store.directories)
      add_once(out, directory);
  return out;
}

Site read_site(const SiteSource& source) {
  const auto shared = std::make_shared<const OsloConfig>(OsloConfig::read(files_of(source)));
  const OsloConfig& config = *shared;
  Site site;
  site.config_files = config.files();
  site.knows_location_order = !is_by_url_alone(source);
  site.allow_http = source.allow_http;
  if (source.through_api_unverified)
    site.through_api = ThroughApi::unverified;
  else if (source.through_api)
    site.through_api = ThroughApi::with_checksum;
  site.database = read_database(config, source);
  site.stores = read_stores(shared, source);
  site.store_weights = read_weights(config);
  site.store_type_preference = read_store_type_preference(config);
  site.hashing_algorithm = config.get("DEFAULT", "hashing_algorithm").value_or("sha512");
  site.metadata_encryption_key = read_key(config);
  return site;
}

}  // namespace backglance
