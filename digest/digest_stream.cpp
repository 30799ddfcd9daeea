// SPDX-License-Identifier: Apache-2.0
#include "digest/digest_stream.h"

#include <algorithm>

#include "digest/digest_engine.h"
#include "digest/digest_scheduler.h"

namespace backglance {
namespace {

// Less than this the reader digests itself if no worker has anything of the stream: to wake one
// takes about as long.
constexpr std::size_t kSmall = 32 << 10;

void update(DigestPart& part, std::span<const std::byte> bytes) {
  if (part.block)
    part.block->update(bytes);
  else
    part.single->update(bytes);
}

}  // namespace

DigestWorkers::DigestWorkers(int workers, std::size_t streams, std::function<void()> begin)
    : scheduler_(std::make_unique<DigestScheduler>(workers, streams, std::move(begin))) {}

DigestWorkers::~DigestWorkers() = default;

DigestStream::DigestStream(DigestWorkers& workers,
                           const std::vector<const DigestAlgorithm*>& algorithms,
                           std::uint64_t bytes)
    : scheduler_(*workers.scheduler_), state_(std::make_unique<StreamDigests>()) {
  std::vector<const DigestAlgorithm*> distinct;
  for (const DigestAlgorithm* algorithm : algorithms) {
    const auto found = std::find(distinct.begin(), distinct.end(), algorithm);
    state_->part_of.push_back(static_cast<std::size_t>(found - distinct.begin()));
    if (found != distinct.end())
      continue;
    distinct.push_back(algorithm);
    DigestPart& part = state_->parts.emplace_back();
    part.stream = state_.get();
    part.to_come = bytes;
    if (uses_blocks(*algorithm))
      part.block.emplace(*algorithm);
    else
      part.single.emplace(std::vector<const DigestAlgorithm*>{algorithm});
  }
  // Last: without an object there is no destructor to give them back, if an algorithm is missing.
  state_->buffers = &scheduler_.take_buffers();
}

DigestStream::~DigestStream() {
  scheduler_.wait_until_done(*state_);
  // Only now: a worker must not read what the next stream fills.
  scheduler_.give_back(*state_->buffers);
}

std::span<std::byte> DigestStream::buffer() {
  scheduler_.wait_for_buffer(*state_);
  return {state_->buffer(state_->filled), DigestWorkers::kBufferBytes};
}

void DigestStream::hand_over(std::size_t size) {
  // An idle stream belongs to this thread: nobody else gives its parts to a worker. The buffer is
  // not counted as filled, so the next read takes the same one.
  if (size < kSmall && scheduler_.is_idle(*state_)) {
    for (DigestPart& part : state_->parts)
      update(part, buffer().first(size));
    return;
  }
  scheduler_.hand_over(*state_, size);
}

std::optional<std::vector<std::string>> DigestStream::save() {
  scheduler_.wait_until_done(*state_);
  std::vector<std::string> states;
  // All or nothing: a read cannot go on with some of its digests.
  for (const std::size_t part : state_->part_of) {
    const auto& block = state_->parts[part].block;
    auto state = block ? block->save() : std::nullopt;
    if (!state)
      return std::nullopt;
    states.push_back(std::move(*state));
  }
  return states;
}

bool DigestStream::restore(const std::vector<std::string>& states, std::uint64_t bytes) {
  if (states.size() != state_->part_of.size())
    return false;
  for (std::size_t i = 0; i < states.size(); ++i) {
    auto& block = state_->parts[state_->part_of[i]].block;
    if (!block || !block->restore(states[i], bytes))
      return false;
  }
  for (DigestPart& part : state_->parts)
    // The scheduler serves first who has the most to come.
    part.to_come -= std::min(part.to_come, bytes);
  return true;
}

std::vector<std::string> DigestStream::finish() {
  scheduler_.wait_until_done(*state_);
  std::vector<std::string> values;
  for (DigestPart& part : state_->parts) {
    // A failure ends here, with the image that it belongs to.
    if (part.failure)
      std::rethrow_exception(part.failure);
    values.push_back(part.block ? part.block->finish() : part.single->finish().front());
  }
  std::vector<std::string> in_order;
  for (const std::size_t part : state_->part_of)
    in_order.push_back(values[part]);
  return in_order;
}

}  // namespace backglance
