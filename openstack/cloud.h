// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace backglance {

// How to get into a cloud: a token, or a user with a password and the project that he works in.
struct CloudAccess {
  std::string token;  // if there is one, the rest but `authorities` is not used
  std::string auth_url;
  std::string user_name;
  std::string user_id;
  std::string password;
  std::string user_domain_name;
  std::string user_domain_id;
  std::string project_name;
  std::string project_id;
  std::string project_domain_name;
  std::string project_domain_id;
  std::string authorities;  // a PEM file; empty: the system's

  bool has_password() const { return token.empty(); }
};

// A variable of the environment; "" if there is none.
using Environment = std::function<std::string(const std::string& name)>;

// By the rules of openstacksdk ("Configuring OpenStack SDK Applications"), as far as they go for a
// password: OS_TOKEN; else with OS_CLOUD that cloud of the first clouds.yaml of
// OS_CLIENT_CONFIG_FILE, the working directory, ~/.config/openstack and /etc/openstack, with what
// the first secure.yaml says besides; else OS_AUTH_URL, OS_USERNAME and the like. A domain that
// nobody names is the one with the id `default`. Throws Error{usage} if none of them is there, if
// what is there does not do, or asks for certificates not to be verified.
CloudAccess read_cloud_access(const Environment& environment);

}  // namespace backglance
