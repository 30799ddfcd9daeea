// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "backfill/passed_images.h"
#include "ledger/checkpoints.h"
#include "ledger/queue.h"
#include "read/claim_stage.h"

namespace backglance {

// How long a claim is valid without renewal. Long enough for a slow commit or a stalled disk, short
// enough that other hosts get a dead host's images soon. Renewed every 10 s.
inline constexpr std::chrono::seconds kLease{120};

// The pipeline's first stage: takes images from the queue, largest first, within the options'
// limits, and leases them. One thread at a time.
class Claimer : public ClaimStage {
 public:
  Claimer(const Site& site, const std::string& run_id, ReadContext& context,
          const ReadOptions& options, PassedImages& passed);

  // The images given by --image that are held by another run.
  const std::vector<std::string>& held_by_others() const { return held_by_others_; }

  // Gives back images that were claimed and not handed out. Call it after the pipeline.
  void release_rest();
  // Takes back images whose checkpoint did not fit, as if they had never been handed out. next()
  // returns each once more, now without a checkpoint and with its whole size counted, if the limits
  // permit. Call it after the pipeline.
  void take_back(const std::vector<Work>& refused);

 private:
  std::optional<Claim> take() override;
  std::vector<std::string> coming() const override;
  void prepare(Work& work, ImageDetails details) override;
  bool refill();
  void claim(std::int64_t largest);
  // Claims the rest of a read that was broken off, or the beginning of an image that is too large
  // for the time left. Used when no whole image fits any more.
  void claim_part(std::int64_t in_time, std::int64_t in_bytes);
  void take_part(Claim part);
  void hold(Claim claim);
  bool refill_from_list();
  // What --max-bytes leaves for further images.
  std::int64_t left_bytes() const;
  // The checkpoint of a read that was broken off, if the read may continue there. Only a large
  // image has one, or one whose size Glance does not know.
  std::optional<Checkpoint> checkpoint_of(const Claim& claim, bool is_size_known = true);

  Queue queue_;
  Checkpoints checkpoints_;
  std::string run_id_;
  PassedImages& passed_;
  std::vector<std::string> listed_;  // the images in options_, then those that were taken back
  std::deque<Claim> claims_;
  std::set<std::string> parts_;  // images that claim_part() has handed out
  std::set<std::string> whole_;  // images whose checkpoint does not fit
  std::size_t next_listed_ = 0;
  std::vector<std::string> held_by_others_;
};

}  // namespace backglance
