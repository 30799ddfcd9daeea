// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "read/look_up.h"
#include "read/pipeline.h"
#include "read/read_context.h"
#include "read/read_options.h"
#include "sql/session.h"

namespace backglance {

// The pipeline's first stage, the part that all phases share: hands out one image after the other
// within the limits, and looks each up in Glance's tables. An image that is not to be read gets its
// outcome here. A phase defines which images there are (take()) and which of them are read
// (prepare()). One thread at a time.
class ClaimStage {
 public:
  virtual ~ClaimStage() = default;
  ClaimStage(const ClaimStage&) = delete;
  ClaimStage& operator=(const ClaimStage&) = delete;

  // Fills in `work` with the next image. False when nothing more is due, a limit is reached, or the
  // run must end.
  bool next(Work& work);
  // Why next() returned false.
  RunEnd end() const { return end_; }

 protected:
  // `context` and `options` must live longer than this.
  ClaimStage(const DatabaseUrl& database, SessionOptions session, ReadContext& context,
             const ReadOptions& options);

  // Returns the next image to hand out; nothing at the end. If images are left then, it sets `end_`
  // to the reason.
  virtual std::optional<Claim> take() = 0;
  // The ids of the images that will be handed out next, in that order. They are looked up together.
  virtual std::vector<std::string> coming() const = 0;
  // Makes `work` ready to be read, or gives it its outcome. The image is live.
  virtual void prepare(Work& work, ImageDetails details) = 0;

  Session session_;
  ReadContext& context_;
  const ReadOptions& options_;
  std::int64_t handed_out_ = 0;
  RunEnd end_ = RunEnd::complete;

 private:
  LookAhead ahead_;
};

}  // namespace backglance
