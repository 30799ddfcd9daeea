// SPDX-License-Identifier: Apache-2.0
#include "report/owners.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <tuple>
#include <unordered_map>

#include "base/hex.h"
#include "report/summary.h"

namespace backglance {
namespace {

// A name in a file system has 255 bytes, suffixes included.
constexpr std::size_t kMaxStemBytes = 160;

// Not even a dot: no name can lead to another folder.
bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

std::string sha256(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return hex({digest.data(), length});
}

// Capitals are escaped too, because some file systems ignore case.
std::string file_stem_of(const std::string& owner) {
  if (owner.empty())
    return "no-owner";
  std::string stem = "owner-";
  for (const char c : owner)
    stem += is_plain(c) ? std::string(1, c) : fmt::format("_{:02x}", static_cast<unsigned char>(c));
  if (stem.size() > kMaxStemBytes)
    // Two underscores, which no shorter name has, and the digest of the whole: two owners never
    // share a file.
    stem = stem.substr(0, 80) + "__" + sha256(owner);
  return stem;
}

// An image may count twice: its old signature is due, and its new one does not verify.
void count(OwnerPage& page, const OwnerImage& image, const SiteReport& report) {
  const SiteReport::Signature& signature = *image.signature;
  page.unverified += has_signature_finding(signature) ? 1 : 0;
  if (!is_outstanding(signature))
    return;
  ++page.deprecated;
  page.overdue += is_overdue(report, signature) ? 1 : 0;
  if (signature.deadline_at &&
      (!page.first_deadline || *signature.deadline_at < *page.first_deadline))
    page.first_deadline = signature.deadline_at;
}

}  // namespace

std::string_view owner_task_name(OwnerTask task) {
  switch (task) {
    case OwnerTask::sign_again:
      return "sign_again";
    case OwnerTask::sign_or_drop:
      return "sign_or_drop";
    case OwnerTask::drop_old:
      return "drop_old";
  }
  return {};
}

std::string_view owner_task_text(OwnerTask task) {
  switch (task) {
    case OwnerTask::sign_again:
      return "Sign it again, or remove the signature";
    case OwnerTask::sign_or_drop:
      return "Sign it again, or remove the old signature";
    case OwnerTask::drop_old:
      return "Remove the old signature";
  }
  return {};
}

// A deleted image asks for nothing, whatever its properties are.
bool needs_owner(const SiteReport::Signature& signature) {
  return !signature.deleted && (is_outstanding(signature) || has_signature_finding(signature));
}

OwnerTask owner_task(const SiteReport::Signature& signature) {
  if (has_signature_finding(signature))
    return OwnerTask::sign_again;
  // Only `valid` counts. A signature that a snapshot inherited, or one with an expired certificate,
  // does not replace the old one.
  const bool verified =
      signature.scheme == SignatureScheme::both && signature.verdict == SignatureVerdict::valid;
  return verified ? OwnerTask::drop_old : OwnerTask::sign_or_drop;
}

bool is_to_sign(const OwnerImage& image) {
  return image.task != OwnerTask::drop_old && !image.damage;
}

std::vector<OwnerPage> owner_pages(const SiteReport& report) {
  std::unordered_map<std::string_view, ImageResult> damage;
  for (const auto* list : {&report.findings, &report.verify_findings})
    for (const SiteReport::Result& result : *list)
      if (facts_of(result.result).of_store)
        // The later read wins: verify's findings come second.
        damage[result.image_id] = result.result;
  // Ordered, so that owners of equal rank below always come in the same order.
  std::map<std::string_view, OwnerPage> by_owner;
  for (const SiteReport::Signature& signature : report.signatures) {
    if (!needs_owner(signature))
      continue;
    OwnerImage image{&signature, owner_task(signature), std::nullopt};
    if (const auto found = damage.find(signature.image_id); found != damage.end())
      image.damage = found->second;
    OwnerPage& page = by_owner[signature.owner];
    count(page, image, report);
    page.images.push_back(image);
  }
  std::vector<OwnerPage> pages;
  for (auto& [owner, page] : by_owner) {
    page.owner = owner;
    page.file_stem = file_stem_of(page.owner);
    pages.push_back(std::move(page));
  }
  constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
  const auto key = [&](const OwnerPage& page) {
    return std::tuple(page.first_deadline.value_or(kNever),
                      -static_cast<std::int64_t>(page.images.size()));
  };
  std::stable_sort(pages.begin(), pages.end(),
                   [&](const OwnerPage& a, const OwnerPage& b) { return key(a) < key(b); });
  return pages;
}

}  // namespace backglance
