#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "backfill/reader.h"
#include "sql/items.h"

namespace backglance {

// One image on its way from the claim to the settlement.
struct Work {
  Claim claim;
  ReadTask task;
  const DigestAlgorithm* algorithm = nullptr;
  // Set by whoever knows first: the claim stage for an image that is not to be read, else the
  // reader. Still nothing after the read stage: the run is to end and the claim is to be given
  // back.
  std::optional<ReadOutcome> outcome;
  std::chrono::steady_clock::duration took{};
  // Its turn came when it could no longer be read in time: no read was begun.
  bool put_back = false;
};

// claim and settle are called by one thread at a time each, but not always the same one; read by up
// to `jobs` threads at once. At most 2 x jobs images are between the stages. An exception of a
// stage ends the pipeline and comes out here.
struct Stages {
  std::function<bool(Work&)> claim;  // fills in an empty Work; false: no more
  std::function<void(Work&)> read;
  std::function<void(Work&)> settle;
};
void run_pipeline(int jobs, const Stages& stages);

}  // namespace backglance
