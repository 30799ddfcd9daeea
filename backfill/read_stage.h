#pragma once

#include <string>

#include "backfill/backfill.h"
#include "backfill/pipeline.h"

namespace backglance {

// What backfill and verify share of a run that named images or limits shape.

// An image that was named on the command line. Throws Error{usage} if there is none.
ImageRow named_image(Session& session, const std::string& image_id);

// Cuts what there is to read down to --limit and --max-bytes.
void keep_limits(const ReadOptions& options, std::int64_t& images, std::int64_t& bytes);

// True if a read of that many bytes cannot end in time any more. Images that were named are begun
// all the same.
bool too_late(std::int64_t size, const ReadContext& context, const ReadOptions& options);

// The pipeline's second stage, before the verdict: reads an image that has no outcome yet, or puts
// it back if its turn came too late. Checkpoints go to `keep`, if there is one, by the calling
// thread. Any number of threads.
void read_in_time(Work& work, DigestWorkers& workers, ReadContext& context,
                  const ReadOptions& options, std::function<void(const Checkpoint&)> keep = {});

// After the verdict: verifies the signatures of an image that agreed, if that was asked for.
void check_signatures(Work& work, const ReadOptions& options);

// Why a run ended, of which its first stage says `claimed`.
RunEnd end_of_run(RunEnd claimed, const ReadResult& result, const ReadContext& context);

// What backglance_run says of such an end.
std::string run_outcome(RunEnd end);

}  // namespace backglance
