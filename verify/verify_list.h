// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "glance/site.h"
#include "ledger/queue_figures.h"
#include "read/claim_stage.h"
#include "sql/images.h"
#include "sql/schema_state.h"

namespace backglance {

// Images that are too large for the time of a run.
struct TooLarge {
  std::int64_t images = 0;
  std::optional<SizedImage> largest;

  void add(const SizedImage& image);
  void add(const TooLarge& others);
};

// All images to verify, and the part of them that the limits let pass.
PendingTotals images_to_verify(Session& session, const ReadOptions& options);
PendingTotals within_limits(Session& session, const PendingTotals& all, const ReadOptions& options);

// The pipeline's first stage: the images to verify, largest first, or the named ones. One thread at
// a time.
class VerifyList : public ClaimStage {
 public:
  // Throws Error{schema_state} if the hash columns are missing, or for --signatures the ledger, and
  // Error{usage} for an unknown --image.
  VerifyList(const Site& site, ReadContext& context, const ReadOptions& options);

  bool has_ledger() const { return has_ledger_; }
  // All images to verify, before any limit.
  const PendingTotals& all() const { return all_; }
  // Images that were skipped and are too large even for a whole --max-runtime.
  const TooLarge& too_large() const { return too_large_; }

 private:
  std::optional<Claim> take() override;
  std::vector<std::string> coming() const override;
  void prepare(Work& work, ImageDetails details) override;
  // Reads the next page into images_. False at the end.
  bool refill();

  bool has_ledger_ = false;
  std::deque<SizedImage> images_;
  // The last image of the page that was read last; the next page begins after it.
  SizedImage last_{"", std::numeric_limits<std::int64_t>::max()};
  PendingTotals all_;
  TooLarge too_large_;
};

}  // namespace backglance
