// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/site_report.h"

namespace backglance {

// What the owner of an image has to do about its signatures.
enum class OwnerTask {
  sign_again,    // img_signature does not verify
  sign_or_drop,  // only a deprecated signature over the MD5: sign again, or remove it
  drop_old,      // it is signed again and verified: remove the old properties
};
std::string_view owner_task_name(OwnerTask task);  // "sign_again"
std::string_view owner_task_text(OwnerTask task);  // a few words for people

// True for a live image with a deprecated signature or an img_signature that does not verify.
bool needs_owner(const SiteReport::Signature& signature);
// The task for such an image.
OwnerTask owner_task(const SiteReport::Signature& signature);

struct OwnerImage {
  // Points into the report, which must live longer.
  const SiteReport::Signature* signature = nullptr;
  OwnerTask task = OwnerTask::sign_or_drop;
  // The damage that backfill or verify found in its bytes: the owner must not sign them.
  std::optional<ImageResult> damage;
};

// False if a new signature exists already, or if the bytes are damaged.
bool is_to_sign(const OwnerImage& image);

struct OwnerPage {
  std::string owner;  // project id as stored, empty for none
  // Name of the page's files, without suffix. It has only characters that every file system
  // accepts, and no two owners share one.
  std::string file_stem;
  std::vector<OwnerImage> images;  // by deadline; images without a deadline come last
  std::int64_t deprecated = 0;
  std::int64_t overdue = 0;     // those of `deprecated` whose deadline has passed
  std::int64_t unverified = 0;  // images whose img_signature does not verify
  std::optional<std::int64_t> first_deadline;
};

// The owners who have something to do: by first deadline, then the one with the most images, then
// by owner.
std::vector<OwnerPage> owner_pages(const SiteReport& report);

// Commands for an owner's shell, to be joined by "&&". From the database they contain only ids and
// digests whose every character is known to be harmless.

// Needed once: make a key and a certificate; store the certificate in the key manager.
std::vector<std::string> key_commands();
std::vector<std::string> certificate_commands();
// Download, compare with the site's digest, sign, set the new properties, remove the old ones.
// Empty if the image's id is not one that Glance makes.
std::vector<std::string> signing_commands(const SiteReport::Signature& signature);
// Remove the deprecated properties, and an img_signature that does not verify. Empty for the same
// ids.
std::vector<std::string> removal_commands(const SiteReport::Signature& signature);
// True if the site has a digest with which signing_commands() compare the data.
bool has_known_digest(const SiteReport::Signature& signature);

}  // namespace backglance
