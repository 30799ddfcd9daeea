// SPDX-License-Identifier: Apache-2.0
#include "signature/signature.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <span>

#include "base/base64.h"
#include "base/text.h"
#include "glance/signature_properties.h"

namespace backglance {
namespace {

// cursive's names (signature_utils.py), letter by letter: it takes no other spelling.
struct HashName {
  std::string_view name;
  std::string_view algorithm;
};
constexpr std::array<HashName, 4> kHashes = {
    {{"SHA-224", "sha224"}, {"SHA-256", "sha256"}, {"SHA-384", "sha384"}, {"SHA-512", "sha512"}}};

struct KeyName {
  std::string_view name;
  SignatureKey key;
};
// The curve of a certificate may be another one than the name says: cursive does not compare them.
constexpr std::array<KeyName, 8> kKeys = {{{"RSA-PSS", SignatureKey::rsa_pss},
                                           {"DSA", SignatureKey::dsa},
                                           {"ECC_SECT571K1", SignatureKey::ecc},
                                           {"ECC_SECT409K1", SignatureKey::ecc},
                                           {"ECC_SECT571R1", SignatureKey::ecc},
                                           {"ECC_SECT409R1", SignatureKey::ecc},
                                           {"ECC_SECP521R1", SignatureKey::ecc},
                                           {"ECC_SECP384R1", SignatureKey::ecc}}};

// As Python 2's int() reads it: blanks about it, a sign, digits. Nothing if it is no number; what
// is larger than an int is the largest int.
std::optional<int> python_int(std::string_view text) {
  text = trim(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+'))
    text.remove_prefix(1);
  const bool all_digits =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.empty() || !all_digits)
    return std::nullopt;
  int value = 0;
  // Python's integers have no limit. A salt that is too long for an int is too long for every key.
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range)
    value = std::numeric_limits<int>::max();
  return negative ? -value : value;
}

using Names = std::span<const std::string_view, 4>;  // signature, hash, key, certificate

std::variant<Signature, std::string> read(const ImageProperties& properties, Names names) {
  for (const std::string_view name : names)
    if (properties.find(name) == properties.end())
      return fmt::format("there is no {}", name);
  // From here on they are all there.
  const auto value = [&](std::size_t i) -> const std::string& {
    return properties.find(names[i])->second;
  };
  Signature signature;
  // Python refuses a text that is not ASCII before it looks for its alphabet.
  const bool is_ascii = std::all_of(value(0).begin(), value(0).end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  auto bytes = is_ascii ? decode_base64(value(0)) : std::nullopt;
  if (!bytes)
    return fmt::format("{} is not base64", names[0]);
  if (bytes->empty())
    return fmt::format("{} is empty", names[0]);
  signature.bytes = std::move(*bytes);
  // The order in which cursive looks, so that the first fault that is named is the one in Nova's
  // log.
  const auto hash = std::ranges::find(kHashes, value(1), &HashName::name);
  if (hash == kHashes.end())
    return fmt::format("{} is '{}'", names[1], printable(value(1), 64));
  signature.hash = find_digest_algorithm(hash->algorithm);
  const auto key = std::ranges::find(kKeys, value(2), &KeyName::name);
  if (key == kKeys.end())
    return fmt::format("{} is '{}'", names[2], printable(value(2), 64));
  signature.key = key->key;
  signature.certificate = value(3);
  return signature;
}

}  // namespace

std::string_view signature_key_text(SignatureKey key) {
  constexpr std::array<std::string_view, 3> kTexts = {"RSA-PSS", "DSA", "ECC"};
  return kTexts[static_cast<std::size_t>(key)];
}

std::variant<Signature, std::string> read_signature(const ImageProperties& properties) {
  return read(properties, kSignatureProperties);
}

std::variant<Signature, std::string> read_legacy_signature(const ImageProperties& properties) {
  auto found = read(properties, kLegacySignatureProperties);
  auto* const signature = std::get_if<Signature>(&found);
  // Options are of PSS alone.
  if (signature == nullptr || signature->key != SignatureKey::rsa_pss)
    return found;
  const auto mask = properties.find(kLegacySignatureOptions[0]);
  if (mask != properties.end() && mask->second != "MGF1")
    return fmt::format("{} is '{}'", mask->first, printable(mask->second, 64));
  const auto salt = properties.find(kLegacySignatureOptions[1]);
  // Then the longest salt that fits, as Liberty took it (verify.cpp).
  if (salt == properties.end())
    return found;
  signature->salt_length = python_int(salt->second);
  if (!signature->salt_length || *signature->salt_length < 0)
    return fmt::format("{} is '{}'", salt->first, printable(salt->second, 64));
  return found;
}

}  // namespace backglance
