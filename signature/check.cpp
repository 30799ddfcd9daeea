// SPDX-License-Identifier: Apache-2.0
#include "signature/check.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <span>
#include <vector>

#include "base/text.h"
#include "digest/digest_set.h"
#include "glance/signature_properties.h"
#include "signature/verify.h"

namespace backglance {
namespace {

using Read = std::variant<Signature, std::string>;

std::vector<std::string> names_of(const ImageProperties& properties) {
  std::vector<std::string> names;
  for (const auto& [name, value] : properties)
    names.push_back(name);
  return names;
}

// A scheme that is not whole, or cannot be read, has its verdict at once, whatever the bytes are.
std::variant<Signature, SignatureFound> read_scheme(
    const ImageProperties& properties, std::span<const std::string_view> names,
    Read (&read)(const ImageProperties& properties)) {
  for (const std::string_view name : names)
    if (!properties.contains(name))
      return SignatureFound{SignatureVerdict::partial, fmt::format("there is no {}", name)};
  Read found = read(properties);
  if (auto* const signature = std::get_if<Signature>(&found))
    return std::move(*signature);
  return SignatureFound{SignatureVerdict::malformed, std::get<std::string>(std::move(found))};
}

// Of our own digest, so it is always hex of whole bytes.
std::vector<unsigned char> from_hex(const std::string& hex) {
  std::vector<unsigned char> bytes(hex.size() / 2);
  std::size_t length = 0;
  OPENSSL_hexstr2buf_ex(bytes.data(), bytes.size(), &length, hex.c_str(), '\0');
  bytes.resize(length);
  return bytes;
}

std::string digest_of_text(const DigestAlgorithm& algorithm, const std::string& text) {
  DigestSet digest({&algorithm});
  digest.update(std::as_bytes(std::span(text)));
  return digest.finish().front();
}

// Why the bytes can be no signature by this key, for a person; empty where they just do not fit.
std::string why_none(const Signature& signature, const EVP_PKEY* key) {
  // The length often shows that the certificate is one of another key.
  const auto length = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  const bool always_as_long = signature.key == SignatureKey::rsa_pss;  // else DER, at most so long
  if (always_as_long ? signature.bytes.size() == length : signature.bytes.size() <= length)
    return {};
  return fmt::format("the signature has {} bytes, but one by the certificate's key has {}{}",
                     signature.bytes.size(), always_as_long ? "" : "at most ", length);
}

std::optional<ChainFound> judge_chain(const Signature& signature, const VerifyWith& with) {
  const FoundCertificate found = with.certificates.find(signature.certificate);
  const auto* const certificate = std::get_if<std::shared_ptr<const Certificate>>(&found);
  // The verdict says already that there is no certificate: there is no chain to judge.
  if (certificate == nullptr)
    return std::nullopt;
  const auto why = with.trusted->why_untrusted(**certificate, with.now);
  return ChainFound{!why, why.value_or("")};
}

}  // namespace

ToVerify::ToVerify(const ImageProperties& properties, bool is_snapshot)
    : is_snapshot_(is_snapshot) {
  if (properties.empty())  // as of nearly every image
    return;
  const SignatureScheme scheme = judge_signature(names_of(properties)).scheme;
  const bool both = scheme == SignatureScheme::both;
  if (both || scheme == SignatureScheme::new_complete || scheme == SignatureScheme::new_partial)
    data_ = read_scheme(properties, kSignatureProperties, read_signature);
  if (both || scheme == SignatureScheme::legacy_complete ||
      scheme == SignatureScheme::legacy_partial)
    legacy_ = read_scheme(properties, kLegacySignatureProperties, read_legacy_signature);
}

// Asked before the read, so that the bytes are read once for all digests.
const DigestAlgorithm* ToVerify::digest() const {
  const Signature* const signature = data_ ? std::get_if<Signature>(&*data_) : nullptr;
  return signature == nullptr ? nullptr : signature->hash;
}

SignaturesFound ToVerify::check(const std::string& md5, const std::string& digest,
                                const VerifyWith& with) const {
  SignaturesFound found;
  const auto look_at = [&](const Scheme& scheme, std::optional<SignatureFound>& into,
                           const auto& digest_for) {
    if (!scheme)
      return;
    if (const auto* const signature = std::get_if<Signature>(&*scheme))
      into = judge(*signature, digest_for(*signature), with);
    else
      into = std::get<SignatureFound>(*scheme);
  };
  look_at(data_, found.data, [&](const Signature&) { return digest; });
  // Liberty hashes the 32 characters of the MD5 once more.
  look_at(legacy_, found.legacy,
          [&](const Signature& signature) { return digest_of_text(*signature.hash, md5); });
  if (with.trusted != nullptr && data_)
    if (const auto* const signature = std::get_if<Signature>(&*data_))
      found.chain = judge_chain(*signature, with);
  return found;
}

SignatureFound ToVerify::judge(const Signature& signature, const std::string& digest,
                               const VerifyWith& with) const {
  const FoundCertificate found = with.certificates.find(signature.certificate);
  if (const auto* const none = std::get_if<NoCertificate>(&found))
    return {SignatureVerdict::no_certificate, none->reason};
  const Certificate& certificate = *std::get<std::shared_ptr<const Certificate>>(found);
  switch (verify(signature, certificate, from_hex(digest))) {
    case KeyVerdict::key_disagrees:
      return {SignatureVerdict::key_disagrees,
              certificate.key() == nullptr
                  ? "the certificate's key is of a type, or on a curve, that Glance cannot read"
                  : fmt::format("the certificate's key is not of type {}",
                                signature_key_text(signature.key))};
    case KeyVerdict::invalid:
      return {is_snapshot_ ? SignatureVerdict::invalid_inherited : SignatureVerdict::invalid,
              why_none(signature, certificate.key())};
    case KeyVerdict::other_salt:
      return {SignatureVerdict::valid_other_salt, {}};
    case KeyVerdict::valid:
      break;
  }
  // The signature is that of the image that the snapshot was booted from, whatever else holds.
  if (is_snapshot_)
    return {SignatureVerdict::valid_inherited, {}};
  if (!certificate.is_valid_at(with.now))
    return {SignatureVerdict::valid_expired,
            fmt::format("the certificate is valid from {} to {}",
                        utc_date(certificate.not_before().time_since_epoch().count()),
                        utc_date(certificate.not_after().time_since_epoch().count()))};
  return {SignatureVerdict::valid, {}};
}

}  // namespace backglance
