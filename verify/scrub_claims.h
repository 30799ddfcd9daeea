// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "glance/site.h"
#include "ledger/scrub_parts.h"
#include "ledger/scrub_queue.h"
#include "read/claim_stage.h"
#include "verify/verify_list.h"

namespace backglance {

// Whether a run that may still read `in_bytes` begins an image that is larger than that, to read a
// part of it. `is_first`: it has read nothing yet.
bool may_break_off(std::int64_t in_bytes, bool is_first, const ReadOptions& options);

// The pipeline's first stage when verify works on its queue (ledger/scrub_queue.h): leases the
// image with the oldest read first, whatever its size. If an image is larger than what the limits
// leave, the run reads a part of it, and the next run continues: as long as it is the oldest, it is
// the first. So no image waits for ever. One thread at a time.
class ScrubClaims : public ClaimStage {
 public:
  // Enters new images in the queue. Throws Error{schema_state} if the hash columns are missing.
  ScrubClaims(const Site& site, const std::string& run_id, ReadContext& context,
              const ReadOptions& options);

  // What was due when the run began.
  const PendingTotals& all() const { return all_; }
  // What is due now and was not handed out by this run, and is not being read by another one. Call
  // it after release_rest().
  PendingTotals left();
  // The part of it that is larger than a whole --max-runtime.
  TooLarge too_large();
  // Gives back images that were claimed and not handed out. Call it after the pipeline.
  void release_rest();

 private:
  std::optional<Claim> take() override;
  std::vector<std::string> coming() const override;
  void prepare(Work& work, ImageDetails details) override;
  bool refill();
  // What --max-bytes leaves for further images; negative: nothing.
  std::int64_t left_bytes() const;
  // Whether a part of an image may be read that has more bytes than are left.
  bool may_read_parts(std::int64_t in_time, std::int64_t in_bytes) const;
  // What the run is going to read, for the progress display.
  PendingTotals totals_of_run();

  ScrubQueue queue_;
  ScrubParts parts_;
  std::deque<Claim> claims_;
  PendingTotals all_;
  PendingTotals released_;  // by release_rest()
};

}  // namespace backglance
