// SPDX-License-Identifier: Apache-2.0
#include "attest/envelope.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/base64.h"
#include "base/json_text.h"

namespace backglance {
namespace {

using nlohmann::json;

// protocol.md, "Pre-Authentication Encoding".
// The lengths are signed too: no other type and payload have the same bytes.
std::string signed_bytes(std::string_view type, std::string_view payload) {
  return fmt::format("DSSEv1 {} {} {} {}", type.size(), type, payload.size(), payload);
}

std::string_view text_of(const std::vector<unsigned char>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

std::string seal(const SiteKey& key, std::string_view payload_type, std::string_view payload) {
  const auto signature = key.sign(signed_bytes(payload_type, payload));
  const nlohmann::ordered_json envelope = {
      {"payload", encode_base64(payload)},
      {"payloadType", payload_type},
      {"signatures", {{{"keyid", key.id()}, {"sig", encode_base64(text_of(signature))}}}}};
  return envelope.dump();
}

std::variant<OpenedEnvelope, std::string> open_sealed(const SiteKey& key,
                                                      std::string_view envelope) {
  // Anybody may have written this file, so no reason quotes it.
  const json object = parse_json(envelope);
  if (!object.is_object())
    return "it is not a JSON object";
  const auto signatures = object.find("signatures");
  const auto payload = decode_base64(text_member(object, "payload"), Base64Alphabet::url_safe);
  if (!payload || payload->empty() || signatures == object.end() || !signatures->is_array())
    return "it is not a DSSE envelope";
  OpenedEnvelope opened{text_member(object, "payloadType"),
                        std::string(payload->begin(), payload->end())};
  const std::string bytes = signed_bytes(opened.payload_type, opened.payload);
  // A keyid is a hint (envelope.md): what counts is that the key fits.
  for (const json& one : *signatures) {
    const auto signature = decode_base64(text_member(one, "sig"), Base64Alphabet::url_safe);
    if (signature && key.verify(bytes, *signature))
      return opened;
  }
  return "it has no valid signature by this key";
}

}  // namespace backglance
