// SPDX-License-Identifier: Apache-2.0
#include "openstack/keystone_token.h"

#include <ctime>
#include <iomanip>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/json_text.h"

namespace backglance {
namespace {

using nlohmann::json;

// An id is unique in the whole Keystone; a name needs the domain that it belongs to.
json named(const std::string& id, const std::string& name) {
  return id.empty() ? json{{"name", name}} : json{{"id", id}};
}

// If neither is set: the domain that every Keystone is installed with.
json domain(const std::string& id, const std::string& name) {
  return named(id.empty() && name.empty() ? "default" : id, name);
}

json user_of(const CloudAccess& access) {
  json user = named(access.user_id, access.user_name);
  if (access.user_id.empty())
    user["domain"] = domain(access.user_domain_id, access.user_domain_name);
  return user;
}

std::string text_of(const json& body) {
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string credential_request(const json& credential) {
  return text_of(
      {{"auth",
        {{"identity",
          {{"methods", {"application_credential"}}, {"application_credential", credential}}}}}});
}

// "2026-11-30T22:43:01.000000Z": Keystone's times are UTC.
std::optional<std::time_t> time_of(const std::string& text) {
  std::tm parts = {};
  std::istringstream in(text);
  in >> std::get_time(&parts, "%Y-%m-%dT%H:%M:%S");
  if (in.fail())
    return std::nullopt;
  return timegm(&parts);
}

std::vector<CatalogEndpoint> catalog_of(const json& token) {
  std::vector<CatalogEndpoint> catalog;
  const auto services = token.find("catalog");
  if (services == token.end() || !services->is_array())
    return catalog;
  for (const json& service : *services) {
    if (!service.is_object() || !service.contains("endpoints") || !service["endpoints"].is_array())
      continue;
    for (const json& endpoint : service["endpoints"])
      catalog.push_back({text_member(service, "type"), text_member(endpoint, "interface"),
                         text_member(endpoint, "region"), text_member(endpoint, "url")});
  }
  return catalog;
}

}  // namespace

std::string keystone_tokens_url(std::string auth_url) {
  while (auth_url.ends_with('/'))
    auth_url.pop_back();
  if (auth_url.ends_with("/v2.0"))
    auth_url.resize(auth_url.size() - 5);
  return auth_url + (auth_url.ends_with("/v3") ? "" : "/v3") + "/auth/tokens";
}

std::string password_token_request(const CloudAccess& access) {
  json user = user_of(access);
  user["password"] = access.password;
  json project = named(access.project_id, access.project_name);
  if (access.project_id.empty())
    project["domain"] = domain(access.project_domain_id, access.project_domain_name);
  return text_of({{"auth",
                   {{"identity", {{"methods", {"password"}}, {"password", {{"user", user}}}}},
                    {"scope", {{"project", project}}}}}});
}

std::string application_credential_request(const std::string& id, const std::string& secret) {
  return credential_request({{"id", id}, {"secret", secret}});
}

std::string token_request(const CloudAccess& access) {
  if (!access.has_application_credential())
    return password_token_request(access);
  const std::string& secret = access.application_credential_secret;
  if (!access.application_credential_id.empty())
    return application_credential_request(access.application_credential_id, secret);
  return credential_request({{"name", access.application_credential_name},
                             {"secret", secret},
                             {"user", user_of(access)}});
}

std::string_view refused_credentials(const CloudAccess& access) {
  return access.has_application_credential() ? "the application credential"
                                             : "the user, the password or the project";
}

std::string KeystoneToken::endpoint(std::string_view service_type, std::string_view interface,
                                    std::string_view region) const {
  for (const CatalogEndpoint& one : catalog)
    if (one.service_type == service_type && one.interface == interface &&
        (region.empty() || one.region == region))
      return one.url;
  return {};
}

std::optional<KeystoneToken> read_keystone_token(const std::string& subject_token,
                                                 std::string_view body) {
  const json answer = json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (subject_token.empty() || !answer.is_object() || !answer.contains("token") ||
      !answer["token"].is_object())
    return std::nullopt;
  const json& token = answer["token"];
  KeystoneToken read{subject_token, {}, catalog_of(token)};
  const auto issued = time_of(text_member(token, "issued_at"));
  const auto expires = time_of(text_member(token, "expires_at"));
  if (issued && expires)
    read.life = std::chrono::seconds(*expires - *issued);
  return read;
}

}  // namespace backglance
