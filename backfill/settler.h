// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/checkpoints.h"
#include "ledger/queue.h"
#include "ledger/results.h"
#include "read/settle_stage.h"

namespace backglance {

// The pipeline's last stage: publishes what was read, settles what was not, gives back what was
// broken off or not reached.
class Settler : public SettleStage {
 public:
  Settler(const Site& site, const std::string& run_id, ReadContext& context,
          const OnResult& on_result, ReadResult& result);

  // Of an image that is still being read. Once: if the database cannot take it now, the next one
  // says more. Any thread.
  void keep(const Claim& claim, const Checkpoint& checkpoint);

  // After the pipeline: what was put back because its checkpoint, now forgotten, did not fit.
  std::vector<Work> take_refused() { return std::exchange(refused_, {}); }

 private:
  void begin(const Work& work) override;
  void give_back(Work& work) override;
  std::vector<bool> record(std::vector<SettledImage>& images) override;
  void recorded() override;
  void leave_unreached() override;

  void release(const Claim& claim);
  void forget_checkpoint(const std::string& image_id);
  std::vector<std::optional<ImageResult>> settle(const std::vector<SettledImage>& some,
                                                 std::chrono::steady_clock::time_point patience);

  Queue queue_;
  Results results_;
  Checkpoints checkpoints_;
  std::string run_id_;
  std::set<std::string> with_checkpoint_;  // images of ours that have one
  std::vector<std::string> done_with_;     // of these, what was settled by this commit
  std::vector<Work> refused_;              // what was put back for its checkpoint
  bool has_warned_ = false;
};

}  // namespace backglance
