// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "attest/key.h"

namespace backglance {

// A DSSE envelope, v1.0.2 (github.com/secure-systems-lab/dsse, envelope.md and protocol.md): a
// payload and signatures over its type and its bytes. seal() returns it as JSON on one line.
std::string seal(const SiteKey& key, std::string_view payload_type, std::string_view payload);

struct OpenedEnvelope {
  std::string payload_type;
  std::string payload;
};
// The content of an envelope that has a valid signature by `key`. Otherwise the reason, for a
// person.
std::variant<OpenedEnvelope, std::string> open_sealed(const SiteKey& key,
                                                      std::string_view envelope);

}  // namespace backglance
