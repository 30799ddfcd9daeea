// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/site_report.h"

namespace backglance {

// What an image's owner has to do about its signatures.
enum class OwnerTask {
  sign_again,    // img_signature does not verify
  sign_or_drop,  // only the deprecated signature over the MD5: sign anew, or do without
  drop_old,      // it is signed anew, and that verifies: only old properties are left
};
std::string_view owner_task_name(OwnerTask task);  // "sign_again"
std::string_view owner_task_text(OwnerTask task);  // a few words for people

// True for a live image with a deprecated signature or an img_signature that does not verify.
bool needs_owner(const SiteReport::Signature& signature);
// Of such an image.
OwnerTask owner_task(const SiteReport::Signature& signature);

struct OwnerImage {
  const SiteReport::Signature* signature = nullptr;  // lives as long as the report
  OwnerTask task = OwnerTask::sign_or_drop;
  // What backfill or verify found wrong with its bytes: they are not to be signed.
  std::optional<ImageResult> damage;
};

// False where a signature is there already, and where the bytes are damaged.
bool is_to_sign(const OwnerImage& image);

struct OwnerPage {
  std::string owner;  // project id as stored, empty for none
  // Of the page's files, without a suffix: letters that every file system takes, and not two owners
  // the same.
  std::string file_stem;
  std::vector<OwnerImage> images;  // by deadline; those without one come last
  std::int64_t deprecated = 0;
  std::int64_t overdue = 0;     // of deprecated
  std::int64_t unverified = 0;  // img_signature does not verify
  std::optional<std::int64_t> first_deadline;
};

// Those with something to do; first deadline first, then most images, then by owner.
std::vector<OwnerPage> owner_pages(const SiteReport& report);

// Commands for an owner's shell, to be joined by "&&". They hold nothing from the database but ids
// and digests of which every character is known to be harmless.

// Once: make a key and a certificate, store the certificate in the key manager.
std::vector<std::string> key_commands();
std::vector<std::string> certificate_commands();
// Download, compare with what the site has, sign, set the new properties, take the old ones off.
// Empty where the image's id is none that Glance gives.
std::vector<std::string> signing_commands(const SiteReport::Signature& signature);
// Take off what is deprecated, and an img_signature that does not verify. Likewise.
std::vector<std::string> removal_commands(const SiteReport::Signature& signature);
// Whether the site knows a digest by which the first compare the data.
bool has_known_digest(const SiteReport::Signature& signature);

}  // namespace backglance
