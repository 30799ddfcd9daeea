// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ledger/checkpoints.h"
#include "ledger/items.h"
#include "read/commit_pace.h"
#include "read/pipeline.h"
#include "read/read_options.h"
#include "read/read_result.h"
#include "read/unreached.h"
#include "sql/session.h"

namespace backglance {

// The pipeline's last stage: publishes what was read, settles what was not, gives back what was
// broken off. Several to a transaction, as CommitPace has it, but none is kept through a wait.
class Settler {
 public:
  Settler(const Site& site, const std::string& run_id, ReadContext& context,
          const OnResult& on_result, ReadResult& result);

  // The pipeline's stage: one thread at a time.
  void add(Work& work);
  // Of an image that is still being read. Once: if the database cannot take it now, the next one
  // says more.
  void keep(const Claim& claim, const Checkpoint& checkpoint);
  // Commits what waits for that, and gives back what was not reached. By a thread that begins to
  // wait.
  void flush();
  // After the pipeline. Throws Error{io} if images were not reached in a place that this host does
  // not see, as add() does once they are many.
  void finish();

  // After the pipeline: what was put back because its checkpoint, now forgotten, did not fit.
  std::vector<Work> take_refused() { return std::exchange(refused_, {}); }

 private:
  void commit();
  void release(const Claim& claim);
  void forget_checkpoint(const std::string& image_id);
  void give_back_unreached();
  template <typename Ask>
  void settle_unreached(const Ask& ask);
  std::vector<std::optional<ReadClass>> settle(const std::vector<Items::Settled>& some,
                                               std::chrono::steady_clock::time_point patience);

  Session session_;
  Items items_;
  Checkpoints checkpoints_;
  std::string run_id_;
  ReadContext& context_;
  const OnResult& on_result_;
  ReadResult& result_;
  std::mutex mutex_;  // guards all but what is const or has a lock of its own
  std::vector<Items::Settled> waiting_;
  std::set<std::string> with_checkpoint_;  // images of ours that have one
  std::vector<Work> refused_;              // what was put back for its checkpoint
  UnreachedImages unreached_;
  CommitPace pace_;
  bool has_warned_ = false;
};

}  // namespace backglance
