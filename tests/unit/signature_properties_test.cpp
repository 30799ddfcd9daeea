// SPDX-License-Identifier: Apache-2.0
#include "glance/signature_properties.h"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace backglance;

namespace {

using Names = std::vector<std::string>;

const Names kLegacy(kLegacySignatureProperties.begin(), kLegacySignatureProperties.end());
const Names kNew(kSignatureProperties.begin(), kSignatureProperties.end());

Names joined(Names a, const Names& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Names without(Names names, std::size_t index) {
  names.erase(names.begin() + static_cast<std::ptrdiff_t>(index));
  return names;
}

}  // namespace

TEST_CASE("an image without signature properties has no scheme") {
  const SignatureFinding finding = judge_signature({"os_type", "img_hide_hypervisor_id"});
  CHECK(finding.scheme == SignatureScheme::none);
  CHECK(finding.present.empty());
  CHECK(finding.missing.empty());
  CHECK(judge_signature({}).scheme == SignatureScheme::none);
}

TEST_CASE("all four names of a scheme make it complete, in whatever order they come") {
  Names legacy = kLegacy;
  std::ranges::reverse(legacy);
  const SignatureFinding finding = judge_signature(joined({"os_type"}, legacy));
  CHECK(finding.scheme == SignatureScheme::legacy_complete);
  CHECK(finding.present == kLegacy);
  CHECK(finding.missing.empty());
  CHECK(judge_signature(kNew).scheme == SignatureScheme::new_complete);
}

TEST_CASE("three names of a scheme make it partial and the fourth is missed") {
  for (std::size_t i = 0; i < 4; ++i) {
    CAPTURE(i);
    const SignatureFinding legacy = judge_signature(without(kLegacy, i));
    CHECK(legacy.scheme == SignatureScheme::legacy_partial);
    CHECK(legacy.missing == Names{kLegacy[i]});
    const SignatureFinding fresh = judge_signature(without(kNew, i));
    CHECK(fresh.scheme == SignatureScheme::new_partial);
    CHECK(fresh.missing == Names{kNew[i]});
  }
}

TEST_CASE("the name signature alone, or options alone, are not a scheme") {
  const SignatureFinding word = judge_signature({"signature"});
  CHECK(word.scheme == SignatureScheme::unrelated);
  CHECK(word.present == Names{"signature"});
  CHECK(word.missing.empty());
  CHECK(judge_signature({"pss_salt_length", "mask_gen_algorithm"}).scheme ==
        SignatureScheme::unrelated);
}

TEST_CASE("signature beside an option, or any other legacy name alone, is a partial signature") {
  CHECK(judge_signature({"signature", "pss_salt_length"}).scheme ==
        SignatureScheme::legacy_partial);
  CHECK(judge_signature({"signature_key_type"}).scheme == SignatureScheme::legacy_partial);
  CHECK(judge_signature({"signature_key_type"}).missing.size() == 3);
  CHECK(judge_signature({"img_signature"}).scheme == SignatureScheme::new_partial);
}

TEST_CASE("names of both schemes are recognized, and what each lacks") {
  CHECK(judge_signature(joined(kNew, kLegacy)).scheme == SignatureScheme::both);
  CHECK(judge_signature(joined(kNew, kLegacy)).present == joined(kLegacy, kNew));
  const SignatureFinding halves = judge_signature(joined(without(kLegacy, 3), without(kNew, 0)));
  CHECK(halves.scheme == SignatureScheme::both);
  CHECK(halves.missing == Names{kLegacy[3], kNew[0]});
}

TEST_CASE("the word signature or an option beside the new scheme does not make it legacy") {
  const SignatureFinding finding = judge_signature(joined(kNew, {"signature"}));
  CHECK(finding.scheme == SignatureScheme::new_complete);
  CHECK(finding.missing.empty());
  CHECK(finding.present.front() == "signature");
  const SignatureFinding option = judge_signature(joined(kNew, {"pss_salt_length"}));
  CHECK(option.scheme == SignatureScheme::new_complete);
  CHECK(option.present.back() == "pss_salt_length");
}

TEST_CASE("names are compared with case and whole") {
  CHECK(judge_signature({"Signature_key_type", "SIGNATURE"}).scheme == SignatureScheme::none);
  CHECK(judge_signature({"signature_key_type "}).scheme == SignatureScheme::none);
}

TEST_CASE("a name that comes twice counts once") {
  CHECK(judge_signature({"signature", "signature"}).scheme == SignatureScheme::unrelated);
  CHECK(judge_signature(joined(without(kNew, 2), without(kNew, 2))).missing == Names{kNew[2]});
}

TEST_CASE("each scheme is found again by its stored name, and no other text is one") {
  for (const auto scheme :
       {SignatureScheme::none, SignatureScheme::unrelated, SignatureScheme::legacy_complete,
        SignatureScheme::legacy_partial, SignatureScheme::new_complete,
        SignatureScheme::new_partial, SignatureScheme::both})
    CHECK(signature_scheme_from_name(signature_scheme_name(scheme)) == scheme);
  CHECK(signature_scheme_name(SignatureScheme::legacy_complete) == "legacy_complete");
  CHECK(signature_scheme_text(SignatureScheme::legacy_complete) == "legacy complete");
  CHECK(signature_scheme_from_name("legacy complete") == SignatureScheme::none);
}

TEST_CASE("the grace period runs for legacy names alone") {
  CHECK(is_deprecated(SignatureScheme::legacy_complete));
  CHECK(is_deprecated(SignatureScheme::legacy_partial));
  CHECK(is_deprecated(SignatureScheme::both));
  CHECK_FALSE(is_deprecated(SignatureScheme::none));
  CHECK_FALSE(is_deprecated(SignatureScheme::unrelated));
  CHECK_FALSE(is_deprecated(SignatureScheme::new_complete));
  CHECK_FALSE(is_deprecated(SignatureScheme::new_partial));
}
