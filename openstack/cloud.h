// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace backglance {

// Credentials for a cloud: a token, an application credential, or a user with a password and a
// project.
struct CloudAccess {
  std::string token;  // if not empty, only this, `authorities` and `image_endpoint` are used
  std::string auth_url;
  std::string user_name;
  std::string user_id;
  std::string password;
  std::string user_domain_name;
  std::string user_domain_id;
  // If the secret is not empty, it is used in place of the password, and with the id or with the
  // name and the user. It has its project by itself.
  std::string application_credential_id;
  std::string application_credential_name;
  std::string application_credential_secret;
  std::string project_name;
  std::string project_id;
  std::string project_domain_name;
  std::string project_domain_id;
  std::string authorities;  // a PEM file; empty: the system's
  // Which endpoints of the catalog: `region_name` and `interface` of a cloud, OS_REGION_NAME and
  // OS_INTERFACE. An empty region stands for all.
  std::string region_name;
  std::string interface = "public";
  // Glance's URL in place of the catalog's: image_endpoint_override, OS_IMAGE_ENDPOINT_OVERRIDE.
  std::string image_endpoint;

  bool asks_keystone() const { return token.empty(); }
  bool has_application_credential() const { return !application_credential_secret.empty(); }
};

// Returns the value of an environment variable, or "".
using Environment = std::function<std::string(const std::string& name)>;
// That of this process.
std::string environment_variable(const std::string& name);

// Finds the credentials by the rules of openstacksdk ("Configuring OpenStack SDK Applications"), as
// far as they are about tokens, passwords and application credentials:
// 1. OS_TOKEN.
// 2. OS_CLOUD: this cloud in the first clouds.yaml of OS_CLIENT_CONFIG_FILE, the working directory,
//    ~/.config/openstack and /etc/openstack; the first secure.yaml adds to it.
// 3. OS_AUTH_URL, OS_USERNAME and so on.
// An application credential counts more than a password, unless OS_AUTH_TYPE, or `auth_type` of the
// cloud, is `password` or `v3password`; with `v3applicationcredential` there must be one. A domain
// that is not named is the one with the id `default`. Throws Error{usage} if there are no
// credentials, if they are incomplete, or if they ask not to verify certificates. `who` requires
// them: the subject of the message.
CloudAccess read_cloud_access(const Environment& environment,
                              std::string_view who = "the key manager");

}  // namespace backglance
