// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "digest/digest_stream.h"
#include "ledger/checkpoints.h"
#include "read/checkpoint_interval.h"
#include "store/source.h"

namespace backglance {

// Reads that are broken off and continued later. From time to time, the state of the digests, the
// number of bytes and the identity of the object go to the ledger.

// Before a read continues, this many bytes before the offset are read and compared again. A buffer
// holds more.
inline constexpr std::size_t kTailBytes = 64 << 10;

// Separates the names in Checkpoint::algorithm, and the states in digest_state.
inline constexpr char kBetweenStates = '+';

// Computes Checkpoint::tail_digest: SHA-256 in hex.
std::string tail_digest(std::span<const std::byte> tail);

// Moves a source that was just opened, and digests that have no data yet, to the checkpoint. This
// needs the same object (inode, length, mtime and ctime; the number of the device differs between
// hosts) and the same last kTailBytes before the offset. False if one of them differs, or if the
// checkpoint is of other digests. After false, neither the source nor the digests may be used. A
// failure that is not of the image says nothing against the checkpoint, and is returned.
std::variant<bool, ReadFailure> resume(const Checkpoint& from, Source& source,
                                       DigestStream& digests);

// How one read takes and uses checkpoints.
struct Resumption {
  const Checkpoint* from = nullptr;  // checkpoint of an earlier run; null: none
  // Called by the reading thread; empty: no checkpoints are taken.
  std::function<void(const Checkpoint&)> keep = {};
  std::int64_t every_bytes = kCheckpointInterval;
  std::chrono::steady_clock::duration every{std::chrono::seconds(30)};
  // At most this many bytes are read, in whole buffers; then the read is broken off, with a
  // checkpoint. Nothing: no limit.
  std::optional<std::int64_t> most_bytes = {};
  // Called if `from` does not fit its location any more, or if the image no longer has that
  // location; the read ends then. If empty, the read begins at the first byte instead. If that
  // location cannot be read at all, another location is read from its first byte.
  std::function<void()> refused = {};
  // Called once the store has said how long the object is: `left` bytes would be read, of `whole`.
  // False: the read is not begun. Not called if the store does not know the length.
  std::function<bool(std::int64_t left, std::int64_t whole)> fits = {};
};

// Takes the checkpoints of one read. One thread at a time.
class CheckpointTaker {
 public:
  // `about` holds the image, location, object and algorithm; `resumption` must live longer than
  // this.
  CheckpointTaker(const Resumption& resumption, Checkpoint about);

  // Call it after each hand-over. `offset` is the number of bytes that `digests` have got, and
  // `last` are the last of these bytes. Takes a checkpoint if it is time.
  void passed(std::span<const std::byte> last, std::int64_t offset, DigestStream& digests);
  // Call it when the read is broken off. `last` of passed() must still be unchanged.
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
