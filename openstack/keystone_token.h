// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "openstack/cloud.h"

namespace backglance {

// The texts of POST /v3/auth/tokens, Keystone's request for a token (docs.openstack.org/api-ref/
// identity/v3, "Authentication and token management"), without the connection: callers differ in
// how they speak HTTP, and in what a failure means to them. None of these functions throws.

// "https://host:5000", ".../v3" and ".../v3/": clouds give their auth_url in each of these forms.
// A version 2.0, which Keystone no longer has, becomes 3, as glance_store 5.0.0 does.
std::string keystone_tokens_url(std::string auth_url);

// A user with a password, scoped to a project. Of `access`: all but the token, the auth_url and the
// authorities. A domain that is not named is the one with the id `default`. The result is a secret.
std::string password_token_request(const CloudAccess& access);
// An application credential, which has its project by itself. The result is a secret.
std::string application_credential_request(const std::string& id, const std::string& secret);
// The one of both that CloudAccess has; the credential may be named. The result is a secret.
std::string token_request(const CloudAccess& access);
// "the application credential", or "the user, the password or the project": what Keystone refuses.
std::string_view refused_credentials(const CloudAccess& access);

struct CatalogEndpoint {
  std::string service_type;  // "object-store"
  std::string interface;     // "public", "internal", "admin"
  std::string region;
  std::string url;
};

struct KeystoneToken {
  std::string token;  // a secret
  // How long it is valid: expires_at - issued_at, so that this host's clock does not count. Nothing
  // if Keystone did not say.
  std::optional<std::chrono::seconds> life;
  std::vector<CatalogEndpoint> catalog;

  // The URL of the first endpoint that fits; an empty region fits all. Empty if there is none.
  std::string endpoint(std::string_view service_type, std::string_view interface,
                       std::string_view region) const;
};

// The answer with status 201: its header X-Subject-Token and its body. Nothing if that is no token.
std::optional<KeystoneToken> read_keystone_token(const std::string& subject_token,
                                                 std::string_view body);

}  // namespace backglance
