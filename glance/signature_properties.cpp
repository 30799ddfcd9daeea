// SPDX-License-Identifier: Apache-2.0
#include "glance/signature_properties.h"

#include <algorithm>
#include <set>
#include <span>

namespace backglance {
namespace {

struct SchemeText {
  SignatureScheme scheme;
  std::string_view name;
  std::string_view text;
};

// In the order of the enum. The names stand in backglance_signature, so they never change.
constexpr std::array<SchemeText, 7> kSchemeTexts = {{
    {SignatureScheme::none, "none", "none"},
    {SignatureScheme::unrelated, "unrelated", "unrelated"},
    {SignatureScheme::legacy_complete, "legacy_complete", "legacy complete"},
    {SignatureScheme::legacy_partial, "legacy_partial", "legacy partial"},
    {SignatureScheme::new_complete, "new_complete", "new complete"},
    {SignatureScheme::new_partial, "new_partial", "new partial"},
    {SignatureScheme::both, "both", "both"},
}};

const SchemeText& entry(SignatureScheme scheme) {
  return kSchemeTexts[static_cast<std::size_t>(scheme)];
}

bool is_among(std::span<const std::string_view> names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

using Names = std::set<std::string_view>;

// Appends those of `wanted` that `names` has to `present`, and the others to `missing`.
// How many it has.
std::size_t sort_out(const Names& names, std::span<const std::string_view> wanted,
                     std::vector<std::string>& present, std::vector<std::string>& missing) {
  const auto before = present.size();
  for (const std::string_view name : wanted)
    (names.contains(name) ? present : missing).emplace_back(name);
  return present.size() - before;
}

// With names of both schemes it does not matter how complete each is: the legacy ones are
// deprecated all the same.
SignatureScheme scheme_of(bool legacy, bool legacy_complete, std::size_t new_count) {
  const bool any_new = new_count > 0;
  if (legacy && any_new)
    return SignatureScheme::both;
  if (legacy)
    return legacy_complete ? SignatureScheme::legacy_complete : SignatureScheme::legacy_partial;
  if (any_new)
    return new_count == kSignatureProperties.size() ? SignatureScheme::new_complete
                                                    : SignatureScheme::new_partial;
  return SignatureScheme::unrelated;
}

}  // namespace

std::string_view signature_scheme_text(SignatureScheme scheme) {
  return entry(scheme).text;
}
std::string_view signature_scheme_name(SignatureScheme scheme) {
  return entry(scheme).name;
}

SignatureScheme signature_scheme_from_name(std::string_view name) {
  const auto found = std::ranges::find(kSchemeTexts, name, &SchemeText::name);
  return found == kSchemeTexts.end() ? SignatureScheme::none : found->scheme;
}

bool is_deprecated(SignatureScheme scheme) {
  return scheme == SignatureScheme::legacy_complete || scheme == SignatureScheme::legacy_partial ||
         scheme == SignatureScheme::both;
}

bool has_data_signature(SignatureScheme scheme) {
  return scheme == SignatureScheme::new_complete || scheme == SignatureScheme::new_partial ||
         scheme == SignatureScheme::both;
}

bool is_legacy_signature_name(std::string_view name) {
  return is_among(kLegacySignatureProperties, name) || is_among(kLegacySignatureOptions, name);
}

bool is_data_signature_name(std::string_view name) {
  return is_among(kSignatureProperties, name);
}

SignatureFinding judge_signature(const std::vector<std::string>& property_names) {
  const Names names(property_names.begin(), property_names.end());
  SignatureFinding finding;
  std::vector<std::string> no_legacy;
  std::vector<std::string> no_option;
  std::vector<std::string> no_new;
  const auto legacy_count = sort_out(names, kLegacySignatureProperties, finding.present, no_legacy);
  const auto new_count = sort_out(names, kSignatureProperties, finding.present, no_new);
  const auto option_count = sort_out(names, kLegacySignatureOptions, finding.present, no_option);
  // As of nearly every image.
  if (finding.present.empty())
    return finding;

  // "signature" is a word that anybody may use, and the options go along with either scheme: each
  // by itself is no legacy signature, together they are.
  const bool lone_word = legacy_count == 1 && names.contains(kLegacySignatureProperties[0]);
  const bool legacy = legacy_count > 0 && !(lone_word && option_count == 0);
  finding.scheme = scheme_of(legacy, no_legacy.empty(), new_count);
  if (legacy)
    finding.missing = no_legacy;
  if (new_count > 0)
    finding.missing.insert(finding.missing.end(), no_new.begin(), no_new.end());
  return finding;
}

}  // namespace backglance
