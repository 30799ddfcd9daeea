// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "glance/site.h"
#include "ledger/runs.h"
#include "read/settle_stage.h"
#include "verify/verify_list.h"

namespace backglance {

// The pipeline's last stage: counts what was compared, and records it where there is a ledger. The
// run is entered there too.
class VerifyRecord : public SettleStage {
 public:
  VerifyRecord(const Site& site, bool has_ledger, ReadContext& context, const OnResult& on_result,
               ReadResult& result);

  // Another run declared this one dead: nobody waits for it or counts on it any more.
  bool lost() const { return run_ && run_->lost(); }
  // Of what was broken off.
  const TooLarge& too_large() const { return too_large_; }

  // After finish().
  void finish_run(RunEnd end);

 private:
  void give_back(Work& work) override;
  void taken(const SettledImage& image) override;
  std::vector<bool> record(std::vector<SettledImage>& images) override;

  TooLarge too_large_;
  std::optional<Run> run_;
};

}  // namespace backglance
