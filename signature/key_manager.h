// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "openstack/cloud.h"
#include "signature/certificate_source.h"

namespace backglance {

// Throws Error{usage} for a URL that is none, or has a user or a password in it.
void require_key_manager_url(const std::string& url);

// Certificates from Barbican's REST API, asked as Castellan 4.0 asks for Glance
// (key_manager/barbican_key_manager.py): the secret's metadata, then its payload. What Glance could
// not use is none: a secret that is no certificate, or is not in PEM. Throws Error{usage} for a URL
// that is none.
std::unique_ptr<CertificateSource> key_manager(const std::string& url, const CloudAccess& access);

}  // namespace backglance
