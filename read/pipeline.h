// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "ledger/read_outcome.h"
#include "read/reader.h"

namespace backglance {

// One image on its way through the pipeline.
struct Work {
  Claim claim;
  ReadTask task;
  const DigestAlgorithm* algorithm = nullptr;
  std::optional<Checkpoint> checkpoint;  // of an earlier read that was broken off
  // The claim stage sets it for an image that is not to be read, the reader for all others. If it
  // is still empty after the read stage, the run must end and the claim is given back.
  std::optional<ReadOutcome> outcome;
  std::chrono::steady_clock::duration took{};
  // verify: the bytes of the image that this run may read; nothing: all.
  std::optional<std::int64_t> most_bytes = {};
  // No read was begun, because the run must end or the time left is too short for it.
  bool put_back = false;
  // No read was begun, because the checkpoint does not fit the object. Only the bytes after the
  // checkpoint were counted against --max-bytes.
  bool checkpoint_refused = false;
  // The store holds more of the image than was expected, and --max-bytes does not permit to read
  // that, or the time left is too short for it: the image is put back.
  std::optional<std::int64_t> found_size = {};  // what the store holds, in bytes
  bool over_budget = false;                     // because of --max-bytes
};

// The stages of the pipeline. claim and settle have a thread each; read is called by `readers`
// threads at once. They are not tasks of oneTBB, because all of them wait for a database or a disk.
// Claims are ahead of the reads by at most 32 small images, or one large one. If a stage throws,
// the pipeline ends after the reads under way, and run_pipeline() throws the exception.
struct Stages {
  std::function<bool(Work&)> claim;  // fills in an empty Work; false: no more images
  // A reader's permission to read. It keeps the permission from image to image, until there is one
  // too many.
  std::function<StreamLimits::Admission()> admit;
  std::function<void(Work&)> read;
  std::function<void(Work&)> settle;
};
struct Readers {
  int number = 1;                    // fewer if the host cannot start more threads
  std::function<void()> begin = {};  // each reader calls it first; may be empty
};
void run_pipeline(const Readers& readers, const Stages& stages);

}  // namespace backglance
