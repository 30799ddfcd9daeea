// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "glance/signature_properties.h"
#include "glance/signature_verdict.h"
#include "sql/session.h"

namespace backglance {

// Signature properties of Glance's images, and our flags on them in backglance_signature.

struct SignedImage {
  std::string image_id;
  SignatureFinding finding;
  // image_type=snapshot or a base_image_ref: the properties are likely inherited.
  bool snapshot = false;
  std::string changed_at = {};  // the last of these properties, "2026-03-04 05:06:07" by Glance
  std::string owner = {};       // project id, empty for none
  bool deleted = false;
};

// Hands over every image that has properties of either scheme, in the order of the ids. Of a
// deleted image those count that it had when it was deleted. Reads a page at a time; the callback
// may write by `session`.
void for_each_signed_image(Session& session,
                           const std::function<void(const SignedImage&)>& on_image);

enum class FlagChange { added, changed, unchanged };
struct Flagged {
  FlagChange change = FlagChange::unchanged;
  bool kept_deadline = false;  // it had one before
};

// Enters or updates the flag. flagged_at and a deadline once set stay; a deprecated scheme without
// a deadline gets now + grace. What verification found is forgotten where the properties, or a
// value of theirs, are no longer what was verified.
Flagged flag_image(Session& session, const std::string& run_id, const SignedImage& image,
                   std::chrono::seconds grace);

// Deletes what verification found for the image: it was found for other bytes than the image has
// now.
void forget_signatures(Session& session, const std::string& image_id);

// Records what verification found, and replaces what was found before. Two things are kept if the
// verified state is the same: a verdict is not replaced by `no_certificate` (each scheme by
// itself), and the result for the chain stays if this run did not check chains. An image that was
// signed since the last migrate gets a flag; its grace period begins with the next migrate. Does
// nothing if there was nothing to verify, or if the image has no flag and is no longer signed.
void record_signatures(Session& session, const std::string& run_id, const std::string& image_id,
                       const SignaturesFound& found);

// As it is now; nothing for an image without one.
struct Flag {
  bool has_deadline = false;
};
std::optional<Flag> flag_of(Session& session, const std::string& image_id);
// Whether that run has flagged it.
bool is_flagged_by(Session& session, const std::string& run_id, const std::string& image_id);

// Flags of images that have lost all such properties since: they stay for the record, with scheme
// none. Returns their number.
std::int64_t clear_unseen_flags(Session& session, const std::string& run_id);

// Tags, as Glance's API would set and delete them. tag_flagged adds `tag` to each live image with a
// deprecated scheme that we have not tagged before and that has no such tag, and takes it from
// those whose scheme is no longer deprecated. An image has one tag of ours at most: those of
// another name are taken back first. untag takes back what tag_flagged added, and no tag of a user.
// Both return the number of tags changed.
std::int64_t tag_flagged(Session& session, const std::string& tag);
std::int64_t untag(Session& session, const std::string& tag);
// Takes our tags, whatever their name, from images whose scheme is no longer deprecated.
void untag_settled(Session& session);

// Images that carry this tag of ours.
std::int64_t tag_count(Session& session, const std::string& tag);

struct SchemeCount {
  SignatureScheme scheme = SignatureScheme::none;
  std::int64_t images = 0;
};
std::vector<SchemeCount> scheme_counts(Session& session);

// The earliest deadline of a live image with a deprecated scheme.
std::optional<std::int64_t> first_deadline(Session& session);

// Live images whose deadline has passed.
std::int64_t due_count(Session& session);
std::vector<std::string> due_page(Session& session, const std::string& after, std::int64_t page);

// Live images with signature properties that no flag stands for.
std::int64_t unflagged_count(Session& session);

}  // namespace backglance
