// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ledger/read_outcome.h"
#include "sql/session.h"

namespace backglance {

// How far the read of an image has come, so that a later run, of this host or another, goes on from
// there: the table backglance_checkpoint. Whether the object is still the same, the reader finds
// out.
struct Checkpoint {
  std::string image_id;
  std::int64_t location_id = 0;
  std::string identity = {};     // of the object, as a Source names it
  std::int64_t offset = 0;       // bytes digested, from the first on
  std::string tail_digest = {};  // SHA-256 of the last of them, in hex (read/resume.h)
  // Of what digest_state holds, hashlib's name; of several digests "sha512+sha256", and so their
  // states.
  std::string algorithm = {};
  std::string md5_state = {};  // BlockDigest::save()
  std::string digest_state = {};
};

class Checkpoints {
 public:
  // `session` outlives this. One thread at a time.
  explicit Checkpoints(Session& session) : session_(session) {}

  std::optional<Checkpoint> find(const std::string& image_id);

  // In the place of an earlier one, while the claim's lease and token hold; else false, and nothing
  // is changed. Not to be repeated after an error: the next one says more.
  bool keep(const std::string& run_id, const Claim& claim, const Checkpoint& checkpoint);

  void forget(const std::string& image_id);
  // But not what a later claim has left.
  void forget(const Claim& claim);
  // Those of images that are no longer to be read.
  void forget_settled();

 private:
  const std::string& sql(std::string_view name) const;

  Session& session_;
};

}  // namespace backglance
