// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger/checkpoints.h"
#include "ledger/read_outcome.h"
#include "sql/session.h"

namespace backglance {

// How far an unfinished read of verify came (the table backglance_scrub_part). It is not
// backglance_checkpoint, because backfill may read the same image at the same time. The first bytes
// may have been read in an earlier run: Checkpoint::begun_at says when, and a finding that was
// recorded after that forbids the checkpoint, so that no read hides it.
class ScrubParts {
 public:
  // `session` must live longer than this. One thread at a time.
  explicit ScrubParts(Session& session) : session_(session) {}

  // Nothing if the checkpoint is older than 30 days: then the image is read from its first byte.
  std::optional<Checkpoint> find(const std::string& image_id);
  // Replaces an earlier checkpoint of the image, if the claim's lease and token are still valid;
  // otherwise returns false and changes nothing. Do not repeat it after an error.
  bool keep(const std::string& run_id, const Claim& claim, const Checkpoint& checkpoint);
  // Deletes the checkpoint, unless a later claim has written it.
  void forget(const Claim& claim);

 private:
  const std::string& sql(std::string_view name) const;

  Session& session_;
};

}  // namespace backglance
