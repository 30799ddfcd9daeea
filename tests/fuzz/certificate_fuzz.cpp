// SPDX-License-Identifier: Apache-2.0
// What a file, or a key manager, holds where a certificate should be: parsed, used as the key of a
// signature, and compared with trusted ones, among them itself.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "signature/secret.h"
#include "signature/trust.h"
#include "tests/fuzz/keys.h"

using namespace backglance;

namespace {

Signature some_signature(SignatureKey kind) {
  Signature signature;
  signature.hash = find_digest_algorithm("sha256");
  signature.key = kind;
  signature.bytes.assign(256, 7);
  return signature;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  // Of Barbican's metadata: what goes into a header has no line of its own.
  const auto content = content_type_of(std::string(input));
  if (const auto* const type = std::get_if<std::string>(&content))
    if (type->empty() || type->find_first_of("\r\n") != std::string::npos)
      std::abort();
  const auto one = Certificate::parse(input);
  auto all = Certificate::parse_all(input);
  if (const auto* const certificate = std::get_if<Certificate>(&one)) {
    for (const auto kind : {SignatureKey::rsa_pss, SignatureKey::dsa, SignatureKey::ecc})
      fuzz_fits(some_signature(kind), *certificate);
  } else if (std::holds_alternative<std::vector<Certificate>>(all)) {
    std::abort();  // what holds several holds a first one
  }
  if (auto* const certificates = std::get_if<std::vector<Certificate>>(&all)) {
    std::vector<TrustedCertificates::Trusted> trusted;
    for (Certificate& certificate : *certificates)
      trusted.push_back({"fuzzed", std::move(certificate)});
    const TrustedCertificates list(std::move(trusted));
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    list.unusable(now);
    if (const auto* const certificate = std::get_if<Certificate>(&one))
      list.why_untrusted(*certificate, now);
    for (const Certificate& known : fuzz_certificates())
      if (!list.why_untrusted(known, now))
        std::abort();  // nobody but itself has signed it
  }
  return 0;
}
