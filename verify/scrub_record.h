// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "glance/site.h"
#include "ledger/scrub_parts.h"
#include "ledger/scrub_queue.h"
#include "read/settle_stage.h"

namespace backglance {

// The pipeline's last stage when verify works on its queue: records what was compared, in the
// transaction that ends the lease, and gives back what was not read. A run that lost its lease
// records nothing of the image.
class ScrubRecord : public SettleStage {
 public:
  ScrubRecord(const Site& site, const std::string& run_id, ReadContext& context,
              const OnResult& on_result, ReadResult& result);

  // Saves a checkpoint of an image that is still being read. It is tried once. Thread-safe.
  void keep(const Work& work, Checkpoint checkpoint);

  // Images that were given back, and their bytes. Call it after finish().
  const PendingTotals& given_back() const { return given_back_; }

 private:
  void begin(const Work& work) override;
  void give_back(Work& work) override;
  std::vector<bool> record(std::vector<SettledImage>& images) override;
  void leave(const SettledImage& image) override;
  void leave_unreached() override;

  std::vector<bool> record_together(const std::vector<SettledImage>& images);
  void release(const Claim& claim, std::int64_t left_bytes);

  ScrubQueue queue_;
  ScrubParts parts_;
  const std::string run_id_;
  std::set<std::string> with_checkpoint_;  // claimed images that have a checkpoint
  PendingTotals given_back_;
  bool has_warned_ = false;
};

}  // namespace backglance
