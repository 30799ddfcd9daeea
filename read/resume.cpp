// SPDX-License-Identifier: Apache-2.0
#include "read/resume.h"

#include <algorithm>

#include "base/text.h"
#include "digest/digest_set.h"

namespace backglance {
namespace {

// In the order of the algorithms in read_once(): MD5 first.
std::vector<std::string> states_of(const Checkpoint& from) {
  std::vector<std::string> states = split(from.digest_state, kBetweenStates);
  states.insert(states.begin(), from.md5_state);
  return states;
}

}  // namespace

std::string tail_digest(std::span<const std::byte> tail) {
  DigestSet digest({find_digest_algorithm("sha256")});
  digest.update(tail);
  return digest.finish().front();
}

std::variant<bool, ReadFailure> resume(const Checkpoint& from, Source& source,
                                       DigestStream& digests) {
  const auto identity = source.identity_when_opened();
  const auto tail_start = from.offset - static_cast<std::int64_t>(kTailBytes);
  if (!identity || !is_same_object(*identity, from.identity) || tail_start < 0 ||
      !source.skip_to(static_cast<std::uint64_t>(tail_start)))
    return false;
  // The buffer is free: nothing was handed over yet.
  const auto tail = digests.buffer().first(kTailBytes);
  const auto got = source.read(tail);
  // A store that is away says nothing against the checkpoint.
  if (const auto* const failure = std::get_if<ReadFailure>(&got);
      failure != nullptr && failure->kind != FailureKind::image)
    return *failure;
  const auto* bytes = std::get_if<std::size_t>(&got);
  return bytes != nullptr && *bytes == tail.size() && tail_digest(tail) == from.tail_digest &&
         digests.restore(states_of(from), static_cast<std::uint64_t>(from.offset));
}

CheckpointTaker::CheckpointTaker(const Resumption& resumption, Checkpoint about)
    : resumption_(resumption), next_(std::move(about)), taken_at_bytes_(next_.offset) {}

void CheckpointTaker::passed(std::span<const std::byte> last, std::int64_t offset,
                             DigestStream& digests) {
  next_.offset = offset;
  last_ = last;
  if (offset - taken_at_bytes_ >= resumption_.every_bytes ||
      Clock::now() - taken_at_ >= resumption_.every)
    take(digests);
}

void CheckpointTaker::broken_off(DigestStream& digests) {
  // A few bytes are not worth a checkpoint.
  if (next_.offset - taken_at_bytes_ >= std::min(kWorthKeeping, resumption_.every_bytes))
    take(digests);
}

void CheckpointTaker::take(DigestStream& digests) {
  // First, even if nothing is saved below: a checkpoint that cannot be taken is not tried at every
  // buffer.
  taken_at_bytes_ = next_.offset;
  taken_at_ = Clock::now();
  // Without an identity and a whole tail, a later run could not check the object.
  if (!resumption_.keep || next_.identity.empty() || last_.size() < kTailBytes)
    return;
  const auto states = digests.save();
  // No state can be saved: a digest is computed by OpenSSL, or a block is incomplete.
  if (!states)
    return;
  next_.tail_digest = tail_digest(last_.last(kTailBytes));
  next_.md5_state = states->at(0);
  next_.digest_state =
      join({states->begin() + 1, states->end()}, std::string_view(&kBetweenStates, 1));
  resumption_.keep(next_);
}

}  // namespace backglance
