// SPDX-License-Identifier: Apache-2.0
#include "read/read_context.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/text.h"

namespace backglance {

const DigestAlgorithm& required_algorithm(const Site& site) {
  const DigestAlgorithm* algorithm = find_digest_algorithm(site.hashing_algorithm);
  if (algorithm == nullptr)
    throw Error(
        ErrorKind::usage,
        fmt::format("hashing_algorithm = {}: not a digest of Python's hashlib with a fixed length "
                    "of at most 512 bits",
                    printable(site.hashing_algorithm)));
  return *algorithm;
}

ReadContext::ReadContext(const Site& site, std::uint64_t bandwidth_bytes_per_second,
                         std::optional<std::chrono::seconds> max_runtime)
    : site_algorithm(required_algorithm(site)),
      stores(site),
      order(site),
      bandwidth(bandwidth_bytes_per_second),
      pace(bandwidth_bytes_per_second, max_runtime) {
  stores.hooks() = {.should_stop = [this] { return control.should_stop(); },
                    .waiting = [this](const StoreWait& wait) { store_waits.begin(wait); },
                    .waited = [this](const StoreWait& wait) { store_waits.end(wait); },
                    .dropped =
                        [this](std::uint64_t bytes) {
                          counters.bytes_read.fetch_add(bytes, std::memory_order_relaxed);
                          bandwidth.take(bytes, [this] { return control.should_stop(); });
                        }};
}

}  // namespace backglance
