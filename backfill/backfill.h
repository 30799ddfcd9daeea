#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/read_class.h"
#include "glance/site.h"
#include "read/reader.h"
#include "signature/trust.h"

namespace backglance {

// The backfill: claim -> read once -> digests -> verdict -> publish. docs/backfill.md walks one
// image through it.

struct ReadOptions {
  int jobs_or_default() const;
  int streams_or_default() const;
  // Images read at a time from all stores together.
  int readers(const Site& site) const;
  // What a thread that reads or digests does first.
  std::function<void()> begin_thread() const;
  StreamLimits::Terms stream_terms(const Site& site) const;

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
  std::int64_t checkpoint_bytes = std::int64_t{4} << 30;
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

struct ClassTotal {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
};

struct ReadResult {
  RunEnd end = RunEnd::complete;
  std::array<ClassTotal, 15> classes = {};  // by ReadClass
  std::int64_t queued = 0;                  // newly, by this run
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
  ClassTotal& total(ReadClass read_class) { return classes[static_cast<std::size_t>(read_class)]; }
  const ClassTotal& total(ReadClass read_class) const {
    return classes[static_cast<std::size_t>(read_class)];
  }
};

// Called once per settled image, by one thread at a time.
using OnResult = std::function<void(const std::string& image_id, const ReadOutcome& outcome)>;

// Sweeps, queues what is new, reads and publishes until nothing is due, a limit is met or the run
// is told to end, and sweeps again. Opens sessions of its own: one to claim, one to publish, one
// for the heartbeat. One bad image never ends the run; that none can be opened does, for it tells
// of the host. After a signal, or a stop of the fleet, what was read is published, the rest
// released, and the end is `interrupted` or `stopped`. While the fleet is paused nothing is read.
// Throws Error{schema_state} before expand, Error{usage} for an unknown --image, Error{io} if no
// store directory is there, and what the database throws.
ReadResult backfill(const Site& site, ReadContext& context, const ReadOptions& options,
                    const OnResult& on_result);

// Only the sweep: published hashes that a whole-row save of Glance has erased are put back from the
// ledger, without reading an image, where location, size, checksum and the object's identity are
// those that were read. Where they are not, the image is queued to be read again.
ReadResult sweep(const Site& site, ReadContext& context, const OnResult& on_result);

// Reads live images again, largest first, and compares with os_hash_value, or with checksum where
// that is all there is. Changes nothing but backglance_verify, and backglance_signature where it
// has certificates, and those only if the ledger is there.
ReadResult verify(const Site& site, ReadContext& context, const ReadOptions& options,
                  const OnResult& on_result);

// What backfill would read now, counted without a write.
struct BackfillPlan {
  std::int64_t images = 0;
  std::int64_t bytes = 0;
  std::int64_t failed = 0;  // of earlier runs, that only --retry-failed reads again
  std::int64_t erased = 0;  // that the sweep would put back
};
// What verify would read. Throws Error{usage} for an unknown --image.
QueueTotals plan_verify(Session& session, const ReadOptions& options);

BackfillPlan plan_backfill(const Site& site, const ReadOptions& options);

}  // namespace backglance
