// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "signature/certificate_source.h"

namespace backglance {

// Reads Barbican's answers as Castellan 4.0 does it for Glance. A secret that Glance could not use
// counts as missing. Any thread.

// The content type with which the payload must be requested, from the metadata of a secret. It is
// safe in an HTTP header.
std::variant<std::string, NoCertificate> content_type_of(const std::string& metadata);

FoundCertificate certificate_of(const std::string& payload);

}  // namespace backglance
