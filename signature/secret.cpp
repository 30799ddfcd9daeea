// SPDX-License-Identifier: Apache-2.0
#include "signature/secret.h"

#include <fmt/format.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_text.h"
#include "base/text.h"

namespace backglance {

std::variant<std::string, NoCertificate> content_type_of(const std::string& metadata) {
  // What is missing, or of another type, reads as empty.
  const nlohmann::json object = parse_json(metadata);
  const std::string type = text_member(object, "secret_type");
  if (type != "certificate")
    return NoCertificate{
        type.empty() ? "the key manager's answer is not a secret"
                     : fmt::format("the key manager has a secret of the type '{}' of that id",
                                   printable(type, 64))};
  const auto types = object.find("content_types");
  std::string content = types != object.end() ? text_member(*types, "default") : std::string();
  // The type goes into a header of the next request, where a line end would begin another one.
  if (content.empty() || content.find_first_of("\r\n") != std::string::npos)
    return NoCertificate{"the key manager has a certificate of that id without content"};
  // barbicanclient makes a str of it, which cryptography does not take: Castellan fails on it.
  if (content == "text/plain")
    return NoCertificate{
        "the key manager has it as text/plain, which Glance cannot read; store it as "
        "application/octet-stream"};
  return content;
}

FoundCertificate certificate_of(const std::string& payload) {
  // Castellan takes PEM alone, of whatever content type.
  if (payload.find("-----BEGIN ") == std::string::npos)
    return NoCertificate{"the key manager's certificate is not in PEM, which Glance needs"};
  auto parsed = Certificate::parse(payload);
  if (const auto* const why = std::get_if<std::string>(&parsed))
    return NoCertificate{"the key manager's certificate: " + *why};
  return std::make_shared<const Certificate>(std::get<Certificate>(std::move(parsed)));
}

}  // namespace backglance
