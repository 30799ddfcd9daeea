// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// The properties that a scheme needs, in the order in which reports name them. Compared with case,
// as Glance does, whatever the database's collation.
inline constexpr std::array<std::string_view, 4> kLegacySignatureProperties = {
    "signature", "signature_hash_method", "signature_key_type", "signature_certificate_uuid"};
inline constexpr std::array<std::string_view, 4> kSignatureProperties = {
    "img_signature", "img_signature_hash_method", "img_signature_key_type",
    "img_signature_certificate_uuid"};
// Optional, and read by the legacy scheme alone; found beside the new one as well.
inline constexpr std::array<std::string_view, 2> kLegacySignatureOptions = {"mask_gen_algorithm",
                                                                            "pss_salt_length"};

enum class SignatureScheme {
  none,             // no property of either scheme
  unrelated,        // "signature" alone, or options alone: ordinary metadata as likely as not
  legacy_complete,  // Liberty: over the MD5
  legacy_partial,   // verified by no Glance ever, yet it looks like protection
  new_complete,     // Mitaka and later: over the data
  new_partial,
  both,  // properties of both schemes, each complete or not
};

// "legacy complete" and so on, as reports print it and as the ledger stores it ("legacy_complete").
std::string_view signature_scheme_text(SignatureScheme scheme);
std::string_view signature_scheme_name(SignatureScheme scheme);
// The scheme of a stored name; none if there is no such name.
SignatureScheme signature_scheme_from_name(std::string_view name);

// True for the schemes whose grace period runs: legacy_complete, legacy_partial, both.
bool is_deprecated(SignatureScheme scheme);

// True for those with an img_signature, or part of one: new_complete, new_partial, both.
bool has_data_signature(SignatureScheme scheme);

// Whether it is a name of that scheme, its options included.
bool is_legacy_signature_name(std::string_view name);
bool is_data_signature_name(std::string_view name);

struct SignatureFinding {
  SignatureScheme scheme = SignatureScheme::none;
  std::vector<std::string> present;  // signature properties found, in the order of the arrays above
  std::vector<std::string> missing;  // that a scheme of which something is present would need
};

// Judges the names of an image's live properties. "signature" without any other legacy name is a
// word like any other: it makes nothing legacy, beside the new scheme's names neither; nor do
// options without a legacy name.
SignatureFinding judge_signature(const std::vector<std::string>& property_names);

}  // namespace backglance
