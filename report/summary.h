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

  // Each image once, whatever was found: by backfill, by verify, of its signature.
  std::int64_t images_with_findings = 0;

  // Of img_signature, in SignatureVerdict's order, certificates that are not trusted last.
  struct SignatureFindingCount {
    std::string text;
    std::int64_t images = 0;
  };
  std::vector<SignatureFindingCount> signature_findings;

  // Live images with a deprecated signature that contract has not removed. Deleted ones are no
  // concern of an owner's: they are counted apart and are in no other figure.
  std::int64_t deprecated = 0;
  std::int64_t deprecated_deleted = 0;
  std::int64_t overdue = 0;
  std::optional<std::int64_t> next_deadline;  // first that has not passed
  std::vector<Owner> owners;  // first deadline first, then most images, then by owner
  std::vector<SchemeCount> deprecated_schemes;

  std::int64_t removed = 0;                // by contract, deleted images among them
  std::vector<SchemeCount> other_schemes;  // neither deprecated nor removed
};

Summary summarize(const SiteReport& report);

// True if the signature is one that `Summary::deprecated` or `deprecated_deleted` counts.
bool is_outstanding(const SiteReport::Signature& signature);

// True if the img_signature of a live image did not verify, as is_finding() has it, or its
// certificate does not lead to trusted ones.
bool has_signature_finding(const SiteReport::Signature& signature);
// What of that it is: "invalid", "certificate not trusted", "invalid; certificate not trusted".
std::string signature_finding_text(const SiteReport::Signature& signature);
// Why, of all that was verified: "img_signature: ...; signature: ...; certificate: ..."; empty
// where there is no more to say.
std::string reasons_text(const SiteReport::Signature& signature);
// The same for the image's owner, without what names the site's own files and servers.
std::string reasons_for_owner(const SiteReport::Signature& signature);

// True if a deadline has passed when the report was made.
bool is_overdue(const SiteReport& report, const SiteReport::Signature& signature);

// a + b, kept within the type: sizes in the database may be anything.
std::int64_t saturating_sum(std::int64_t a, std::int64_t b);

}  // namespace backglance
