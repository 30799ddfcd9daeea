// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "ledger/read_outcome.h"
#include "read/reader.h"

namespace backglance {

// One image on its way from the claim to the settlement.
struct Work {
  Claim claim;
  ReadTask task;
  const DigestAlgorithm* algorithm = nullptr;
  std::optional<Checkpoint> checkpoint;  // of an earlier run that was broken off
  // Set by whoever knows first: the claim stage for an image that is not to be read, else the
  // reader. Still nothing after the read stage: the run is to end and the claim is to be given
  // back.
  std::optional<ReadOutcome> outcome;
  std::chrono::steady_clock::duration took{};
  // Its turn came when the run was to end, or it could no longer be read in time: no read was
  // begun.
  bool put_back = false;
  // Likewise: its checkpoint does not fit, and only what is left by it was counted.
  bool checkpoint_refused = false;
};

// claim and settle are called by a thread of their own each, read by `readers` threads at once: all
// of them wait for a database or a disk, which oneTBB's must not. Claims run ahead of the reads by
// at most 32 small images, or one large one. An exception of a stage ends the pipeline, once the
// reads under way have ended, and comes out here.
struct Stages {
  std::function<bool(Work&)> claim;  // fills in an empty Work; false: no more
  // Leave to begin with images, kept until there is one too many.
  std::function<StreamLimits::Admission()> admit;
  std::function<void(Work&)> read;
  std::function<void(Work&)> settle;
};
struct Readers {
  int number = 1;                    // fewer if the host gives no more threads
  std::function<void()> begin = {};  // what each does first; empty: nothing
};
void run_pipeline(const Readers& readers, const Stages& stages);

}  // namespace backglance
