// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "attest/key.h"

namespace backglance {

// DSSE v1.0.2 (github.com/secure-systems-lab/dsse, envelope.md and protocol.md): a payload with
// signatures over its type and its bytes, in JSON on one line.
std::string seal(const SiteKey& key, std::string_view payload_type, std::string_view payload);

struct Opened {
  std::string payload_type;
  std::string payload;
};
// What is in an envelope with a signature by `key`. Else why it cannot be believed, for a person.
std::variant<Opened, std::string> open_sealed(const SiteKey& key, std::string_view envelope);

}  // namespace backglance
