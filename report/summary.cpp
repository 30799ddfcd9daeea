// SPDX-License-Identifier: Apache-2.0
#include "report/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_set>

#include "base/text.h"

namespace backglance {
namespace {

constexpr const char* kNotTrusted = "certificate not trusted";

// The order of every table: what needs somebody first.
constexpr std::array kSchemes = {SignatureScheme::legacy_complete,
                                 SignatureScheme::legacy_partial,
                                 SignatureScheme::both,
                                 SignatureScheme::new_complete,
                                 SignatureScheme::new_partial,
                                 SignatureScheme::unrelated,
                                 SignatureScheme::none};

std::vector<Summary::SchemeCount> in_order(const std::map<SignatureScheme, std::int64_t>& counts) {
  std::vector<Summary::SchemeCount> out;
  for (const SignatureScheme scheme : kSchemes)
    if (const auto found = counts.find(scheme); found != counts.end())
      out.push_back({scheme, found->second});
  return out;
}

void take_earlier(std::optional<std::int64_t>& earliest, std::int64_t candidate) {
  if (!earliest || candidate < *earliest)
    earliest = candidate;
}

void count_coverage(const SiteReport& report, Summary& summary) {
  summary.coverage = report.coverage;
  // Algorithms by their number of images, as the statement gives them; without a hash last.
  std::stable_partition(summary.coverage.begin(), summary.coverage.end(),
                        [](const SiteReport::Coverage& row) { return !row.algorithm.empty(); });
  for (const SiteReport::Coverage& row : report.coverage) {
    // `size` is whatever a database holds: sums must not wrap around.
    summary.images = saturating_sum(summary.images, row.images);
    summary.bytes = saturating_sum(summary.bytes, row.bytes);
    if (row.algorithm.empty())
      continue;
    summary.images_with_hash = saturating_sum(summary.images_with_hash, row.images);
    summary.bytes_with_hash = saturating_sum(summary.bytes_with_hash, row.bytes);
  }
}

void count_findings(const SiteReport& report, Summary& summary) {
  // Images, and not findings: one image may have several.
  std::unordered_set<std::string_view> ids;
  for (const auto* list : {&report.findings, &report.verify_findings})
    for (const SiteReport::Result& result : *list)
      ids.insert(result.image_id);
  std::map<SignatureVerdict, std::int64_t> verdicts;
  std::int64_t untrusted = 0;
  for (const SiteReport::Signature& signature : report.signatures)
    if (has_signature_finding(signature)) {
      ids.insert(signature.image_id);
      if (is_finding(*signature.verdict))
        ++verdicts[*signature.verdict];
      untrusted += signature.is_trusted == false ? 1 : 0;
    }
  for (const auto& [verdict, images] : verdicts)
    summary.signature_findings.push_back({std::string(signature_verdict_text(verdict)), images});
  if (untrusted > 0)
    summary.signature_findings.push_back({kNotTrusted, untrusted});
  summary.images_with_findings = static_cast<std::int64_t>(ids.size());
}

void count_signatures(const SiteReport& report, Summary& summary) {
  std::map<std::string_view, Summary::Owner> owners;
  std::map<SignatureScheme, std::int64_t> deprecated;
  std::map<SignatureScheme, std::int64_t> others;
  for (const SiteReport::Signature& signature : report.signatures) {
    // Each image counts in one place only, in this order.
    if (signature.removed_at) {
      ++summary.removed;
      continue;
    }
    if (!is_deprecated(signature.scheme)) {
      ++others[signature.scheme];
      continue;
    }
    if (signature.deleted) {
      ++summary.deprecated_deleted;
      continue;
    }
    ++summary.deprecated;
    ++deprecated[signature.scheme];
    Summary::Owner& owner = owners[signature.owner];
    ++owner.images;
    if (!signature.deadline_at)
      continue;
    take_earlier(owner.first_deadline, *signature.deadline_at);
    if (is_overdue(report, signature)) {
      ++owner.overdue;
      ++summary.overdue;
    } else {
      take_earlier(summary.next_deadline, *signature.deadline_at);
    }
  }
  summary.deprecated_schemes = in_order(deprecated);
  summary.other_schemes = in_order(others);

  for (auto& [name, owner] : owners) {
    owner.owner = name;
    summary.owners.push_back(std::move(owner));
  }
  constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
  const auto key = [&](const Summary::Owner& owner) {
    return std::tuple(owner.first_deadline.value_or(kNever), -owner.images);
  };
  std::stable_sort(summary.owners.begin(), summary.owners.end(),
                   [&](const auto& a, const auto& b) { return key(a) < key(b); });
}

}  // namespace

Summary summarize(const SiteReport& report) {
  Summary summary;
  count_coverage(report, summary);
  count_findings(report, summary);
  count_signatures(report, summary);
  return summary;
}

// What contract has yet to remove.
bool is_outstanding(const SiteReport::Signature& signature) {
  return is_deprecated(signature.scheme) && !signature.removed_at;
}

bool has_signature_finding(const SiteReport::Signature& signature) {
  return !signature.deleted && has_data_signature(signature.scheme) && signature.verdict &&
         (is_finding(*signature.verdict) || signature.is_trusted == false);
}

std::string signature_finding_text(const SiteReport::Signature& signature) {
  std::vector<std::string> texts;
  if (is_finding(*signature.verdict))
    texts.emplace_back(signature_verdict_text(*signature.verdict));
  if (signature.is_trusted == false)
    texts.emplace_back(kNotTrusted);
  return join(texts, "; ");
}

std::string reasons_text(const SiteReport::Signature& signature) {
  std::vector<std::string> texts;
  const auto add = [&](std::string_view of, const std::string& reason) {
    if (!reason.empty())
      texts.push_back(fmt::format("{}: {}", of, reason));
  };
  add("img_signature", signature.verdict_reason);
  add("signature", signature.legacy_reason);
  add("certificate", signature.chain_reason);
  return join(texts, "; ");
}

// A missing certificate is the operator's concern: the owner cannot see the key manager's answer,
// nor change it.
std::string reasons_for_owner(const SiteReport::Signature& signature) {
  SiteReport::Signature shown;
  if (signature.verdict != SignatureVerdict::no_certificate)
    shown.verdict_reason = signature.verdict_reason;
  if (signature.legacy_verdict != SignatureVerdict::no_certificate)
    shown.legacy_reason = signature.legacy_reason;
  return reasons_text(shown);
}

bool is_overdue(const SiteReport& report, const SiteReport::Signature& signature) {
  return signature.deadline_at && *signature.deadline_at <= report.made_at;
}

std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum))
    return sum;
  return a < 0 ? std::numeric_limits<std::int64_t>::min()
               : std::numeric_limits<std::int64_t>::max();
}

}  // namespace backglance
