// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "ledger/read_outcome.h"
#include "read/commit_pace.h"
#include "read/pipeline.h"
#include "read/read_context.h"
#include "read/read_result.h"
#include "read/unreached.h"
#include "sql/session.h"

namespace backglance {

// The pipeline's last stage, as each phase that reads images has it: keeps back what could not be
// opened until it is known why, records the rest, several images to a transaction as CommitPace has
// it, counts them, and says what became of each. None is kept through a wait. A phase says how
// images are recorded, and what becomes of those that were not read. Its functions may be called by
// any thread.
class SettleStage {
 public:
  virtual ~SettleStage() = default;
  SettleStage(const SettleStage&) = delete;
  SettleStage& operator=(const SettleStage&) = delete;

  // The pipeline's stage. Throws Error{io} once many images were not reached in a place that this
  // host does not see; what was read before is recorded then.
  void add(Work& work);
  // Records what waits for that. By a thread that begins to wait.
  void flush();
  // After the pipeline. Throws Error{io} if images were not reached in a place that this host does
  // not see.
  void finish();

 protected:
  // All outlive this.
  SettleStage(const DatabaseUrl& database, SessionOptions session, bool has_ledger,
              ReadContext& context, const OnResult& on_result, ReadResult& result);

  // All of these are called with the mutex held.

  // The image is to be recorded, now or later.
  virtual void begin(const Work&) {}
  // The image was not read to its end.
  virtual void give_back(Work& work) = 0;
  // The image goes to the next commit.
  virtual void taken(const SettledImage&) {}
  // Records the images in one transaction or several, and says of each what it became. Returns for
  // each whether it was still ours.
  virtual std::vector<bool> record(std::vector<SettledImage>& images) = 0;
  // After the images of a commit were counted.
  virtual void recorded() {}
  // Nobody waits for what is kept back (unreached_): the run waits itself, or ends.
  virtual void leave_unreached() {}

  std::vector<SettledImage> take_unreached() { return unreached_.take_all(); }

  Session session_;
  ReadContext& context_;
  ReadResult& result_;
  std::mutex mutex_;  // guards the session, the result and the fields below

 private:
  template <typename Ask>
  void take_from(const Ask& ask);
  void take(SettledImage image);
  void commit();

  const OnResult& on_result_;
  std::vector<SettledImage> waiting_;
  UnreachedImages unreached_;
  CommitPace pace_;
};

}  // namespace backglance
