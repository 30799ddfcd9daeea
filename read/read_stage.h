// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ledger/queue_figures.h"
#include "read/pipeline.h"
#include "read/read_options.h"
#include "read/read_result.h"

namespace backglance {

// What backfill and verify share of a run that named images or limits shape.

// An image that was named on the command line. Throws Error{usage} if there is none.
ImageRow named_image(Session& session, const std::string& image_id);

// How much of an image of that size is to be read yet, as {left_of_item} has it in SQL. All of it
// where its length is not known, or the checkpoint is of something longer.
std::int64_t left_of(std::int64_t size, const std::optional<Checkpoint>& begun);

// What of images that come one after the other, as they are read, --limit and --max-bytes let
// through: how much there is to read.
class Allowance {
 public:
  explicit Allowance(const ReadOptions& options) : options_(options) {}  // outlives this

  static bool has_limits(const ReadOptions& options) {
    return options.limit.has_value() || options.max_bytes.has_value();
  }
  // No image more, of whatever size.
  bool is_used_up() const { return options_.limit && used_.images >= *options_.limit; }
  // `left` is what counts; of an image that a checkpoint holds a part of, less than the whole.
  void take(std::int64_t left, std::int64_t whole);
  void take(std::int64_t size) { take(size, size); }
  const QueueTotals& used() const { return used_; }
  // Of the same images with what checkpoints hold, which progress counts as read at once.
  QueueTotals whole() const { return {used_.images, whole_bytes_}; }

 private:
  const ReadOptions& options_;
  QueueTotals used_;
  std::int64_t whole_bytes_ = 0;
};

// True if a read that is broken off at the end of the time can be gone on with by a later run, and
// there is time for enough of it to be worth that.
bool is_worth_a_part(const DigestAlgorithm& algorithm, std::int64_t in_time,
                     const ReadOptions& options);

// True if a read of that many bytes cannot end in time any more. Images that were named are begun
// all the same.
bool too_late(std::int64_t size, const ReadContext& context, const ReadOptions& options);

// The pipeline's second stage, before the verdict: reads an image that has no outcome yet, or puts
// it back if its turn came too late even for a part of it. Checkpoints go to `keep`, if there is
// one, by the calling thread. Any number of threads.
void read_in_time(Work& work, DigestWorkers& workers, ReadContext& context,
                  const ReadOptions& options, std::function<void(const Checkpoint&)> keep = {});

// After the verdict: verifies the signatures of an image that agreed, if that was asked for.
void check_signatures(Work& work, const ReadOptions& options);

// Why a run ended, of which its first stage says `claimed`.
RunEnd end_of_run(RunEnd claimed, const ReadResult& result, const ReadContext& context);

// What backglance_run says of such an end.
std::string run_outcome(RunEnd end);

}  // namespace backglance
