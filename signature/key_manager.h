// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "openstack/cloud.h"
#include "signature/certificate_source.h"

namespace backglance {

// Throws Error{usage} if `url` is not a URL, or contains a user or a password.
void require_key_manager_url(const std::string& url);

// Certificates from Barbican's REST API, fetched as Castellan 4.0 does it for Glance
// (key_manager/barbican_key_manager.py): first the metadata of the secret, then its payload. A
// secret that Glance could not use counts as missing: one that is not a certificate, or not in PEM.
// Throws Error{usage} if `url` is not a URL.
std::unique_ptr<CertificateSource> key_manager(const std::string& url, const CloudAccess& access);

}  // namespace backglance
