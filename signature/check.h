// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "glance/signature_verdict.h"
#include "signature/certificate_source.h"
#include "signature/signature.h"
#include "signature/trust.h"

namespace backglance {

struct VerifyWith {
  Certificates& certificates;
  const TrustedCertificates* trusted;  // null: do not check chains
  Certificate::Time now;
};

// The signatures of an image that are to be verified. Made from its properties, before its bytes
// are read.
class ToVerify {
 public:
  ToVerify() = default;  // nothing
  // `is_snapshot`: the properties are most likely inherited from a base image.
  ToVerify(const ImageProperties& properties, bool is_snapshot);

  // The digest of the bytes that is needed in addition to their MD5; null: none.
  const DigestAlgorithm* digest() const;

  // Verifies after the bytes were read. `digest` is that digest ("" if none is needed). Both are in
  // lower-case hex.
  SignaturesFound check(const std::string& md5, const std::string& digest,
                        const VerifyWith& with) const;

 private:
  // Empty: the image has no property of the scheme. A SignatureFound: the verdict is known already,
  // so there is nothing to verify.
  using Scheme = std::optional<std::variant<Signature, SignatureFound>>;

  SignatureFound judge(const Signature& signature, const std::string& digest,
                       const VerifyWith& with) const;

  Scheme data_;
  Scheme legacy_;
  bool is_snapshot_ = false;
};

}  // namespace backglance
