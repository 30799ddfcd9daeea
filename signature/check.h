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
  const TrustedCertificates* trusted;  // null: chains are not looked at
  Certificate::Time now;
};

// What an image's properties leave to be verified, known before its bytes are read.
class ToVerify {
 public:
  ToVerify() = default;  // nothing
  // `is_snapshot`: the image's properties are most likely inherited.
  ToVerify(const ImageProperties& properties, bool is_snapshot);

  // The digest of the bytes that is needed besides their MD5; null: none.
  const DigestAlgorithm* digest() const;

  // When the bytes have been read: their MD5, and that digest ("" if none), both in lower-case hex.
  SignaturesFound check(const std::string& md5, const std::string& digest,
                        const VerifyWith& with) const;

 private:
  // Nothing: no property of the scheme. A finding: there is nothing to verify.
  using Scheme = std::optional<std::variant<Signature, SignatureFound>>;

  SignatureFound judge(const Signature& signature, const std::string& digest,
                       const VerifyWith& with) const;

  Scheme data_;
  Scheme legacy_;
  bool is_snapshot_ = false;
};

}  // namespace backglance
