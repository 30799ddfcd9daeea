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

// The options of a run that reads images: backfill or verify.
struct ReadOptions {
  int jobs_or_default() const;
  int streams_or_default() const;
  // How many images are read at the same time from all stores together.
  int readers(const Stores& stores) const;
  // What each thread that reads or digests calls first; empty: nothing.
  std::function<void()> begin_thread() const;
  // `stores` must live longer than the result.
  StreamLimits::Terms stream_terms(const Stores& stores) const;

  int jobs = 0;  // cores that digest; 0, or more than there are: all
  // Images read at the same time from each store. 0: the number in `jobs`; if that is 0 too, the
  // program finds the best number, up to the one that fills the lanes of all cores.
  int streams = 0;
  std::optional<std::int64_t> limit;  // the most images to read
  // The most bytes to read. An image that is larger than the rest of them is not begun.
  std::optional<std::int64_t> max_bytes;
  // After this time, reads under way are broken off and given back. A read that cannot end in time
  // is not begun, with two exceptions: images in `images`, and images that are too large for any
  // run, which are read in parts.
  std::optional<std::chrono::seconds> max_runtime;
  std::uint64_t bandwidth = 0;      // bytes per second, all readers together; 0: no limit
  std::vector<std::string> images;  // if not empty: read only these ids
  bool gives_way = true;            // other programs on the host come first, for cores and disks
  // Bytes between two checkpoints of one image.
  std::int64_t checkpoint_bytes = kCheckpointInterval;
  bool retry_failed = false;  // backfill: read again what failed before
  bool forget = false;        // backfill: forget what the ledger holds of `images` before the read
  // Certificates to verify signatures with; null: signatures are not verified.
  std::shared_ptr<Certificates> certificates = {};
  // The trusted certificates to which a chain must lead; null: chains are not checked.
  std::shared_ptr<const TrustedCertificates> trusted = {};
  // verify: only images whose bytes were last compared this long ago or earlier, or never.
  std::optional<std::chrono::seconds> older_than = {};
  bool signed_only = false;  // verify: only images with signatures, with or without a hash
  WithSignatures with_signatures() const {
    return certificates ? WithSignatures::yes : WithSignatures::no;
  }
};

}  // namespace backglance
