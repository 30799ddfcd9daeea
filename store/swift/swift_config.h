// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include "glance/site.h"
#include "store/store_options.h"
#include "store/swift/accounts_file.h"

namespace backglance {

// The options of Glance's swift driver that a reader needs. Defaults of glance_store 5, but for
// the authentication version 1, which is still understood.
inline constexpr std::array kSwiftOptions = {
    StoreOption{"swift_store_config_file", ""},
    StoreOption{"default_swift_reference", "ref1"},
    StoreOption{"swift_store_auth_address", ""},
    StoreOption{"swift_store_user", "", true},
    StoreOption{"swift_store_key", "", true},
    StoreOption{"swift_store_application_credential_id", "", true},
    StoreOption{"swift_store_application_credential_secret", "", true},
    StoreOption{"swift_store_auth_version", "3"},
    StoreOption{"swift_store_cacert", ""},
    StoreOption{"swift_store_region", ""},
    StoreOption{"swift_store_service_type", "object-store"},
    StoreOption{"swift_store_endpoint_type", "publicURL"},
    StoreOption{"swift_store_endpoint", ""},
    StoreOption{"swift_store_multi_tenant", "false"},
    StoreOption{"swift_store_container", "glance"},
    StoreOption{"swift_store_multiple_containers_seed", "0"},
    StoreOption{"swift_store_expire_soon_interval", "60"},
};

// Which endpoint of Keystone's catalog is Swift.
struct SwiftEndpoint {
  std::string service_type = {};
  std::string interface = {};  // "public"
  std::string region = {};     // empty: any
  std::string url = {};  // swift_store_endpoint: instead of the catalog's and of X-Storage-Url
  std::chrono::seconds renew_before{60};  // a token that ends sooner is renewed
};

// One swift store of the configuration. Read once; then any thread.
struct SwiftConfig {
  std::string id;     // in enabled_backends; empty: old style
  std::string name;   // "store fast", "the swift store"
  std::string group;  // "[fast]"
  std::string default_reference;
  std::string auth_version;
  std::string authorities;  // a PEM file
  SwiftEndpoint endpoint;
  bool is_multi_tenant = false;
  bool has_many_containers = false;
  std::string container;
  SwiftAccounts accounts;      // by reference
  std::string accounts_fault;  // why there are none; empty: the accounts were read

  // The account of a reference, or why there is none: one sentence.
  std::variant<SwiftAccount, std::string> account(const std::string& reference) const;
};

// The swift stores of the site, in order. An accounts file that cannot be read is no error here:
// it keeps one store from its images, see SwiftConfig::accounts_fault. As in Glance, each other
// store knows the references of all files. Throws Error{usage} for an option of the wrong
// type.
std::vector<SwiftConfig> read_swift_configs(const Site& site);

}  // namespace backglance
