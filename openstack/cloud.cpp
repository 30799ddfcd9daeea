// SPDX-License-Identifier: Apache-2.0
#include "openstack/cloud.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <cstdlib>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

// Of `auth` in clouds.yaml; in the environment OS_ and upper case, but for the user's name.
using Field = std::pair<const char*, std::string CloudAccess::*>;
constexpr std::array<Field, 13> kFields = {
    {{"auth_url", &CloudAccess::auth_url},
     {"username", &CloudAccess::user_name},
     {"user_id", &CloudAccess::user_id},
     {"password", &CloudAccess::password},
     {"application_credential_id", &CloudAccess::application_credential_id},
     {"application_credential_name", &CloudAccess::application_credential_name},
     {"application_credential_secret", &CloudAccess::application_credential_secret},
     {"user_domain_name", &CloudAccess::user_domain_name},
     {"user_domain_id", &CloudAccess::user_domain_id},
     {"project_name", &CloudAccess::project_name},
     {"project_id", &CloudAccess::project_id},
     {"project_domain_name", &CloudAccess::project_domain_name},
     {"project_domain_id", &CloudAccess::project_domain_id}}};

[[noreturn]] void refuse(const std::string& text) {
  throw Error(ErrorKind::usage, text);
}

// yaml-cpp gives every scalar as it is written, so all spellings of false count.
bool says_no(const std::string& text) {
  const std::string word = lower_ascii(text);
  return word == "false" || word == "no" || word == "off" || word == "0";
}

// An error and no warning: the password would go to whoever answers.
[[noreturn]] void refuse_unverified(const std::string& what) {
  refuse(what +
         " turns off the verification of certificates, which backglance does not support; name the "
         "authority's file with cacert or OS_CACERT");
}

std::string upper(std::string text) {
  for (char& c : text)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

// "" for what is no text, and for what is not there.
std::string text_of(const YAML::Node& map, const char* name) {
  const YAML::Node node = map.IsMap() ? map[name] : YAML::Node();
  return node && node.IsScalar() ? node.Scalar() : std::string();
}

// openstacksdk's order: the file that the environment names, then this directory, the user's, the
// host's.
std::filesystem::path first_file(const Environment& environment, const std::string& variable,
                                 const std::string& name) {
  if (const std::string named = environment(variable); !named.empty())
    return named;
  std::vector<std::filesystem::path> places = {""};
  if (const std::string home = environment("HOME"); !home.empty())
    places.push_back(std::filesystem::path(home) / ".config/openstack");
  places.emplace_back("/etc/openstack");
  std::error_code error;
  for (const auto& place : places)
    for (const char* const suffix : {".yaml", ".yml"})
      if (auto file = place / (name + suffix); std::filesystem::exists(file, error))
        return file;
  return {};
}

// That cloud of the file; undefined if it has none of that name.
YAML::Node cloud_of(const std::filesystem::path& file, const std::string& cloud) {
  try {
    const YAML::Node root = YAML::LoadFile(file.native());
    const YAML::Node clouds = root.IsMap() ? root["clouds"] : YAML::Node();
    return clouds && clouds.IsMap() ? clouds[cloud] : YAML::Node(YAML::NodeType::Undefined);
  } catch (const YAML::Exception&) {  // its text may quote the file
    refuse(fmt::format("{} cannot be read as YAML", printable(file.native())));
  }
}

// Takes only what is set: secure.yaml comes second, and has just the secrets.
void take(const YAML::Node& cloud, const std::string& where, CloudAccess& access,
          std::string& auth_type) {
  if (!cloud.IsMap())
    return;
  const YAML::Node auth = cloud["auth"];
  if (auth && auth.IsMap()) {
    for (const auto& [name, field] : kFields)
      if (std::string value = text_of(auth, name); !value.empty())
        access.*field = std::move(value);
    if (std::string token = text_of(auth, "token"); !token.empty())
      access.token = std::move(token);
  }
  const auto take_text = [&](const char* name, std::string& text) {
    if (std::string value = text_of(cloud, name); !value.empty())
      text = std::move(value);
  };
  take_text("auth_type", auth_type);
  take_text("cacert", access.authorities);
  take_text("region_name", access.region_name);
  take_text("interface", access.interface);
  take_text("image_endpoint_override", access.image_endpoint);
  if (says_no(text_of(cloud, "verify")))
    refuse_unverified(where);
}

CloudAccess of_file(const Environment& environment, const std::string& name,
                    std::string& auth_type) {
  const auto file = first_file(environment, "OS_CLIENT_CONFIG_FILE", "clouds");
  if (file.empty())
    refuse(fmt::format("OS_CLOUD is {}, but no clouds.yaml was found", printable(name)));
  const YAML::Node cloud = cloud_of(file, name);
  if (!cloud.IsDefined() || !cloud.IsMap())
    refuse(fmt::format("{} has no cloud {}", printable(file.native()), printable(name)));
  CloudAccess access;
  take(cloud, printable(file.native()), access, auth_type);
  const auto secure = first_file(environment, "OS_CLIENT_SECURE_FILE", "secure");
  if (!secure.empty())
    // It need not have this cloud.
    if (const YAML::Node more = cloud_of(secure, name); more.IsDefined())
      take(more, printable(secure.native()), access, auth_type);
  return access;
}

CloudAccess of_environment(const Environment& environment) {
  CloudAccess access;
  for (const auto& [name, field] : kFields)
    access.*field = environment("OS_" + upper(name));
  return access;
}

// keystoneauth's plugin for it. Without a type, openstacksdk would take the password.
bool wants_application_credential(const CloudAccess& access, const std::string& auth_type) {
  if (auth_type == "v3applicationcredential")
    return true;
  return auth_type != "password" && auth_type != "v3password" &&
         (!access.application_credential_id.empty() ||
          !access.application_credential_name.empty() || access.has_application_credential());
}

// Before the run begins: Keystone would refuse the same, but hours later.
void check(const CloudAccess& access, bool uses_application_credential, std::string_view who) {
  const auto need = [&](bool is_there, const char* what) {
    if (!is_there)
      refuse(fmt::format(
          "{} requires a token, a password or an application credential, and {} is not set: set "
          "OS_TOKEN, or OS_CLOUD, or OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME, or "
          "OS_AUTH_URL, OS_APPLICATION_CREDENTIAL_ID and OS_APPLICATION_CREDENTIAL_SECRET",
          who, what));
  };
  need(!access.auth_url.empty(), "auth_url");
  if (uses_application_credential) {
    need(access.has_application_credential(), "application_credential_secret");
    if (access.application_credential_id.empty()) {
      // A name is unique for its user only.
      need(!access.application_credential_name.empty(), "application_credential_id");
      need(!access.user_name.empty() || !access.user_id.empty(), "username");
    }
    return;
  }
  need(!access.user_name.empty() || !access.user_id.empty(), "username");
  need(!access.password.empty(), "password");
  need(!access.project_name.empty() || !access.project_id.empty(), "project_name");
}

}  // namespace

std::string environment_variable(const std::string& name) {
  const char* const value = std::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): no setenv
  return value == nullptr ? std::string() : std::string(value);
}

CloudAccess read_cloud_access(const Environment& environment, std::string_view who) {
  CloudAccess access;
  const std::string cloud = environment("OS_CLOUD");
  std::string auth_type;
  // A token that somebody else has fetched needs no user: then nothing else is read.
  if (const std::string token = environment("OS_TOKEN"); !token.empty())
    access.token = token;
  else
    access = cloud.empty() ? of_environment(environment) : of_file(environment, cloud, auth_type);
  if (const std::string insecure = environment("OS_INSECURE");
      !insecure.empty() && !says_no(insecure))
    refuse_unverified("OS_INSECURE");
  // Of both, the environment wins.
  const auto take_variable = [&](const char* name, std::string& text) {
    if (std::string value = environment(name); !value.empty())
      text = std::move(value);
  };
  take_variable("OS_AUTH_TYPE", auth_type);
  take_variable("OS_CACERT", access.authorities);
  take_variable("OS_REGION_NAME", access.region_name);
  take_variable("OS_INTERFACE", access.interface);
  take_variable("OS_IMAGE_ENDPOINT_OVERRIDE", access.image_endpoint);
  std::error_code error;
  if (!access.authorities.empty() && !std::filesystem::is_regular_file(access.authorities, error))
    refuse(fmt::format("the file {} of certificate authorities does not exist",
                       printable(access.authorities)));
  if (access.asks_keystone()) {
    const bool is_wanted = wants_application_credential(access, auth_type);
    check(access, is_wanted, who);
    if (!is_wanted)
      access.application_credential_secret.clear();
  }
  for (const char c : access.token + access.password + access.application_credential_secret)
    // A line end in a header would begin another header.
    if (c == '\n' || c == '\r' || c == '\0')
      refuse("the token, the password or the secret contains a line end");
  return access;
}

}  // namespace backglance
