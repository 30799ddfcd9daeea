// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <variant>

namespace backglance {

// How to get a token for one account of Swift. Secrets: key, application_credential_secret.
struct SwiftAccount {
  std::string auth_url = {};  // with the scheme, without '/' at the end
  std::string auth_version = {};
  std::string user = {};  // "project:user" for Keystone, "account:user" for version 1
  std::string key = {};
  std::string application_credential_id = {};  // if set, user and key are not used
  std::string application_credential_secret = {};
  std::string user_domain_id = {};
  std::string user_domain_name = {};
  std::string project_domain_id = {};
  std::string project_domain_name = {};

  // Version 1 is the protocol of tempauth and of Ceph's radosgw. A URL whose last part begins with
  // "v1" cannot be Keystone's, whatever the version says.
  bool is_version_1() const;
  // Whether both would ask the same server for the same user: all but the secrets.
  bool is_same_user(const SwiftAccount& other) const;
};

// Puts "https://" before an address without a scheme, as the driver does, and removes '/' at the
// end.
std::string whole_auth_url(std::string address);

// The accounts of Glance's swift_store_config_file by reference, or why a section cannot be used.
using SwiftAccounts = std::map<std::string, std::variant<SwiftAccount, std::string>>;

// Reads the file as SwiftConfigParser of glance_store does, which is Python's ConfigParser:
// - "[reference]", with case; "name = value" or "name: value", names in lower case; "#" and ";"
//   begin a comment line; an indented line continues a value; [DEFAULT] sets values for all.
// - "%%" is "%", and "%(name)s" is the value of another option. Any other "%" is an error.
// - One pair of quotes around a value is removed; one that is not closed is an error.
// Each section has auth_address and either user and key, or application_credential_id and
// application_credential_secret. `auth_version`: of sections that name none.
//
// Throws Error{usage} if the file cannot be read or is no such file. No text contains a value.
SwiftAccounts read_swift_accounts(const std::filesystem::path& file,
                                  const std::string& auth_version);

}  // namespace backglance
