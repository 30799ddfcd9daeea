// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "read/checkpoint_interval.h"
#include "read/pace/stream_limit.h"
#include "signature/certificate_source.h"
#include "signature/trust.h"
#include "sql/images.h"
#include "store/stores.h"

namespace backglance {

// What a run that reads images is told: backfill and verify.
struct ReadOptions {
  int jobs_or_default() const;
  int streams_or_default() const;
  // Images read at a time from all stores together.
  int readers(const Stores& stores) const;
  // What a thread that reads or digests does first.
  std::function<void()> begin_thread() const;
  StreamLimits::Terms stream_terms(const Stores& stores) const;

  int jobs = 0;                       // cores that digest, as many as there are; 0: all of them
  int streams = 0;                    // images read at a time from each store; 0: `jobs`, or if
                                      // that is 0 up to as many as fill the lanes of all cores
  std::optional<std::int64_t> limit;  // images
  std::optional<std::int64_t>
      max_bytes;  // an image that does not fit into what is left is not begun
  std::optional<std::chrono::seconds>
      max_runtime;                  // then reads under way are broken off and given back, and
                                    // none is begun that cannot end in time but of `images`, and
                                    // such as no run could end: those are read in parts
  std::uint64_t bandwidth = 0;      // bytes per second over all workers; 0: no limit
  std::vector<std::string> images;  // these alone
  bool gives_way = true;            // to all else on the host, for processors and disks
  // Between two checkpoints of one image.
  std::int64_t checkpoint_bytes = kCheckpointInterval;
  bool retry_failed = false;  // backfill: read again what failed before
  // To verify signatures by; null: they are not.
  std::shared_ptr<Certificates> certificates = {};
  // Those that these must lead to; null: chains are not looked at.
  std::shared_ptr<const TrustedCertificates> trusted = {};
  bool signed_only = false;  // verify: images with signatures, whether they have a hash or not
  WithSignatures with_signatures() const {
    return certificates ? WithSignatures::yes : WithSignatures::no;
  }
};

}  // namespace backglance
