// SPDX-License-Identifier: Apache-2.0
#include "store/swift/swift_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

namespace fs = std::filesystem;

// As oslo.config's find_file(): a relative name is looked for beside the configuration.
fs::path find_file(const std::string& name, const Site& site) {
  fs::path file(name);
  std::error_code error;
  if (file.is_relative())
    for (const fs::path& config : site.config_files)
      if (fs::path beside = config.parent_path() / file; fs::exists(beside, error))
        return beside;
  return file;
}

// swift_store_auth_address and so on: instead of an accounts file, and deprecated.
SwiftAccounts of_options(const StoreOptions& options) {
  SwiftAccount account;
  account.auth_url = options.text("swift_store_auth_address");
  account.auth_version = options.text("swift_store_auth_version");
  account.user = options.text("swift_store_user");
  account.key = options.text("swift_store_key");
  account.application_credential_id = options.text("swift_store_application_credential_id");
  account.application_credential_secret = options.text("swift_store_application_credential_secret");
  const bool has_credential =
      !account.application_credential_id.empty() && !account.application_credential_secret.empty();
  if (account.auth_url.empty() ||
      (!has_credential && (account.user.empty() || account.key.empty())))
    return {};
  account.auth_url = whole_auth_url(account.auth_url);
  return {{options.text("default_swift_reference"), account}};
}

SwiftConfig config_of(const Store& store, const Site& site) {
  const StoreOptions options(store, kSwiftOptions);
  SwiftConfig config;
  config.id = store.id;
  config.name = store.id.empty() ? "the swift store" : "store " + printable(store.id, 80);
  config.group = options.group();
  config.default_reference = options.text("default_swift_reference");
  config.auth_version = options.text("swift_store_auth_version");
  config.authorities = options.text("swift_store_cacert");
  config.endpoint.service_type = options.text("swift_store_service_type");
  config.endpoint.region = options.text("swift_store_region");
  config.endpoint.url = whole_auth_url(options.text("swift_store_endpoint"));
  if (options.text("swift_store_endpoint").empty())
    config.endpoint.url.clear();
  config.endpoint.renew_before =
      std::chrono::seconds(options.number("swift_store_expire_soon_interval"));
  // "publicURL", as Keystone's version 2 called it.
  config.endpoint.interface = options.text("swift_store_endpoint_type");
  if (config.endpoint.interface.ends_with("URL"))
    config.endpoint.interface.resize(config.endpoint.interface.size() - 3);
  config.is_multi_tenant = options.flag("swift_store_multi_tenant");
  config.has_many_containers = options.number("swift_store_multiple_containers_seed") > 0;
  config.container = options.text("swift_store_container");
  const std::string file = options.text("swift_store_config_file");
  try {
    config.accounts = file.empty()
                          ? of_options(options)
                          : read_swift_accounts(find_file(file, site), config.auth_version);
  } catch (const Error& error) {
    config.accounts_fault = error.what();
  }
  if (file.empty() && config.accounts.empty())
    config.accounts_fault = fmt::format(
        "{} names no account: set swift_store_config_file, or swift_store_auth_address, "
        "swift_store_user and swift_store_key",
        config.group);
  return config;
}

}  // namespace

std::variant<SwiftAccount, std::string> SwiftConfig::account(const std::string& reference) const {
  if (const auto found = accounts.find(reference); found != accounts.end())
    return found->second;
  if (!accounts_fault.empty())
    return accounts_fault;
  return fmt::format("no reference '{}' in the accounts file (swift_store_config_file in {})",
                     printable(reference, 80), group);
}

std::vector<SwiftConfig> read_swift_configs(const Site& site) {
  std::vector<SwiftConfig> configs;
  for (const Store& store : site.stores)
    if (store.type == "swift")
      configs.push_back(config_of(store, site));
  // glance_store has one parser for all files.
  SwiftAccounts all;
  for (const SwiftConfig& config : configs)
    all.insert(config.accounts.begin(), config.accounts.end());
  for (SwiftConfig& config : configs)
    if (config.accounts_fault.empty())
      config.accounts.insert(all.begin(), all.end());
  return configs;
}

}  // namespace backglance
