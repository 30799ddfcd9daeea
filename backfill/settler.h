#pragma once

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "backfill/backfill.h"
#include "backfill/commit_pace.h"
#include "backfill/pipeline.h"
#include "sql/items.h"
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
  // Commits what is still waiting. After the pipeline, or by a thread that begins to wait.
  void flush();
  // After the last image.
  void finish();

 private:
  void commit();
  void doubt(Items::Settled unreached);
  void believe();
  std::vector<std::optional<ReadClass>> settle(const std::vector<Items::Settled>& some,
                                               std::chrono::steady_clock::time_point patience);

  Session session_;
  Items items_;
  std::string run_id_;
  ReadContext& context_;
  const OnResult& on_result_;
  ReadResult& result_;
  std::mutex mutex_;  // guards all but what is const or has a lock of its own
  std::vector<Items::Settled> waiting_;
  std::vector<Items::Settled> unreached_;  // since an image was reached last
  CommitPace pace_;
};

}  // namespace backglance
