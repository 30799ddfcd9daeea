// SPDX-License-Identifier: Apache-2.0
#include "digest/lockstep.h"

#include <algorithm>

namespace backglance {

void Lockstep::add(const BlockUpdate& update) {
  Stream stream{update.digest, update.digest->begin(update.bytes), 0};
  stream.blocks = stream.pieces.blocks + (stream.pieces.held_block ? 1 : 0);
  streams_.push_back(stream);
}

void Lockstep::run() {
  // The longest first, so that few are left over at the end.
  std::stable_sort(streams_.begin(), streams_.end(),
                   [](const Stream& a, const Stream& b) { return a.blocks > b.blocks; });
  std::vector<Stream*> active;
  auto next = streams_.begin();
  for (;;) {
    // A stream that has ended leaves its lane to the next one.
    std::erase_if(active, [](const Stream* stream) { return stream->blocks == 0; });
    while (active.size() < use_.lanes && next != streams_.end() && next->blocks > 0)
      active.push_back(&*next++);
    // With so few streams left, lanes are slower than one after the other.
    if (active.empty() || active.size() < use_.pays)
      break;
    step(active);
  }
  for (Stream* stream : active)
    alone(*stream);
  for (; next != streams_.end(); ++next)
    alone(*next);
  // Also those without a whole block: their bytes are held until more come.
  for (Stream& stream : streams_)
    stream.digest->end(stream.pieces);
}

// Where the stream's next blocks lie, and how many of them in a row.
std::pair<const std::byte*, std::size_t> Lockstep::front(const Stream& stream) {
  if (stream.pieces.held_block)
    return {stream.digest->rest_.data(), 1};
  return {stream.pieces.data, stream.pieces.blocks};
}

void Lockstep::advance(Stream& stream, std::size_t blocks) const {
  stream.blocks -= blocks;
  if (stream.pieces.held_block) {
    stream.pieces.held_block = false;
    return;
  }
  stream.pieces.data += blocks * block_bytes(hash_);
  stream.pieces.blocks -= blocks;
}

// As many blocks as every active stream has in a row; then one of them has ended, or its held block
// is done and its next bytes lie elsewhere.
void Lockstep::step(const std::vector<Stream*>& active) const {
  std::vector<Lane> lanes;
  lanes.reserve(active.size());
  std::size_t blocks = front(*active[0]).second;
  for (const Stream* stream : active) {
    const auto [data, in_row] = front(*stream);
    lanes.push_back({&stream->digest->value_, data});
    blocks = std::min(blocks, in_row);
  }
  compress_(hash_, lanes, blocks);
  for (Stream* stream : active)
    advance(*stream, blocks);
}

void Lockstep::alone(Stream& stream) const {
  while (stream.blocks > 0) {
    const auto [data, in_row] = front(stream);
    compress_one(hash_, {&stream.digest->value_, data}, in_row);
    advance(stream, in_row);
  }
}

}  // namespace backglance
