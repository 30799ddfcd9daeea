// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "glance/site.h"
#include "ledger/runs.h"
#include "read/settle_stage.h"
#include "verify/verify_list.h"

namespace backglance {

// The pipeline's last stage: counts the images that were compared, and records them if the ledger
// exists. It also enters the run in the ledger.
class VerifyRecord : public SettleStage {
 public:
  VerifyRecord(const Site& site, bool has_ledger, ReadContext& context, const OnResult& on_result,
               ReadResult& result);

  // True if another run declared this one dead; no other run waits for it any more.
  bool lost() const { return run_ && run_->lost(); }
  // Images that were broken off and are too large for a whole --max-runtime.
  const TooLarge& too_large() const { return too_large_; }

  // Enters the end of the run. Call it after finish().
  void finish_run(RunEnd end);

 private:
  void give_back(Work& work) override;
  void taken(const SettledImage& image) override;
  std::vector<bool> record(std::vector<SettledImage>& images) override;

  TooLarge too_large_;
  // Nothing without a ledger.
  std::optional<Run> run_;
};

}  // namespace backglance
