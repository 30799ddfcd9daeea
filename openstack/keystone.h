// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "openstack/cloud.h"
#include "openstack/http.h"

namespace backglance {

// Gets a token for an application credential, or for a user with a password, scoped to a project:
// POST /v3/auth/tokens of Keystone's
// API (docs.openstack.org/api-ref/identity/v3, "Password authentication with scoped
// authorization"). Throws Error{usage} if Keystone refuses the credentials, Error{io} if there is
// no proper answer.
std::string fetch_token(HttpClient& http, const CloudAccess& access);

}  // namespace backglance
