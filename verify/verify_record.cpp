// SPDX-License-Identifier: Apache-2.0
#include "verify/verify_record.h"

#include "ledger/scrub_queue.h"
#include "ledger/verifications.h"
#include "read/read_stage.h"
#include "read/run_life.h"
#include "read/with_space.h"
#include "sql/retry.h"

namespace backglance {

VerifyRecord::VerifyRecord(const Site& site, bool has_ledger, ReadContext& context,
                           const OnResult& on_result, ReadResult& result)
    : SettleStage(site.database, {.mode = has_ledger ? OpenMode::read_write : OpenMode::read_only},
                  has_ledger, context, on_result, result) {
  // Without a ledger there is no run to see, to pause or to stop.
  if (has_ledger)
    run_.emplace(session_, "verify", life_of(context, std::nullopt));
}

// Nothing goes back into a queue: the next verify reads the image again.
void VerifyRecord::give_back(Work& work) {
  const std::int64_t size = work.found_size.value_or(work.claim.size_bytes);
  if (size > context_.pace.largest_in_run())
    too_large_.add({work.claim.image_id, size});
}

void VerifyRecord::taken(const SettledImage& image) {
  --result_.left_images;
  result_.left_bytes -= image.claim.size_bytes;
}

std::vector<bool> VerifyRecord::record(std::vector<SettledImage>& images) {
  if (run_)
    with_space(context_.control, [&] {
      // Safe to repeat after a lost answer: each image's row is replaced.
      retry(session_, [&] {
        record_verifications(session_, run_->id(), images);
        // The queue need not read these again soon.
        for (const auto& [claim, outcome] : images)
          if (facts_of(outcome.result).evidence != Evidence::none && !outcome.compared_nothing)
            note_scrub_read(session_, claim.image_id);
      });
      return true;
    });
  // This verify takes no leases, so no image can be lost.
  return std::vector<bool>(images.size(), true);
}

void VerifyRecord::finish_run(RunEnd end) {
  if (run_)
    run_->finish(run_outcome(end),
                 static_cast<std::int64_t>(context_.counters.images_settled.load()),
                 result_.bytes_read);
}

}  // namespace backglance
