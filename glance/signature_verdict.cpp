// SPDX-License-Identifier: Apache-2.0
#include "glance/signature_verdict.h"

#include <algorithm>
#include <array>

namespace backglance {
namespace {

struct Entry {
  SignatureVerdict verdict;
  std::string_view name;
  std::string_view text;
};

// In the order of the enum. The names stand in backglance_signature, so they never change; people
// read the texts.
constexpr std::array<Entry, kSignatureVerdicts> kEntries = {{
    {SignatureVerdict::valid, "valid", "valid"},
    {SignatureVerdict::valid_inherited, "valid_inherited", "valid, inherited by a snapshot"},
    {SignatureVerdict::valid_expired, "valid_expired", "valid, certificate not valid today"},
    {SignatureVerdict::valid_other_salt, "valid_other_salt", "valid only with another salt length"},
    {SignatureVerdict::invalid, "invalid", "invalid"},
    {SignatureVerdict::invalid_inherited, "invalid_inherited",
     "invalid, perhaps inherited by a snapshot"},
    {SignatureVerdict::key_disagrees, "key_disagrees", "key type and certificate disagree"},
    {SignatureVerdict::no_certificate, "no_certificate", "certificate not available"},
    {SignatureVerdict::malformed, "malformed", "malformed"},
    {SignatureVerdict::partial, "partial", "partial"},
}};

const Entry& entry(SignatureVerdict verdict) {
  return kEntries[static_cast<std::size_t>(verdict)];
}

}  // namespace

std::string_view signature_verdict_name(SignatureVerdict verdict) {
  return entry(verdict).name;
}

std::string_view signature_verdict_text(SignatureVerdict verdict) {
  return entry(verdict).text;
}

std::string_view chain_name(bool is_trusted) {
  return is_trusted ? "trusted" : "untrusted";
}

bool is_finding(SignatureVerdict verdict) {
  // Each by name and no default: the compiler asks about a new verdict.
  switch (verdict) {
    case SignatureVerdict::valid_other_salt:
    case SignatureVerdict::invalid:
    case SignatureVerdict::invalid_inherited:
    case SignatureVerdict::key_disagrees:
    case SignatureVerdict::malformed:
    case SignatureVerdict::partial:
      return true;
    case SignatureVerdict::valid:
    case SignatureVerdict::valid_inherited:
    case SignatureVerdict::valid_expired:
    case SignatureVerdict::no_certificate:
      break;
  }
  return false;
}

// Nothing for NULL in the column, and for what a later version wrote there.
std::optional<SignatureVerdict> signature_verdict_from_name(std::string_view name) {
  const auto found = std::ranges::find(kEntries, name, &Entry::name);
  return found == kEntries.end() ? std::nullopt : std::optional(found->verdict);
}

}  // namespace backglance
