// SPDX-License-Identifier: Apache-2.0
// MD5 (RFC 1321) of several vectors of streams at once. With one vector, each step would wait for
// the step before it, and most of the core's ports would be idle.
#if defined(BACKGLANCE_LANES_MD5_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef BACKGLANCE_LANES_MD5_INL_H
#undef BACKGLANCE_LANES_MD5_INL_H
#else
#define BACKGLANCE_LANES_MD5_INL_H
#endif

#include <hwy/highway.h>

#include "digest/lanes_vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace backglance::HWY_NAMESPACE {

// Measured: two vectors fill the ports; with three, the state does not fit into 16 registers. One
// vector takes less time than two; it is used for streams that do not fill the second.
template <std::size_t kVectors>
class Md5Lanes {
  using D = Tag<std::uint32_t>;
  using V = hn::VFromD<D>;
  static constexpr std::size_t kVector = kVectorLanes<std::uint32_t>;

 public:
  static constexpr std::size_t kLanes = kVectors * kVector;

  static HWY_INLINE void compress(std::array<Lane, kLanes> lanes, std::size_t blocks) {
    const D d;
    State state;
    for (std::size_t v = 0; v < kVectors; ++v)
      load_values(d, &lanes[v * kVector], state.of[v]);
    const std::uint32_t* sines = kSines;
    // GCC, which knows their values, would build each in a general register and move it over.
    asm("" : "+r"(sines));
    for (; blocks > 0; --blocks) {
      HWY_ALIGN V words[kVectors][16];
      for (std::size_t v = 0; v < kVectors; ++v)
        for (std::size_t word = 0; word < 16; word += 4)
          load_words32(d, &lanes[v * kVector], 4 * word, &words[v][word]);
      for (Lane& lane : lanes)
        lane.data += 64;
      State next = state;
      round<F, 1, 0, 7, 12, 17, 22>(next, words, sines);
      round<G, 5, 1, 5, 9, 14, 20>(next, words, sines + 16);
      round<H, 3, 5, 4, 11, 16, 23>(next, words, sines + 32);
      round<I, 7, 0, 6, 10, 15, 21>(next, words, sines + 48);
      for (std::size_t v = 0; v < kVectors; ++v)
        for (std::size_t word = 0; word < 4; ++word)
          state.of[v][word] = hn::Add(state.of[v][word], next.of[v][word]);
    }
    for (std::size_t v = 0; v < kVectors; ++v)
      store_values(d, &lanes[v * kVector], state.of[v]);
  }

 private:
  struct State {
    V of[kVectors][4];  // A, B, C, D
  };

  // RFC 1321, 3.4. Each returns a + f(b, c, d). The two halves of G never have a bit in common, so
  // they can be added one after the other: the half without b need not wait for the step before.
  struct F {
    static HWY_INLINE V plus(V a, V b, V c, V d) {
      return hn::Add(a, hn::Xor(hn::And(hn::Xor(c, d), b), d));
    }
  };
  struct G {
    static HWY_INLINE V plus(V a, V b, V c, V d) {
      return hn::Add(hn::Add(a, hn::AndNot(d, c)), hn::And(d, b));
    }
  };
  struct H {
    static HWY_INLINE V plus(V a, V b, V c, V d) { return hn::Add(a, hn::Xor(hn::Xor(c, d), b)); }
  };
  struct I {
    static HWY_INLINE V plus(V a, V b, V c, V d) {
      return hn::Add(a, hn::Xor(hn::Or(b, hn::Not(d)), c));
    }
  };

  // One step of every vector. The roles of the four words rotate by `turn`.
  template <class Function, int kTurn, int kShift>
  static HWY_INLINE void step(State& state, const V (&words)[kVectors][16], std::size_t word,
                              std::uint32_t sine) {
    const V constant = hn::Set(D(), sine);
    for (std::size_t v = 0; v < kVectors; ++v) {
      V& a = state.of[v][(4 - kTurn) % 4];
      const V b = state.of[v][(5 - kTurn) % 4];
      const V c = state.of[v][(6 - kTurn) % 4];
      const V e = state.of[v][(7 - kTurn) % 4];
      const V sum = Function::plus(hn::Add(a, hn::Add(words[v][word], constant)), b, c, e);
      a = hn::Add(b, hn::RotateRight<32 - kShift>(sum));
    }
  }

  // 16 steps: step i takes word (kFirst + kStride * i) mod 16.
  template <class Function, int kStride, int kFirst, int kShift0, int kShift1, int kShift2,
            int kShift3>
  static HWY_INLINE void round(State& state, const V (&words)[kVectors][16],
                               const std::uint32_t* sines) {
    const auto word = [](std::size_t i) HWY_ATTR { return (kFirst + kStride * i) % 16; };
    HWY_UNROLL(4)
    for (std::size_t i = 0; i < 16; i += 4) {
      step<Function, 0, kShift0>(state, words, word(i), sines[i]);
      step<Function, 1, kShift1>(state, words, word(i + 1), sines[i + 1]);
      step<Function, 2, kShift2>(state, words, word(i + 2), sines[i + 2]);
      step<Function, 3, kShift3>(state, words, word(i + 3), sines[i + 3]);
    }
  }

  // floor(2^32 * abs(sin(i + 1)))
  static constexpr std::uint32_t kSines[64] = {
      0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
      0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
      0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
      0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
      0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
      0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
      0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
      0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
      0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
      0xeb86d391};
};

}  // namespace backglance::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
