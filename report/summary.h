// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/site_report.h"

namespace backglance {

// Sums over a SiteReport, for the renderers. Times are unix seconds, sizes are bytes.
struct Summary {
  struct Owner {
    std::string owner;
    std::int64_t images = 0;
    std::int64_t overdue = 0;
    std::optional<std::int64_t> first_deadline;
  };
  struct SchemeCount {
    SignatureScheme scheme = SignatureScheme::none;
    std::int64_t images = 0;
  };

  // SiteReport::coverage, with images without a hash last.
  std::vector<SiteReport::Coverage> coverage;
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::int64_t images_with_hash = 0;
  std::int64_t bytes_with_hash = 0;

  // Images with at least one finding, by backfill, by verify or in a signature. Each counts once.
  std::int64_t images_with_findings = 0;

  // Findings of img_signature, in the order of SignatureVerdict; certificates that are not trusted
  // come last.
  struct SignatureFindingCount {
    std::string text;
    std::int64_t images = 0;
  };
  std::vector<SignatureFindingCount> signature_findings;

  // Live images with a deprecated signature that contract has not removed. Deleted images need
  // nothing from their owner: they are only in deprecated_deleted.
  std::int64_t deprecated = 0;
  std::int64_t deprecated_deleted = 0;
  std::int64_t overdue = 0;
  std::optional<std::int64_t> next_deadline;  // the first deadline that has not passed
  std::vector<Owner> owners;  // by first deadline, then the one with the most images, then by owner
  std::vector<SchemeCount> deprecated_schemes;

  std::int64_t removed = 0;  // images whose properties contract has removed, also deleted images
  std::vector<SchemeCount> other_schemes;  // neither deprecated nor removed
};

Summary summarize(const SiteReport& report);

// True if Summary::deprecated or deprecated_deleted counts this signature.
bool is_outstanding(const SiteReport::Signature& signature);

// True if the img_signature of a live image is a finding (is_finding()), or its certificate does
// not lead to a trusted one.
bool has_signature_finding(const SiteReport::Signature& signature);
// Names that finding: "invalid", "certificate not trusted", "invalid; certificate not trusted".
// Requires has_signature_finding().
std::string signature_finding_text(const SiteReport::Signature& signature);
// The reasons for all verdicts: "img_signature: ...; signature: ...; certificate: ..."; empty if
// there is no more to say.
std::string reasons_text(const SiteReport::Signature& signature);
// The same for the image's owner, without reasons that name files and servers of the site.
std::string reasons_for_owner(const SiteReport::Signature& signature);

// True if the deadline had passed when the report was made.
bool is_overdue(const SiteReport& report, const SiteReport::Signature& signature);

// a + b, or the limit of the type if that is exceeded: sizes in the database may be anything.
std::int64_t saturating_sum(std::int64_t a, std::int64_t b);

}  // namespace backglance
