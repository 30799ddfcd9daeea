// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ledger/read_outcome.h"
#include "sql/session.h"

namespace backglance {

// How far an unfinished read of an image came (the table backglance_checkpoint). A later run, of
// this host or another one, continues there. The ledger does not know whether the object is still
// the same; the reader checks that.
struct Checkpoint {
  std::string image_id;
  std::int64_t location_id = 0;
  std::string identity = {};     // of the object: Source::identity_when_opened()
  std::int64_t offset = 0;       // bytes digested so far, counted from the first byte
  std::string tail_digest = {};  // SHA-256 of the last of these bytes, in hex (read/resume.h)
  // hashlib's name of the digest in digest_state. For several digests, names and states are joined
  // by '+': "sha512+sha256".
  std::string algorithm = {};
  std::string md5_state = {};  // BlockDigest::save()
  std::string digest_state = {};
  // verify: when the run began that read the first byte; 0: this run, and always for backfill.
  std::int64_t begun_at = 0;
};

class Checkpoints {
 public:
  // `session` must live longer than this. One thread at a time.
  explicit Checkpoints(Session& session) : session_(session) {}

  std::optional<Checkpoint> find(const std::string& image_id);

  // Replaces an earlier checkpoint of the image, if the claim's lease and token are still valid;
  // otherwise returns false and changes nothing. Do not repeat it after an error: the next
  // checkpoint covers more.
  bool keep(const std::string& run_id, const Claim& claim, const Checkpoint& checkpoint);

  void forget(const std::string& image_id);
  // Deletes the checkpoint, unless a later claim has written it.
  void forget(const Claim& claim);
  // Deletes the checkpoints of all images that are no longer to be read, and those that were taken
  // before a verify that has not found the bytes as they were.
  void forget_settled();

 private:
  const std::string& sql(std::string_view name) const;

  Session& session_;
};

}  // namespace backglance
