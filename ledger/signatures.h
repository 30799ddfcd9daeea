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

// Signature properties of Glance's images, and our flags for them in backglance_signature.

struct SignedImage {
  std::string image_id;
  SignatureFinding finding;
  // image_type=snapshot or a base_image_ref: the properties are likely inherited.
  bool snapshot = false;
  // Last change of these properties, "2026-03-04 05:06:07" as Glance stores it.
  std::string changed_at = {};
  std::string owner = {};  // project id, empty for none
  bool deleted = false;
};

// Calls `on_image` for every image that has properties of either scheme, in the order of the ids.
// For a deleted image, the properties count that it had when it was deleted. Reads one page at a
// time; the callback may write with `session`.
void for_each_signed_image(Session& session,
                           const std::function<void(const SignedImage&)>& on_image);

enum class FlagChange { added, changed, unchanged };
struct Flagged {
  FlagChange change = FlagChange::unchanged;
  bool kept_deadline = false;  // the image had a deadline before
};

// Adds or updates the flag of an image. An existing flagged_at or deadline never changes; a
// deprecated scheme without a deadline gets now + grace. The result of a verification is deleted if
// a property, or the value of one, has changed since.
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

// The flag of an image; nothing if it has none.
struct Flag {
  bool has_deadline = false;
};
std::optional<Flag> flag_of(Session& session, const std::string& image_id);
// True if this run has flagged the image.
bool is_flagged_by(Session& session, const std::string& run_id, const std::string& image_id);

// Sets the scheme of each flag to none whose image has no signature properties any more. The flag
// itself stays as a record. Returns the number of these flags.
std::int64_t clear_unseen_flags(Session& session, const std::string& run_id);

// Tags, set and deleted as Glance's API does it; both functions return the number of tags changed.
//
// tag_flagged adds `tag` to each live image with a deprecated scheme, unless we have tagged it
// before or it has such a tag; it takes our tag from images whose scheme is no longer deprecated.
// An image has at most one tag of ours: our tags with another name are removed first. untag removes
// the tags that tag_flagged added, and never a tag of a user.
std::int64_t tag_flagged(Session& session, const std::string& tag);
std::int64_t untag(Session& session, const std::string& tag);
// Removes our tags, whatever their name, from images whose scheme is no longer deprecated.
void untag_settled(Session& session);

// The number of images on which we have set this tag.
std::int64_t tag_count(Session& session, const std::string& tag);

struct SchemeCount {
  SignatureScheme scheme = SignatureScheme::none;
  std::int64_t images = 0;
  std::int64_t deleted = 0;  // the part of `images` that is deleted in Glance
};
// Images of each scheme; none that Glance has purged.
std::vector<SchemeCount> scheme_counts(Session& session);

// Live images whose img_signature is a finding (is_finding()), or whose certificate is not trusted.
std::int64_t signature_finding_count(Session& session);

// The earliest deadline of a live image with a deprecated scheme.
std::optional<std::int64_t> first_deadline(Session& session);

// Flags of live images with a deprecated scheme that were set under a wrong clock.
struct WrongClock {
  // The clock was ahead: flagged_at is still to come, and the deadline is later than it was meant.
  // It is kept: whoever was promised that date may rely on it.
  std::int64_t ahead = 0;
  // The clock was not set (before 2026): no deadline counts. The next migrate gives a new one.
  std::int64_t unset = 0;
};
WrongClock flags_of_wrong_clock(Session& session);

// Live images whose deadline has passed.
std::int64_t due_count(Session& session);
std::vector<std::string> due_page(Session& session, const std::string& after, std::int64_t page);

// Images that have signature properties and no flag: the number that migrate would flag. Deleted
// images count, as in for_each_signed_image.
std::int64_t unflagged_count(Session& session);

}  // namespace backglance
