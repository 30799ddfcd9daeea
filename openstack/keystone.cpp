// SPDX-License-Identifier: Apache-2.0
#include "openstack/keystone.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"
#include "openstack/keystone_token.h"

namespace backglance {

std::string fetch_token(HttpClient& http, const CloudAccess& access) {
  const std::string keystone = "Keystone at " + printable(access.auth_url);
  // Before the password goes anywhere.
  if (!is_plain_url(access.auth_url))
    throw Error(ErrorKind::usage, "auth_url is not an http:// or https:// URL");
  const auto answer =
      http.ask({.method = "POST",
                .url = keystone_tokens_url(access.auth_url),
                .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                .body = token_request(access)});
  if (const auto* const none = std::get_if<NoAnswer>(&answer))
    throw Error(ErrorKind::io, fmt::format("{}: {}", keystone, none->reason));
  const auto& [status, headers, body] = std::get<HttpAnswer>(answer);
  const auto token = headers.find("x-subject-token");
  if (status == 201 && token != headers.end() && !token->second.empty())
    return token->second;
  // A person must correct these; all else may be over at the next run.
  if (status == 401 || status == 403)
    throw Error(ErrorKind::usage,
                fmt::format("{} rejected {}", keystone, refused_credentials(access)));
  throw Error(ErrorKind::io, fmt::format("{} issued no token (HTTP {})", keystone, status));
}

}  // namespace backglance
