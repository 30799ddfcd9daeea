// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/boot_clock.h"
#include "digest/algorithm.h"
#include "digest/digest_stream.h"
#include "glance/site.h"
#include "ledger/items.h"
#include "read/held_images.h"
#include "read/pace/bandwidth.h"
#include "read/pace/pause_gate.h"
#include "read/pace/read_pace.h"
#include "read/pace/stream_limit.h"
#include "read/read_result.h"
#include "read/resume.h"
#include "signature/check.h"
#include "sql/images.h"
#include "store/source.h"

namespace backglance {

// What a progress display and a heartbeat read while workers count. Any thread.
struct ReadCounters {
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> bytes_skipped{0};  // expected bytes that turned out not to be read
  std::atomic<std::uint64_t> images_settled{0};
  std::atomic<std::uint64_t> findings{0};
  std::atomic<std::uint64_t> images_total{0};
  std::atomic<std::uint64_t> bytes_total{0};

  // Counts an image that was settled with fewer bytes read than were expected.
  void skip(std::int64_t expected, std::int64_t read) {
    if (expected > read)
      bytes_skipped.fetch_add(static_cast<std::uint64_t>(expected - read),
                              std::memory_order_relaxed);
  }
};

// What all readers of a run share. Any thread, once made.
class ReadContext {
 public:
  // Throws Error{usage} if site.hashing_algorithm is none that can be computed, and Error{io} if
  // the site has file stores and not one of their directories can be opened: a mount that is gone
  // is not a site without images.
  ReadContext(const Site& site, std::uint64_t bandwidth_bytes_per_second,
              std::optional<std::chrono::seconds> max_runtime);

  // True once the run is to end: a signal, a stop of the fleet, the end of --max-runtime, or
  // has_lost_leases().
  bool should_stop() const;
  // Why, once it is true. A wish counts for more than the end of the time.
  RunEnd why_stopped() const;
  void abandon() { abandoned_.store(true); }
  // The leases are good until then, if this is not called again.
  void read_until(BootClock::time_point end) { end_of_leases_.store(end); }
  // They were lost: abandon() was called, or that moment has passed. Each reader sees the latter by
  // itself: of a host that was suspended the heartbeat may be the last to wake, or hang.
  bool has_lost_leases() const;

  // Waits while something holds the run up, and says whether it is to go on then: false once
  // should_stop(). To be asked before each image and each chunk.
  bool may_go_on();
  PauseGate& pause_gate() { return pause_gate_; }
  // What the run waits for now, on one line; empty while it does not wait.
  std::string waiting_for() const { return pause_gate_.waiting_for(); }
  // Called by each thread that begins to wait in may_go_on(), so that what was read is published
  // before a wait of hours. Set while no thread is in there; empty: nothing.
  void before_waiting(std::function<void()> settle) { before_waiting_ = std::move(settle); }

  // What a person should know now, on one line: by any thread. Set while no other is in here.
  void warn_by(std::function<void(const std::string&)> warn) { warn_ = std::move(warn); }
  void warn(const std::string& text) const {
    if (warn_)
      warn_(text);
  }

  SourceOpener* opener_for(const std::string& scheme) const;
  // True if a store says that nothing at all is in `place` (SourceOpener::is_empty). False for an
  // empty `place`: that stands for a location outside every store directory.
  bool is_empty(const std::string& place) const;
  // Store directories that cannot be opened now.
  const std::vector<std::string>& unavailable_directories() const { return unavailable_; }

  // Before the first read, if at all.
  void limit_streams(const StreamLimits::Terms& terms) { stream_limits_.emplace(terms); }
  StreamLimits::Admission admit();
  // Images that are read at a time now, of those that there are to read.
  std::int64_t streams();
  StreamLimits::Stream take_stream(const std::string& place) {
    return stream_limits_ ? stream_limits_->take(place, [this] { return should_stop(); })
                          : StreamLimits::Stream();
  }

  const std::string& encryption_key() const { return encryption_key_; }
  const DigestAlgorithm& site_algorithm() const { return *site_algorithm_; }
  Bandwidth& bandwidth() { return bandwidth_; }
  ReadPace& pace() { return pace_; }
  const ReadPace& pace() const { return pace_; }
  ReadCounters& counters() { return counters_; }
  HeldImages& held() { return held_; }

 private:
  std::vector<std::unique_ptr<SourceOpener>> openers_;
  std::vector<std::string> unavailable_;
  std::string encryption_key_;
  const DigestAlgorithm* site_algorithm_;
  Bandwidth bandwidth_;
  std::optional<StreamLimits> stream_limits_;
  PauseGate pause_gate_;
  std::function<void()> before_waiting_;
  std::function<void(const std::string&)> warn_;
  ReadPace pace_;
  std::atomic<bool> abandoned_{false};
  std::atomic<BootClock::time_point> end_of_leases_{BootClock::time_point::max()};
  ReadCounters counters_;
  HeldImages held_;
};

// An image and the locations to try, as they were in the database when it was claimed.
struct ReadTask {
  ImageRow image;
  std::vector<LocationRow> locations;
  ToVerify signatures = {};
  SignatureProperties signed_with = {};  // what these come from
};

// The algorithm that the image's os_hash_value is or is to be of: its own if it names one, else the
// site's. Null if its own cannot be computed.
const DigestAlgorithm* algorithm_of(const ImageRow& image, const ReadContext& context);

// Reads the image's bytes once, from the first location that can be read. MD5, `algorithm` and the
// digest that a signature needs are computed in the same pass. The calling thread reads, and
// `workers` digest.
//
// The outcome is not judged yet. Its class is `hashed` if the bytes were read. Otherwise it is the
// worst failure among the locations, and the reason names each location by its id. Returns nothing
// if the run must end before the last byte, or after resumption.refused(). If resumption.from fits,
// only the bytes after it are read, but the outcome is that of all bytes.
std::optional<ReadOutcome> read_once(const ReadTask& task, const DigestAlgorithm& algorithm,
                                     DigestWorkers& workers, ReadContext& context,
                                     const Resumption& resumption = {});

// True if some location of the image can be opened for reading now. Reads nothing.
bool is_readable(const std::vector<LocationRow>& locations, const ReadContext& context);

// A row of image_locations, deciphered, and who opens it.
struct FoundLocation {
  Location location;
  SourceOpener* opener = nullptr;

  std::string place() const { return opener->place_of(location); }
  // Now, for reading.
  bool opens() const {
    return std::holds_alternative<std::unique_ptr<Source>>(opener->open(location));
  }
};
// Why it cannot be read: it is no URI, or in a store that is not supported.
std::variant<FoundLocation, ReadFailure> find_location(const std::string& value,
                                                       const ReadContext& context);

}  // namespace backglance
