// SPDX-License-Identifier: Apache-2.0
#include "openstack/keystone.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"

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

json body_of(const CloudAccess& access) {
  json user = named(access.user_id, access.user_name);
  if (access.user_id.empty())
    user["domain"] = domain(access.user_domain_id, access.user_domain_name);
  user["password"] = access.password;
  json project = named(access.project_id, access.project_name);
  if (access.project_id.empty())
    project["domain"] = domain(access.project_domain_id, access.project_domain_name);
  return {{"auth",
           {{"identity", {{"methods", {"password"}}, {"password", {{"user", user}}}}},
            {"scope", {{"project", project}}}}}};
}

// Clouds give their auth_url with the version, and without.
std::string tokens_url(std::string base) {
  while (base.ends_with('/'))
    base.pop_back();
  return base + (base.ends_with("/v3") ? "" : "/v3") + "/auth/tokens";
}

}  // namespace

std::string fetch_token(HttpClient& http, const CloudAccess& access) {
  const std::string keystone = "Keystone at " + printable(access.auth_url);
  // Before the password goes anywhere.
  if (!is_plain_url(access.auth_url))
    throw Error(ErrorKind::usage, "auth_url is not an http:// or https:// URL");
  const auto answer =
      http.ask({.method = "POST",
                .url = tokens_url(access.auth_url),
                .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                .body = body_of(access).dump(-1, ' ', false, json::error_handler_t::replace)});
  if (const auto* const none = std::get_if<NoAnswer>(&answer))
    throw Error(ErrorKind::io, fmt::format("{}: {}", keystone, none->reason));
  const auto& [status, headers, body] = std::get<HttpAnswer>(answer);
  const auto token = headers.find("x-subject-token");
  if (status == 201 && token != headers.end() && !token->second.empty())
    return token->second;
  // A person must correct these; all else may be over at the next run.
  if (status == 401 || status == 403)
    throw Error(ErrorKind::usage,
                fmt::format("{} rejected the user, the password or the project", keystone));
  throw Error(ErrorKind::io, fmt::format("{} issued no token (HTTP {})", keystone, status));
}

}  // namespace backglance
