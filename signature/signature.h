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

// What an image's properties say of one signature, of either scheme, as far as that is known
// without its certificate.
struct Signature {
  const DigestAlgorithm* hash = nullptr;  // over what was signed: SHA-224, 256, 384 or 512
  SignatureKey key = SignatureKey::rsa_pss;
  std::string certificate;           // its id in the key manager
  std::vector<unsigned char> bytes;  // not empty; DSA's and ECDSA's are DER
  std::optional<int> salt_length;    // of PSS; nothing: the longest that the key allows
};

// Live properties of an image by name, compared with case.
using ImageProperties = std::map<std::string, std::string, std::less<>>;

// The signature, or why Glance cannot take it for one, for a person and without its bytes. Names of
// hashes and of keys are compared as they are written, with case.

// Of the four img_signature properties, all of which must be there. As cursive 0.2.3 reads them:
// signature_utils.get_verifier().
std::variant<Signature, std::string> read_signature(const ImageProperties& properties);

// Of Liberty's four, with its options mask_gen_algorithm and pss_salt_length. As Glance 12.0.0
// reads them: common/signature_utils.py, which of DSA and ECC knew the names only.
std::variant<Signature, std::string> read_legacy_signature(const ImageProperties& properties);

}  // namespace backglance
