// SPDX-License-Identifier: Apache-2.0
#include "read/claim_stage.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "sql/row_list.h"

namespace backglance {

ClaimStage::ClaimStage(const DatabaseUrl& database, SessionOptions session, ReadContext& context,
                       const ReadOptions& options)
    : session_(database, session),
      context_(context),
      options_(options),
      ahead_(session_, options.with_signatures()) {
  context_.budget.limit(options.max_bytes);
}

bool ClaimStage::next(Work& work) {
  // Waits here while the run is paused: a paused run claims nothing.
  if (!context_.control.may_go_on()) {
    end_ = context_.control.why_stopped();
    return false;
  }
  if (options_.limit && handed_out_ >= *options_.limit) {
    end_ = RunEnd::limit;
    return false;
  }
  auto claim = take();
  if (!claim)
    return false;
  work.claim = std::move(*claim);
  ++handed_out_;
  // The claim is older than this look-up: Glance may have deleted the image since.
  auto details = ahead_.take(work.claim.image_id, [&] {
    std::vector<std::string> ids = coming();
    ids.insert(ids.begin(), work.claim.image_id);
    // One round of statements: more ids would cost a second one.
    ids.resize(std::min(ids.size(), std::size_t{kRowsPerStatement}));
    return ids;
  });
  if (details && details->row.hashable)
    prepare(work, std::move(*details));
  else
    settle_unread(work, ImageResult::gone,
                  details ? why_not_live(details->row) : "the image was purged from Glance");
  return true;
}

}  // namespace backglance
