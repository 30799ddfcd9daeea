// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/site_report.h"

namespace backglance {

// What the renderers count in a SiteReport.
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

  // The report's coverage, images without a hash last.
  std::vector<SiteReport::Coverage> coverage;
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::int64_t images_with_hash = 0;
  std::int64_t bytes_with_hash = 0;

  // Images with a finding of backfill, of verify or on a signature. Each image counts once.
  std::int64_t images_with_findings = 0;

  // Of img_signature, in SignatureVerdict's order, certificates that are not trusted last.
  struct SignatureFindingCount {
    std::string text;
    std::int64_t images = 0;
  };
  std::vector<SignatureFindingCount> signature_findings;

  // Live images with a deprecated signature that contract has not removed. Owners need not act on
  // deleted images, so these are counted apart and are in no other figure.
  std::int64_t deprecated = 0;
  std::int64_t deprecated_deleted = 0;
  std::int64_t overdue = 0;
  std::optional<std::int64_t> next_deadline;  // the first that has not passed
  std::vector<Owner> owners;  // first deadline first, then most images, then by owner
  std::vector<SchemeCount> deprecated_schemes;

  std::int64_t removed = 0;                // by contract, deleted images among them
  std::vector<SchemeCount> other_schemes;  // neither deprecated nor removed
};

Summary summarize(const SiteReport& report);

// True if the signature is one that `Summary::deprecated` or `deprecated_deleted` counts.
bool is_outstanding(const SiteReport::Signature& signature);

// True if the image is live and its img_signature does not verify: its verdict is a finding, or its
// certificate does not lead to a trusted one.
bool has_signature_finding(const SiteReport::Signature& signature);
// Which of the two it is: "invalid", "certificate not trusted", "invalid; certificate not trusted".
std::string signature_finding_text(const SiteReport::Signature& signature);
// The reasons of all verdicts: "img_signature: ...; signature: ...; certificate: ..."; empty if
// there is none.
std::string reasons_text(const SiteReport::Signature& signature);
// The same for the image's owner, without reasons that may name the site's files and servers.
std::string reasons_for_owner(const SiteReport::Signature& signature);

// True if the deadline had passed when the report was made.
bool is_overdue(const SiteReport& report, const SiteReport::Signature& signature);

// a + b, or the type's limit if the sum is beyond it: a size in the database may be any number.
std::int64_t saturating_sum(std::int64_t a, std::int64_t b);

}  // namespace backglance
