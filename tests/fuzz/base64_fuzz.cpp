// SPDX-License-Identifier: Apache-2.0
// What the properties of an image hold: base64 as Python reads it, compared with OpenSSL where both
// must agree, and what becomes of it as a signature. No text that is found by chance may verify.
#include <openssl/evp.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/base64.h"
#include "signature/signature.h"
#include "tests/fuzz/keys.h"

using namespace backglance;

namespace {

using Bytes = std::vector<unsigned char>;

std::string encoded(const Bytes& bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  text.resize(
      static_cast<std::size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                               bytes.data(), static_cast<int>(bytes.size()))));
  return text;
}

void require(bool holds) {
  if (!holds)
    std::abort();
}

void check_base64(std::string_view text) {
  for (const auto alphabet : {Base64Alphabet::standard, Base64Alphabet::url_safe})
    if (const auto bytes = decode_base64(text, alphabet)) {
      const std::string again = encoded(*bytes);
      require(decode_base64(again, alphabet) == bytes);
      // A line end, or anything else of no alphabet, is passed over.
      const std::size_t middle = again.size() / 2;
      require(decode_base64(again.substr(0, middle) + "\r\n!" + again.substr(middle), alphabet) ==
              bytes);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  check_base64(input);
  const Bytes bytes(data, data + size);
  require(decode_base64(encoded(bytes)) == bytes);

  // Its lines are the values of the properties.
  std::vector<std::string> lines = {""};
  for (const char c : input)
    if (c == '\n' && lines.size() < 6)
      lines.emplace_back();
    else
      lines.back() += c;
  lines.resize(6);
  const ImageProperties properties = {{"img_signature", lines[0]},
                                      {"img_signature_hash_method", lines[1]},
                                      {"img_signature_key_type", lines[2]},
                                      {"img_signature_certificate_uuid", lines[3]},
                                      {"signature", lines[0]},
                                      {"signature_hash_method", lines[1]},
                                      {"signature_key_type", lines[2]},
                                      {"signature_certificate_uuid", lines[3]},
                                      {"mask_gen_algorithm", lines[4]},
                                      {"pss_salt_length", lines[5]}};
  for (const auto& read : {read_signature(properties), read_legacy_signature(properties)})
    if (const auto* const signature = std::get_if<Signature>(&read))
      for (const Certificate& certificate : fuzz_certificates())
        require(!fuzz_fits(*signature, certificate));
  return 0;
}
