// SPDX-License-Identifier: Apache-2.0
// Shared by the lane kernels: vectors with one word per stream, loaded from blocks anywhere in
// memory.
#if defined(BACKGLANCE_LANES_VECTOR_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef BACKGLANCE_LANES_VECTOR_INL_H
#undef BACKGLANCE_LANES_VECTOR_INL_H
#else
#define BACKGLANCE_LANES_VECTOR_INL_H
#endif

#include <hwy/cache_control.h>
#include <hwy/highway.h>

#include <array>

#include "digest/lanes.h"

HWY_BEFORE_NAMESPACE();
namespace backglance::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// The widest vector of fixed size. Scalable sets (SVE, RVV) are used 16 bytes at a time.
template <typename Word>
#if HWY_HAVE_SCALABLE || HWY_TARGET == HWY_SCALAR
using Tag = hn::FixedTag<Word, 16 / sizeof(Word)>;
#else
using Tag = hn::ScalableTag<Word>;
#endif

template <typename Word>
inline constexpr std::size_t kVectorLanes = hn::MaxLanes(Tag<Word>());

// The 16 bytes at `offset` of the streams i, i + stride, ... for i = `first`: one stream for each
// 16 bytes of the vector.
template <class D>
HWY_INLINE hn::VFromD<D> load_pieces(D d, const Lane* lanes, std::size_t stride,
                                     std::size_t offset) {
  if constexpr (hn::MaxLanes(d) * sizeof(hn::TFromD<D>) == 16) {
    return hn::BitCast(d, hn::LoadU(hn::Repartition<std::uint8_t, D>(),
                                    reinterpret_cast<const std::uint8_t*>(lanes->data) + offset));
  } else {
    const hn::Half<D> half;
    constexpr std::size_t kPieces = hn::MaxLanes(half) * sizeof(hn::TFromD<D>) / 16;
    return hn::Combine(d, load_pieces(half, lanes + kPieces * stride, stride, offset),
                       load_pieces(half, lanes, stride, offset));
  }
}

template <class D, class V = hn::VFromD<D>>
HWY_INLINE V swap_bytes(D d, V v) {
  const hn::Repartition<std::uint8_t, D> bytes;
  alignas(16) static constexpr std::uint8_t kOrder32[16] = {3,  2,  1, 0, 7,  6,  5,  4,
                                                            11, 10, 9, 8, 15, 14, 13, 12};
  alignas(16) static constexpr std::uint8_t kOrder64[16] = {7,  6,  5,  4,  3,  2,  1, 0,
                                                            15, 14, 13, 12, 11, 10, 9, 8};
  const auto order = hn::LoadDup128(bytes, sizeof(hn::TFromD<D>) == 4 ? kOrder32 : kOrder64);
  return hn::BitCast(d, hn::TableLookupBytes(hn::BitCast(bytes, v), order));
}

template <class D, class V = hn::VFromD<D>>
HWY_INLINE V rotate_right_by_byte(D d, V v) {
  const hn::Repartition<std::uint8_t, D> bytes;
  alignas(16) static constexpr std::uint8_t kOrder[16] = {1, 2,  3,  4,  5,  6,  7,  0,
                                                          9, 10, 11, 12, 13, 14, 15, 8};
  return hn::BitCast(d, hn::TableLookupBytes(hn::BitCast(bytes, v), hn::LoadDup128(bytes, kOrder)));
}

// Words 4 * group to 4 * group + 3 of each stream's block: one vector per word.
template <class D, class V = hn::VFromD<D>>
HWY_INLINE void load_words32(D d, const Lane* lanes, std::size_t offset, V* HWY_RESTRICT words) {
  const hn::Repartition<std::uint64_t, D> d64;
  const V v0 = load_pieces(d, lanes + 0, 4, offset);
  const V v1 = load_pieces(d, lanes + 1, 4, offset);
  const V v2 = load_pieces(d, lanes + 2, 4, offset);
  const V v3 = load_pieces(d, lanes + 3, 4, offset);
  const auto low01 = hn::BitCast(d64, hn::InterleaveLower(d, v0, v1));
  const auto low23 = hn::BitCast(d64, hn::InterleaveLower(d, v2, v3));
  const auto high01 = hn::BitCast(d64, hn::InterleaveUpper(d, v0, v1));
  const auto high23 = hn::BitCast(d64, hn::InterleaveUpper(d, v2, v3));
  words[0] = hn::BitCast(d, hn::InterleaveLower(d64, low01, low23));
  words[1] = hn::BitCast(d, hn::InterleaveUpper(d64, low01, low23));
  words[2] = hn::BitCast(d, hn::InterleaveLower(d64, high01, high23));
  words[3] = hn::BitCast(d, hn::InterleaveUpper(d64, high01, high23));
}

// The same for two words of 64 bits.
template <class D, class V = hn::VFromD<D>>
HWY_INLINE void load_words64(D d, const Lane* lanes, std::size_t offset, V* HWY_RESTRICT words) {
  const V v0 = load_pieces(d, lanes + 0, 2, offset);
  const V v1 = load_pieces(d, lanes + 1, 2, offset);
  words[0] = hn::InterleaveLower(d, v0, v1);
  words[1] = hn::InterleaveUpper(d, v0, v1);
}

// Moves to the next block, and prefetches memory that is needed a little later. The processor does
// not guess it for so many streams, and each is in memory that another core has written.
template <std::size_t kLanes>
HWY_INLINE void go_on(std::array<Lane, kLanes>& lanes, std::size_t block_bytes) {
  constexpr std::size_t kLine = 64;
  constexpr std::size_t kAhead = 16 * kLine;
  for (Lane& lane : lanes) {
    for (std::size_t line = 0; line < block_bytes; line += kLine)
      hwy::Prefetch(lane.data + kAhead + line);
    lane.data += block_bytes;
  }
}

// Loads the chaining values of a vector's streams, one vector per word, and stores them again.
template <class D, std::size_t kWords, class V = hn::VFromD<D>>
HWY_INLINE void load_values(D d, const Lane* lanes, V (&value)[kWords]) {
  using Word = hn::TFromD<D>;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  HWY_ALIGN Word words[kLanes];
  for (std::size_t word = 0; word < kWords; ++word) {
    for (std::size_t i = 0; i < kLanes; ++i)
      words[i] = static_cast<Word>((*lanes[i].value)[word]);
    value[word] = hn::Load(d, words);
  }
}

template <class D, std::size_t kWords, class V = hn::VFromD<D>>
HWY_INLINE void store_values(D d, const Lane* lanes, const V (&value)[kWords]) {
  using Word = hn::TFromD<D>;
  constexpr std::size_t kLanes = hn::MaxLanes(d);
  HWY_ALIGN Word words[kLanes];
  for (std::size_t word = 0; word < kWords; ++word) {
    hn::Store(value[word], d, words);
    for (std::size_t i = 0; i < kLanes; ++i)
      (*lanes[i].value)[word] = words[i];
  }
}

}  // namespace backglance::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
