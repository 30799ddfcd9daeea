// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "backfill/passed_images.h"
#include "ledger/checkpoints.h"
#include "ledger/queue.h"
#include "ledger/results.h"
#include "read/settle_stage.h"

namespace backglance {

// The pipeline's last stage: publishes the images that were read, settles those that are not to be
// read, and gives back those that were broken off or not begun.
class Settler : public SettleStage {
 public:
  Settler(const Site& site, const std::string& run_id, ReadContext& context,
          const OnResult& on_result, ReadResult& result, PassedImages& passed);

  // Saves a checkpoint of an image that is still being read. It is tried once: if the database
  // cannot take it now, the next one covers more. Thread-safe.
  void keep(const Claim& claim, const Checkpoint& checkpoint);

  // Images that were put back because their checkpoint did not fit; it is deleted by now. Call it
  // after the pipeline.
  std::vector<Work> take_refused() { return std::exchange(refused_, {}); }

 private:
  void begin(const Work& work) override;
  void give_back(Work& work) override;
  std::vector<bool> record(std::vector<SettledImage>& images) override;
  void recorded() override;
  bool can_postpone() const override { return true; }
  void leave(const SettledImage& image) override;
  void leave_unreached() override;

  // Gives the image back, and ends the renewal of its lease.
  void release(const Claim& claim);
  // Deletes the checkpoint of a settled image; a full disk is no error here.
  void forget_checkpoint(const std::string& image_id);
  // Settles the images together, or in halves if commits keep failing until `patience`.
  std::vector<std::optional<ImageResult>> settle(const std::vector<SettledImage>& some,
                                                 std::chrono::steady_clock::time_point patience);

  Queue queue_;
  Results results_;
  Checkpoints checkpoints_;
  std::string run_id_;
  PassedImages& passed_;
  std::set<std::string> with_checkpoint_;  // claimed images that have a checkpoint
  std::vector<std::string> done_with_;     // of these, the images that this commit settled
  std::vector<Work> refused_;              // images for take_refused()
  bool has_warned_ = false;
};

}  // namespace backglance
