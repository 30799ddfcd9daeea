// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "signature/certificate.h"
#include "signature/signature.h"

namespace backglance {

enum class KeyVerdict {
  valid,
  other_salt,  // RSA-PSS with another salt length than it is to have: valid to OpenSSL's `auto`,
               // and refused by Glance and Nova
  invalid,
  key_disagrees,  // the certificate's key is of another kind than the signature
};

// Whether the certificate's key has signed what has this digest, by signature.hash, as cursive
// verifies it (verifiers.py): PSS with MGF1 over the same hash; DSA and ECDSA over the digest as it
// is. Any thread.
KeyVerdict verify(const Signature& signature, const Certificate& certificate,
                  std::span<const unsigned char> digest);

}  // namespace backglance
