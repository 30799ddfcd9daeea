// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/image_result.h"
#include "ledger/read_outcome.h"
#include "sql/images.h"

namespace backglance {

// Why a run ended.
enum class RunEnd { complete, limit, out_of_time, interrupted, stopped };

struct ClassTotal {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
};

struct ReadResult {
  RunEnd end = RunEnd::complete;
  std::array<ClassTotal, kResults.size()> classes = {};  // by ImageResult
  std::int64_t queued = 0;                               // newly, by this run
  std::int64_t bytes_read = 0;
  std::int64_t again = 0;  // images with a class of findings that are tried again by themselves
  std::int64_t left_images = 0;  // of the queue, after the run; of verify, not compared
  std::int64_t left_bytes = 0;
  std::int64_t broken_off = 0;  // images whose read was ended before the last byte
  std::int64_t put_back = 0;    // images that were claimed and not begun
  std::int64_t failed_before =
      0;                         // images that failed in earlier runs and were not read in this one
  std::int64_t lost_leases = 0;  // images that another run took over
  std::int64_t held_by_others = 0;  // of those named, images that another run was reading
  std::string waited_for;           // when it ended; empty if it did not wait
  // What a whole --max-runtime is too short for, at the pace at which images were read.
  std::int64_t too_large = 0;
  bool in_parts = false;              // one run after the other reads a part of it
  std::optional<SizedImage> largest;  // of these
  // Images by SignatureVerdict.
  using Verdicts = std::array<std::int64_t, kSignatureVerdicts>;
  Verdicts signatures = {};         // img_signature
  Verdicts legacy_signatures = {};  // over the MD5
  std::int64_t trusted_chains = 0;  // of the certificates of img_signature
  std::int64_t untrusted_chains = 0;

  // Of images or of their signatures.
  bool has_findings() const;
  std::int64_t findings() const;  // images
  // An image that is settled.
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
