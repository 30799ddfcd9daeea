// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "ledger/queue_figures.h"
#include "read/pipeline.h"
#include "read/read_options.h"
#include "read/read_result.h"

namespace backglance {

// What backfill and verify share: named images, limits, and the pipeline's second stage.

// The image that --image names. Throws Error{usage} if Glance has none.
ImageRow named_image(Session& session, const std::string& image_id);

// Bytes of an image that are still to read; {left_of_item} computes the same in SQL. The whole size
// if the size is not known (0) or smaller than the checkpoint's offset.
std::int64_t left_of(std::int64_t size, const std::optional<Checkpoint>& begun);

// Applies --limit and --max-bytes to images in the order in which they will be read, and counts the
// images and bytes that pass.
class Allowance {
 public:
  // `options` must live longer than this.
  explicit Allowance(const ReadOptions& options) : options_(options) {}

  static bool has_limits(const ReadOptions& options) {
    return options.limit.has_value() || options.max_bytes.has_value();
  }
  // True if no more image passes, whatever its size.
  bool is_used_up() const { return options_.limit && used_.images >= *options_.limit; }
  // Lets an image pass, or not. `left` are the bytes to read, `whole` is its size; they differ if a
  // checkpoint holds a part of it. Only `left` counts against --max-bytes.
  void take(std::int64_t left, std::int64_t whole);
  void take(std::int64_t size) { take(size, size); }
  const QueueTotals& used() const { return used_; }
  // Images among these whose size Glance does not know: they count as 0 bytes here. The run itself
  // asks the store how large they are, and begins none that does not fit.
  std::int64_t unknown_size() const { return unknown_; }
  // The same images with their whole sizes: progress counts the bytes that a checkpoint holds as
  // read at once.
  QueueTotals whole() const { return {used_.images, whole_bytes_}; }

 private:
  const ReadOptions& options_;
  QueueTotals used_;
  std::int64_t whole_bytes_ = 0;
  std::int64_t unknown_ = 0;
};

// True if a read that the end of the time breaks off can be continued by a later run, and `in_time`
// bytes are enough to be worth a checkpoint.
bool is_worth_a_part(const DigestAlgorithm& algorithm, std::int64_t in_time,
                     const ReadOptions& options);

// True if a read of `size` bytes cannot end in time. Always false if images were named: these are
// begun in any case.
bool too_late(std::int64_t size, const ReadContext& context, const ReadOptions& options);

// The pipeline's second stage, before the verdict. Reads an image that has no outcome yet, or puts
// it back if the time left is too short, even for a part of it. The calling thread passes
// checkpoints to `keep`, if there is one. Thread-safe.
void read_in_time(Work& work, DigestWorkers& workers, ReadContext& context,
                  const ReadOptions& options, std::function<void(const Checkpoint&)> keep = {});

// Call it after the verdict. Verifies the signatures of an image whose bytes agree, if that was
// asked for.
void check_signatures(Work& work, const ReadOptions& options);

// Why a run ended. `claimed` is what its first stage reports.
RunEnd end_of_run(RunEnd claimed, const ReadResult& result, const ReadContext& context);

// The text in backglance_run for this end.
std::string run_outcome(RunEnd end);

}  // namespace backglance
