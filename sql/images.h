// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sql/session.h"

namespace backglance {

// Reads of Glance's tables. None opens a transaction.

// A row of `images`, as far as it decides about a hash. Text is as stored, whatever it holds.
struct ImageRow {
  std::string id;
  bool hashable = false;             // not deleted, and active or deactivated
  std::optional<std::int64_t> size;  // nothing for NULL and 0: unknown; -1 for what is no number
  std::string checksum;              // empty for NULL
  std::string os_hash_algo;
  std::string os_hash_value;
};

struct LocationRow {
  std::int64_t id = 0;
  std::string value;      // a secret, possibly encrypted
  std::string meta_data;  // empty for NULL
};

// What verifies an image's signatures, or shows that they are another image's.
struct SignatureProperties {
  std::map<std::string, std::string, std::less<>> values;  // by name, compared with case
  bool is_snapshot = false;  // image_type=snapshot or a base_image_ref
};
enum class SignedOver { data, md5 };  // img_signature*, signature*
// What a verdict on a signature rests on, in 64 characters that differ where something of it does:
// its properties, whether the image is a snapshot, the digest of its bytes, and which its live
// locations are: what another one holds has not been looked at.
std::string verified_state(SignedOver what, const SignatureProperties& signature,
                           const std::vector<LocationRow>& locations, const std::string& digest);

// All that decides whether an image is read, and where.
struct ImageDetails {
  ImageRow row;
  // The live ones, in the order in which a single-store Glance tries them (by id).
  std::vector<LocationRow> locations;
  // Of its signatures, the live ones, if they were asked for.
  SignatureProperties signature;
  // The name of a property by which Glance says that it is working on the image; empty if there is
  // none.
  std::string busy_marker;
};

enum class WithSignatures { no, yes };

// By id, of those that are there; three statements for each kRowsPerStatement ids, four with
// signatures.
std::map<std::string, ImageDetails> read_details(Session& session,
                                                 const std::vector<std::string>& image_ids,
                                                 WithSignatures with = WithSignatures::no);

std::optional<ImageRow> read_image(Session& session, const std::string& image_id);
std::vector<LocationRow> read_locations(Session& session, const std::string& image_id);

struct PendingTotals {
  std::int64_t images = 0;
  std::int64_t bytes = 0;         // of those whose size is known
  std::int64_t unknown_size = 0;  // images
};

// Live images without a hash. `expanded` says whether the hash columns are there; before that, all
// live images are.
PendingTotals pending_totals(Session& session, bool expanded);

// Their sizes, largest first; 0 for one that is unknown.
void pending_sizes(Session& session, bool expanded, const std::function<void(std::int64_t)>& each);

// Images that are not deleted; the project id is compared with case.
std::int64_t images_of_owner(Session& session, const std::string& owner);

// The last id of the next `page` images after `after`, or nothing at the end: how loops over
// `images` walk it without holding a read open or reading it whole.
std::optional<std::string> image_page_end(Session& session, const std::string& after,
                                          std::int64_t page);

struct SizedImage {
  std::string id;
  std::int64_t size = 0;
};

// Live images with a hash or a checksum, largest first, after the given one.
std::vector<SizedImage> verifiable_page(Session& session, const SizedImage& after,
                                        std::int64_t page);
PendingTotals verifiable_totals(Session& session);

// Likewise live images that the last migrate found to be signed.
std::vector<SizedImage> signed_page(Session& session, const SizedImage& after, std::int64_t page);
PendingTotals signed_totals(Session& session);

// Live images without a hash, or with one, by id, after the given one.
std::vector<std::string> unhashed_page(Session& session, const std::string& after,
                                       std::int64_t page);
std::vector<std::string> hashed_page(Session& session, const std::string& after, std::int64_t page);

}  // namespace backglance
