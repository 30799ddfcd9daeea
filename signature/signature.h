// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "digest/algorithm.h"

namespace backglance {

enum class SignatureKey { rsa_pss, dsa, ecc };

// "RSA-PSS", "DSA", "ECC".
std::string_view signature_key_text(SignatureKey key);

// One signature as an image's properties describe it, in either scheme. Does not need the
// certificate.
struct Signature {
  const DigestAlgorithm* hash = nullptr;  // hash of the signed text: SHA-224, 256, 384 or 512
  SignatureKey key = SignatureKey::rsa_pss;
  std::string certificate;           // id of the certificate in the key manager
  std::vector<unsigned char> bytes;  // not empty; DER for DSA and ECDSA
  std::optional<int> salt_length;    // for PSS; empty: the longest that the key allows
};

// Live properties of an image by name. Upper and lower case matter.
using ImageProperties = std::map<std::string, std::string, std::less<>>;

// Both return the signature, or the reason why Glance cannot use it, for a person and without the
// bytes of the signature. Upper and lower case matter in the names of hashes and keys.

// From the four img_signature properties; all must be present. Like signature_utils.get_verifier()
// of cursive 0.2.3.
std::variant<Signature, std::string> read_signature(const ImageProperties& properties);

// From Liberty's four properties, and the options mask_gen_algorithm and pss_salt_length. Like
// common/signature_utils.py of Glance 12.0.0, which knew DSA and ECC only by name.
std::variant<Signature, std::string> read_legacy_signature(const ImageProperties& properties);

}  // namespace backglance
