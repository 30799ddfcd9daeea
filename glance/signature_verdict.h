// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace backglance {

// What became of the verification of a signature over what is stored.
enum class SignatureVerdict {
  valid,
  valid_inherited,   // on a snapshot, whose properties are those of the image it came from
  valid_expired,     // its certificate is not valid today; when it was signed nobody knows
  valid_other_salt,  // RSA-PSS with another salt length than the scheme's: Glance and Nova refuse
                     // it
  invalid,
  invalid_inherited,  // on what calls itself a snapshot: most likely left over
  key_disagrees,      // the certificate's key is of another kind than the properties say
  no_certificate,     // it could not be had, or not be read
  malformed,          // a property is none that the scheme knows
  partial,            // properties are missing: no Glance verifies what is left
};

// As the ledger and JSON store it ("valid_inherited"), and as reports print it ("valid, inherited
// by a snapshot").
std::string_view signature_verdict_name(SignatureVerdict verdict);
std::string_view signature_verdict_text(SignatureVerdict verdict);
std::optional<SignatureVerdict> signature_verdict_from_name(std::string_view name);
inline constexpr std::size_t kSignatureVerdicts = 10;

// True for what the owner of an img_signature has to hear of: Nova will not boot the image where it
// verifies signatures, or the bytes are not what was signed.
bool is_finding(SignatureVerdict verdict);

struct SignatureFound {
  SignatureVerdict verdict = SignatureVerdict::malformed;
  std::string reason;  // one sentence without secrets; empty where the verdict says it all
};

// Whether the certificate of an img_signature leads to trusted ones, as Nova's validation has it,
// which does not ask what was signed.
struct ChainFound {
  bool is_trusted = false;
  std::string reason;  // one sentence; empty if it is trusted
};

// As the ledger and JSON store it: "trusted" or "untrusted".
std::string_view chain_name(bool is_trusted);

// Of an image; nothing for a scheme of which it has no property.
struct SignaturesFound {
  std::optional<SignatureFound> data;    // img_signature*: over the bytes
  std::optional<SignatureFound> legacy;  // signature*: over their MD5
  std::optional<ChainFound> chain = {};  // nothing if nobody asked, or without a certificate
  // What each verdict rests on: verified_state() of sql/images.h, if that is known.
  std::string data_state = {};
  std::string legacy_state = {};

  bool any() const { return data || legacy; }
};

}  // namespace backglance
