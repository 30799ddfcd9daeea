// SPDX-License-Identifier: Apache-2.0
// What a file of statements holds: JSON, a DSSE envelope, an in-toto statement. Nothing opens by
// chance, and what is read as a statement is one that is written again as the same.
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "attest/envelope.h"
#include "attest/statement.h"

using namespace backglance;

namespace {

SiteKey made_key() {
  const auto file = std::filesystem::temp_directory_path() /
                    ("backglance-fuzz-" + std::to_string(getpid()) + ".pem");
  EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  std::FILE* const stream = std::fopen(file.c_str(), "w");
  if (stream == nullptr ||
      PEM_write_PrivateKey(stream, key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
    std::abort();
  std::fclose(stream);
  EVP_PKEY_free(key);
  SiteKey read = SiteKey::read(file, SiteKey::Part::secret);
  std::filesystem::remove(file);
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const SiteKey kKey = made_key();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  if (std::holds_alternative<OpenedEnvelope>(open_sealed(kKey, input)))
    std::abort();
  const auto opened = open_sealed(kKey, seal(kKey, kStatementPayloadType, input));
  if (!input.empty() && std::get<OpenedEnvelope>(opened).payload != input)
    std::abort();
  const auto read = read_statement(input);
  if (const auto* const image = std::get_if<StoredImage>(&read)) {
    const std::string text = statement_of(*image);
    const auto again = read_statement(text);
    if (!std::holds_alternative<StoredImage>(again) ||
        statement_of(std::get<StoredImage>(again)) != text)
      std::abort();
  }
  return 0;
}
