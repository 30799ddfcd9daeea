// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "digest/digest_stream.h"
#include "ledger/checkpoints.h"
#include "read/checkpoint_interval.h"
#include "store/source.h"

namespace backglance {

// Reads that are broken off and gone on with: every so often what the digests are by then, how many
// bytes they have had and which object that was goes to the ledger.

// How much of the end of what was read is checked again. A buffer holds more.
inline constexpr std::size_t kTailBytes = 64 << 10;

// Between the names in Checkpoint::algorithm, and between the states in digest_state.
inline constexpr char kBetweenStates = '+';

// What goes into Checkpoint::tail_digest.
std::string tail_digest(std::span<const std::byte> tail);

// Puts a source that was just opened, and digests that have had nothing yet, where the checkpoint
// was taken: if the object is the same (inode, length, mtime and ctime; the number of the device is
// each host's own) and the last kTailBytes before that place are the same bytes. False: it is not,
// or the checkpoint is none of these digests. Then neither is to be used any more.
bool resume(const Checkpoint& from, Source& source, DigestStream& digests);

// How a read is to be made able to go on later.
struct Resumption {
  const Checkpoint* from = nullptr;                  // of an earlier run; null: none
  std::function<void(const Checkpoint&)> keep = {};  // by the reading thread; empty: none are taken
  std::int64_t every_bytes = kCheckpointInterval;
  std::chrono::steady_clock::duration every{std::chrono::seconds(30)};
  // Called where `from` does not fit the location that it is of, or that one is gone from Glance,
  // and the read ends; empty: it begins anew. Where that location cannot be read any more, another
  // is, whole.
  std::function<void()> refused = {};
};

// Takes the checkpoints of one read. One thread at a time.
class CheckpointTaker {
 public:
  // `about` says which image, location, object and algorithm; `resumption` outlives this.
  CheckpointTaker(const Resumption& resumption, Checkpoint about);

  // After each hand-over: `digests` have had `offset` bytes, of which `last` are the end. Takes one
  // if it is time to.
  void passed(std::span<const std::byte> last, std::int64_t offset, DigestStream& digests);
  // The read is broken off here. `last` of passed() is still what it was.
  void broken_off(DigestStream& digests);

 private:
  using Clock = std::chrono::steady_clock;

  void take(DigestStream& digests);

  const Resumption& resumption_;
  Checkpoint next_;
  std::span<const std::byte> last_;
  std::int64_t taken_at_bytes_;
  Clock::time_point taken_at_ = Clock::now();
};

}  // namespace backglance
