// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <set>
#include <string>

#include "ledger/checkpoints.h"
#include "ledger/queue.h"
#include "read/claim_stage.h"

namespace backglance {

// How long a claim holds without renewal. Long enough for a slow commit or a stalled disk, short
// enough that a dead host's images are not missed for long; renewed every 10 s.
inline constexpr std::chrono::seconds kLease{120};

// The pipeline's first stage: takes images from the queue, largest first, within the options'
// limits, and leases them. One thread at a time.
class Claimer : public ClaimStage {
 public:
  Claimer(const Site& site, const std::string& run_id, ReadContext& context,
          const ReadOptions& options);

  // How many of the images that were asked for by name another run holds.
  std::int64_t held_by_others() const { return held_by_others_; }

  // Gives back what was claimed and not handed out. After the pipeline.
  void release_rest();
  // What was handed out and put back for its checkpoint, as if it never had been: next() gives it
  // once more, and counts the whole, if that is within the limits. After the pipeline.
  void take_back(const std::vector<Work>& refused);

 private:
  std::optional<Claim> take() override;
  std::vector<std::string> coming() const override;
  void prepare(Work& work, ImageDetails details) override;
  bool refill();
  void claim(std::int64_t largest);
  // What is left of a read that was broken off, or the beginning of an image that is too large for
  // the time: where nothing whole can be read any more.
  void claim_part(std::int64_t in_time, std::int64_t in_bytes);
  void take_part(Claim part);
  void hold(Claim claim);
  bool refill_from_list();
  std::int64_t used_bytes() const;
  // Of a read that was broken off, if it may be gone on with.
  std::optional<Checkpoint> checkpoint_of(const Claim& claim);

  Queue queue_;
  Checkpoints checkpoints_;
  std::string run_id_;
  std::vector<std::string> listed_;  // of options_, and what of them was taken back
  std::deque<Claim> claims_;
  std::set<std::string> parts_;  // what claim_part() has had
  std::set<std::string> whole_;  // what has no checkpoint that fits
  std::size_t next_listed_ = 0;
  std::int64_t claimed_bytes_ = 0;
  std::int64_t held_by_others_ = 0;
};

}  // namespace backglance
