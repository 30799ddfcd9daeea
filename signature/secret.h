// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "signature/certificate_source.h"

namespace backglance {

// What Barbican answers, read as Castellan 4.0 reads it for Glance: what Glance could not use is
// none. Any thread.

// Of a secret's metadata: the type that its payload is to be asked for with. It is fit for a
// header.
std::variant<std::string, NoCertificate> content_type_of(const std::string& metadata);

FoundCertificate certificate_of(const std::string& payload);

}  // namespace backglance
