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
  sign_again,    // img_signature does not verify: sign again, or remove it
  sign_or_drop,  // only the deprecated signature over the MD5: sign again, or remove it
  drop_old,      // signed again, and img_signature verifies: remove the old properties
};
std::string_view owner_task_name(OwnerTask task);  // "sign_again"
std::string_view owner_task_text(OwnerTask task);  // a few words for people

// True for a live image with a deprecated signature or an img_signature that does not verify.
bool needs_owner(const SiteReport::Signature& signature);
// What the owner has to do; requires needs_owner().
OwnerTask owner_task(const SiteReport::Signature& signature);

struct OwnerImage {
  const SiteReport::Signature* signature = nullptr;  // lives as long as the report
  OwnerTask task = OwnerTask::sign_or_drop;
  // What backfill or verify found wrong with its bytes. Such an image must not be signed.
  std::optional<ImageResult> damage;
};

// False if the image has a new signature already, or if its bytes are damaged.
bool is_to_sign(const OwnerImage& image);

struct OwnerPage {
  std::string owner;  // project id as stored, empty for none
  // Name of the page's files, without a suffix. It has only letters that every file system accepts,
  // and differs for every two owners.
  std::string file_stem;
  std::vector<OwnerImage> images;  // by deadline; those without one come last
  std::int64_t deprecated = 0;
  std::int64_t overdue = 0;     // of deprecated
  std::int64_t unverified = 0;  // img_signature does not verify
  std::optional<std::int64_t> first_deadline;
};

// The owners with something to do: first deadline first, then most images, then by owner.
std::vector<OwnerPage> owner_pages(const SiteReport& report);

// Commands for an owner's shell, to be joined by "&&". From the database they contain only ids and
// digests, and only if every character of these is harmless in a shell.

// Once: make a key and a certificate, store the certificate in the key manager.
std::vector<std::string> key_commands();
std::vector<std::string> certificate_commands();
// Download, compare with the site's digest, sign, set the new properties, remove the old ones.
// Empty if the image's id is not of a form that Glance gives.
std::vector<std::string> signing_commands(const SiteReport::Signature& signature);
// Remove the deprecated properties, and an img_signature that does not verify. Empty for such ids,
// and if there is nothing to remove.
std::vector<std::string> removal_commands(const SiteReport::Signature& signature);
// Whether the site has a digest with which signing_commands() compares the data.
bool has_known_digest(const SiteReport::Signature& signature);

}  // namespace backglance
