// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/image_result.h"
#include "ledger/read_outcome.h"
#include "sql/images.h"

namespace backglance {

// Why a run ended: nothing more is due; --limit or --max-bytes; --max-runtime; a signal or lost
// leases; an order to stop.
enum class RunEnd { complete, limit, out_of_time, interrupted, stopped };

// Images with one result, and the bytes that were read of them.
struct ClassTotal {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
};

// What a run of backfill or verify did. Counts are images, sizes are bytes.
struct ReadResult {
  RunEnd end = RunEnd::complete;
  std::array<ClassTotal, kResults.size()> classes = {};  // indexed by ImageResult
  std::int64_t queued = 0;  // images that this run has added to the queue
  std::int64_t bytes_read = 0;
  std::int64_t again = 0;        // images whose result is a finding but that are tried again
  std::int64_t left_images = 0;  // backfill: still queued after the run; verify: not compared
  std::int64_t left_bytes = 0;
  std::int64_t broken_off = 0;   // images whose read ended before the last byte
  std::int64_t put_back = 0;     // images that were claimed and not begun
  std::int64_t over_budget = 0;  // the part of them that --max-bytes does not permit to read
  // Images that failed in earlier runs and were not read in this one.
  std::int64_t failed_before = 0;
  std::int64_t lost_leases = 0;  // images that another run took over
  // Images given by --image that another run was reading; nothing is known of them.
  std::vector<std::string> held_by_others = {};
  std::int64_t forgotten = 0;  // images of which --forget has discarded what the ledger held
  std::string waited_for;      // what the run waited for when it ended; empty if it did not wait
  // Images that are too large for a whole --max-runtime, at the speed of this run.
  std::int64_t too_large = 0;
  bool in_parts = false;              // such an image is read in parts, over several runs
  std::optional<SizedImage> largest;  // the largest of these images
  // Number of images, indexed by SignatureVerdict.
  using Verdicts = std::array<std::int64_t, kSignatureVerdicts>;
  Verdicts signatures = {};         // img_signature
  Verdicts legacy_signatures = {};  // signatures over the MD5
  std::int64_t trusted_chains = 0;  // certificates of img_signature that lead to a trusted one
  std::int64_t untrusted_chains = 0;

  // True if an image or a signature is a finding.
  bool has_findings() const;
  std::int64_t findings() const;  // images that are findings and are not tried again
  // Adds one settled image to the counts.
  void count(const ReadOutcome& outcome);
  ClassTotal& total(ImageResult image_result) {
    return classes[static_cast<std::size_t>(image_result)];
  }
  const ClassTotal& total(ImageResult image_result) const {
    return classes[static_cast<std::size_t>(image_result)];
  }
};

// Called once per settled image, by one thread at a time.
using OnResult = std::function<void(const std::string& image_id, const ReadOutcome& outcome)>;

}  // namespace backglance
