// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// The properties that a scheme needs, in the order in which reports name them. Upper and lower case
// matter, as in Glance, with any collation of the database.
inline constexpr std::array<std::string_view, 4> kLegacySignatureProperties = {
    "signature", "signature_hash_method", "signature_key_type", "signature_certificate_uuid"};
inline constexpr std::array<std::string_view, 4> kSignatureProperties = {
    "img_signature", "img_signature_hash_method", "img_signature_key_type",
    "img_signature_certificate_uuid"};
// Optional properties that only the legacy scheme reads. Images of the new scheme may have them,
// too.
inline constexpr std::array<std::string_view, 2> kLegacySignatureOptions = {"mask_gen_algorithm",
                                                                            "pss_salt_length"};

enum class SignatureScheme {
  none,             // no property of either scheme
  unrelated,        // only "signature", or only options: probably ordinary metadata
  legacy_complete,  // Liberty: over the MD5
  legacy_partial,   // looks like protection, but no Glance ever verified it
  new_complete,     // Mitaka and later: over the data
  new_partial,
  both,  // properties of both schemes, each complete or partial
};

// The text for reports ("legacy complete") and the name for the ledger ("legacy_complete").
std::string_view signature_scheme_text(SignatureScheme scheme);
std::string_view signature_scheme_name(SignatureScheme scheme);
// The scheme with this stored name; `none` for an unknown name.
SignatureScheme signature_scheme_from_name(std::string_view name);

// True for the schemes that get a deadline: legacy_complete, legacy_partial, both.
bool is_deprecated(SignatureScheme scheme);

// True for the schemes with properties of img_signature: new_complete, new_partial, both.
bool has_data_signature(SignatureScheme scheme);

// Whether `name` belongs to the scheme, including its options.
bool is_legacy_signature_name(std::string_view name);
bool is_data_signature_name(std::string_view name);

struct SignatureFinding {
  SignatureScheme scheme = SignatureScheme::none;
  std::vector<std::string> present;  // signature properties found, in the order of the arrays above
  std::vector<std::string> missing;  // properties that a scheme lacks which is partly present
};

// Judges the names of an image's live properties. "signature" without another legacy name is an
// ordinary word: it does not make an image legacy, also not beside names of the new scheme. The
// same is true for options without a legacy name.
SignatureFinding judge_signature(const std::vector<std::string>& property_names);

}  // namespace backglance
