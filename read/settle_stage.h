// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
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

// The pipeline's last stage, the part that all phases share. It holds back images that could not be
// opened until the reason is known, and records the others, several in one transaction
// (CommitPace). It counts them and reports each to `on_result`. During a pause, nothing is held
// back. A phase defines how images are recorded, and what happens to those that were not read.
// Thread-safe.
class SettleStage {
 public:
  virtual ~SettleStage() = default;
  SettleStage(const SettleStage&) = delete;
  SettleStage& operator=(const SettleStage&) = delete;

  // The stage itself. Throws Error{io} if this host sees no place of the site; images that were
  // read before are recorded first.
  void add(Work& work);
  // Records the images that wait for a commit. A thread that begins to wait calls it.
  void flush();
  // Call it after the pipeline.
  void finish();
  // The Error{io} with which the run must end, if images were left in a place that this host does
  // not see. Call it after finish().
  std::optional<Error> unseen_places();

 protected:
  // All arguments except `session` must live longer than this.
  SettleStage(const DatabaseUrl& database, SessionOptions session, bool has_ledger,
              ReadContext& context, const OnResult& on_result, ReadResult& result);

  // All of the following are called with the mutex held.

  // The image will be recorded, now or later.
  virtual void begin(const Work&) {}
  // The image was not read to its last byte.
  virtual void give_back(Work& work) = 0;
  // The image will be in the next commit.
  virtual void taken(const SettledImage&) {}
  // Records the images in one transaction or several, and puts the recorded result into each.
  // Returns for each image whether the claim still held.
  virtual std::vector<bool> record(std::vector<SettledImage>& images) = 0;
  // Called after the images of a commit were counted.
  virtual void recorded() {}
  // Whether record() can put off an image whose store failed several times. Otherwise it is left.
  virtual bool can_postpone() const { return false; }
  // The image is in a place that this host does not see: it was not read, and gets no result.
  virtual void leave(const SettledImage&) {}
  // The images that are held back (unreached_) will not be decided by this stage now, because the
  // run waits or ends.
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
