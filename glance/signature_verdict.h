// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace backglance {

// The result of verifying a signature over the stored bytes.
enum class SignatureVerdict {
  valid,
  valid_inherited,   // on a snapshot, which has the properties of its base image
  valid_expired,     // the certificate is not valid today; nobody knows when the image was signed
  valid_other_salt,  // RSA-PSS with a salt length that Glance and Nova refuse
  invalid,
  invalid_inherited,  // on a snapshot: the properties are probably those of its base image
  key_disagrees,      // the certificate's key is not of the type that the properties name
  no_certificate,     // the certificate could not be fetched or read
  malformed,          // a property has a value that the scheme does not know
  partial,            // properties are missing: no Glance verifies the rest
};

// The name for the ledger and JSON ("valid_inherited"), and the text for reports ("valid, inherited
// by a snapshot").
std::string_view signature_verdict_name(SignatureVerdict verdict);
std::string_view signature_verdict_text(SignatureVerdict verdict);
std::optional<SignatureVerdict> signature_verdict_from_name(std::string_view name);
inline constexpr std::size_t kSignatureVerdicts = 10;

// True if the owner of an img_signature must be told: a Nova that verifies signatures does not boot
// the image, or the bytes are not those that were signed.
bool is_finding(SignatureVerdict verdict);

struct SignatureFound {
  SignatureVerdict verdict = SignatureVerdict::malformed;
  std::string reason;  // one sentence without secrets; empty if the verdict says everything
};

// Whether the certificate of an img_signature leads to a trusted certificate, by the rules of
// Nova's validation. This does not depend on what was signed.
struct ChainFound {
  bool is_trusted = false;
  std::string reason;  // one sentence; empty if it is trusted
};

// The name for the ledger and JSON: "trusted" or "untrusted".
std::string_view chain_name(bool is_trusted);

// What was found for one image. A scheme is empty if the image has no property of it.
struct SignaturesFound {
  std::optional<SignatureFound> data;    // img_signature*: over the bytes
  std::optional<SignatureFound> legacy;  // signature*: over their MD5
  std::optional<ChainFound> chain = {};  // empty if chains were not checked, or no certificate
  // What each verdict depends on: verified_state() in sql/images.h; empty if not known.
  std::string data_state = {};
  std::string legacy_state = {};

  bool any() const { return data || legacy; }
};

}  // namespace backglance
