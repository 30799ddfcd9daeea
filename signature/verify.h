// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "signature/certificate.h"
#include "signature/signature.h"

namespace backglance {

enum class KeyVerdict {
  valid,
  other_salt,  // RSA-PSS with a wrong salt length: OpenSSL's `auto` accepts it, Glance and Nova
               // refuse it
  invalid,
  key_disagrees,  // the certificate's key is not of the signature's type
};

// Whether the certificate's key has signed a text with this digest (computed with signature.hash).
// Verifies as cursive does (verifiers.py): PSS with MGF1 and the same hash; DSA and ECDSA over the
// digest itself. Any thread.
KeyVerdict verify(const Signature& signature, const Certificate& certificate,
                  std::span<const unsigned char> digest);

}  // namespace backglance
