// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// Reads from Glance's tables. No function here opens a transaction.

// The columns of `images` that matter for a hash. Text is as stored and may be anything.
struct ImageRow {
  std::string id;
  std::string status;  // of Glance: "active", "queued", "saving", ...
  bool deleted = false;
  bool hashable = false;             // not deleted, and active or deactivated
  std::optional<std::int64_t> size;  // empty for NULL and 0 (unknown); -1 if it is not a number
  std::string checksum;              // empty for NULL
  std::string os_hash_algo;
  std::string os_hash_value;
};

// Why an image that is not hashable is not: one sentence, which names its status.
std::string why_not_live(const ImageRow& image);

struct LocationRow {
  std::int64_t id = 0;
  std::string value;      // a secret, possibly encrypted
  std::string meta_data;  // empty for NULL
};

// The properties that are needed to verify an image's signatures, and to see that they may be
// inherited from another image.
struct SignatureProperties {
  std::map<std::string, std::string, std::less<>> values;  // by name; case matters
  bool is_snapshot = false;  // image_type=snapshot or a base_image_ref
};
enum class SignedOver { data, md5 };  // img_signature*, signature*
// Everything that a verdict on a signature depends on, as a digest of 64 characters: the
// properties, whether the image is a snapshot, the digest of its bytes, and its live locations (a
// new location may contain other bytes).
std::string verified_state(SignedOver what, const SignatureProperties& signature,
                           const std::vector<LocationRow>& locations, const std::string& digest);

// Everything that decides whether an image is read, and where.
struct ImageDetails {
  ImageRow row;
  // Live locations, in the order in which a Glance with a single store tries them (by id).
  std::vector<LocationRow> locations;
  // Live signature properties, if they were requested.
  SignatureProperties signature;
  // The name of a property with which Glance marks an image that it works on; empty if there is
  // none.
  std::string busy_marker;
};

enum class WithSignatures { no, yes };

// The details of the images that exist, by id. A row of another table belongs to the image that the
// database finds for it, whose id may have another spelling. Runs three statements for each
// kRowsPerStatement ids, four with signatures.
std::map<std::string, ImageDetails> read_details(Session& session,
                                                 const std::vector<std::string>& image_ids,
                                                 WithSignatures with = WithSignatures::no);

// False if no image can have this id, because the column images.id cannot hold it: a statement that
// compares the two would be refused.
bool can_be_image(Session& session, const std::string& image_id);
// The image with exactly this id, byte for byte, on every engine.
std::optional<ImageRow> read_image(Session& session, const std::string& image_id);
// Whether there is an image with exactly this id. Works before expand too.
bool has_image(Session& session, const std::string& image_id);
// The id of an image that somebody who typed `image_id` most likely meant: the same but for case
// and spaces. Empty if there is none.
std::string like_image(Session& session, const std::string& image_id);

// Of these images, those with a location that is neither active nor deleted. read_details() does
// not return such a location, and Glance may serve it.
std::set<std::string> with_other_locations(Session& session,
                                           const std::vector<std::string>& image_ids);

struct PendingTotals {
  std::int64_t images = 0;
  std::int64_t bytes = 0;         // of images with a known size
  std::int64_t unknown_size = 0;  // images with an unknown size
};

// Live images without a hash. `expanded`: whether the hash columns are there. If not, all live
// images count.
PendingTotals pending_totals(Session& session, bool expanded);

// The sizes of these images, largest first; 0 for an unknown size.
void pending_sizes(Session& session, bool expanded, const std::function<void(std::int64_t)>& each);

// True if this column of a table of Glance's can hold the text, which is UTF-8 and short enough:
// its character set may lack a character.
bool column_holds(Session& session, const std::string& table, const std::string& column,
                  const std::string& text);

// The number of images of a project that are not deleted. Case matters in the project id.
std::int64_t images_of_owner(Session& session, const std::string& owner);

// The last id of the next `page` images after `after`; nothing at the end. Loops over `images` use
// this, so that they neither keep a read open nor read the whole table at once.
std::optional<std::string> image_page_end(Session& session, const std::string& after,
                                          std::int64_t page);

struct SizedImage {
  std::string id;
  std::int64_t size = 0;
};

// A page of live images with a hash or a checksum, largest first, after the given one.
std::vector<SizedImage> verifiable_page(Session& session, const SizedImage& after,
                                        std::int64_t page);
PendingTotals verifiable_totals(Session& session);

// The same for live images that were signed when the last migrate ran.
std::vector<SizedImage> signed_page(Session& session, const SizedImage& after, std::int64_t page);
PendingTotals signed_totals(Session& session);

// A page of live images without a hash, or with one, by id, after the given one.
std::vector<std::string> unhashed_page(Session& session, const std::string& after,
                                       std::int64_t page);
std::vector<std::string> hashed_page(Session& session, const std::string& after, std::int64_t page);
// Whether unhashed_page() would return this image.
bool is_unhashed(Session& session, const std::string& image_id);

}  // namespace backglance
