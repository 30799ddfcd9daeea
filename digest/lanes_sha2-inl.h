// SPDX-License-Identifier: Apache-2.0
// SHA-256 and SHA-512 (FIPS 180-4, 6.2 and 6.4). They differ in the width of their words, in the
// shifts, and in the number of rounds.
#if defined(BACKGLANCE_LANES_SHA2_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef BACKGLANCE_LANES_SHA2_INL_H
#undef BACKGLANCE_LANES_SHA2_INL_H
#else
#define BACKGLANCE_LANES_SHA2_INL_H
#endif

#include <hwy/highway.h>

#include "digest/lanes_vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace backglance::HWY_NAMESPACE {

template <class Variant>
class Sha2Lanes {
  using Word = typename Variant::Word;
  using D = Tag<Word>;
  using V = hn::VFromD<D>;
  static constexpr std::size_t kBlockBytes = 16 * sizeof(Word);

 public:
  static constexpr std::size_t kLanes = kVectorLanes<Word>;

  static HWY_INLINE void compress(std::array<Lane, kLanes> lanes, std::size_t blocks) {
    const D d;
    V state[8];
    load_values(d, lanes.data(), state);
    for (; blocks > 0; --blocks) {
      HWY_ALIGN V words[16];
      load_block(d, lanes.data(), words);
      go_on(lanes, kBlockBytes);
      V next[8];
      for (std::size_t i = 0; i < 8; ++i)
        next[i] = state[i];
      const Word* roots = Variant::kRoots;
      for (; roots < Variant::kRoots + Variant::kRounds - 16; roots += 16)
        sixteen</*kExtend=*/true>(next, words, roots);
      sixteen</*kExtend=*/false>(next, words, roots);
      for (std::size_t i = 0; i < 8; ++i)
        state[i] = hn::Add(state[i], next[i]);
    }
    store_values(d, lanes.data(), state);
  }

 private:
  static HWY_INLINE void load_block(D d, const Lane* lanes, V (&words)[16]) {
    constexpr std::size_t kPiece = 16 / sizeof(Word);
    for (std::size_t word = 0; word < 16; word += kPiece) {
      if constexpr (sizeof(Word) == 4)
        load_words32(d, lanes, word * sizeof(Word), &words[word]);
      else
        load_words64(d, lanes, word * sizeof(Word), &words[word]);
      for (std::size_t i = 0; i < kPiece; ++i)
        words[word + i] = swap_bytes(d, words[word + i]);
    }
  }

  // FIPS 180-4, 4.1: the big sigmas rotate three times, the small ones twice and shift once.
  template <const int (&kBits)[3]>
  static HWY_INLINE V big_sigma(V v) {
    return hn::Xor(hn::Xor(rotate<kBits[0]>(v), rotate<kBits[1]>(v)), rotate<kBits[2]>(v));
  }
  template <const int (&kBits)[3]>
  static HWY_INLINE V small_sigma(V v) {
    return hn::Xor(hn::Xor(rotate<kBits[0]>(v), rotate<kBits[1]>(v)), hn::ShiftRight<kBits[2]>(v));
  }
  // A rotation by whole bytes is one shuffle; any other is two shifts and an or.
  template <int kBits>
  static HWY_INLINE V rotate(V v) {
    if constexpr (HWY_TARGET > HWY_AVX3 && kBits == 8)
      return rotate_right_by_byte(D(), v);
    else
      return hn::RotateRight<kBits>(v);
  }

  // Round i of sixteen. The roles of the eight words rotate by one in each round.
  template <bool kExtend, int i>
  static HWY_INLINE void step(V (&state)[8], V (&words)[16], V& a_xor_b, const Word* roots) {
    const V a = state[(8 - i) & 7];
    const V b = state[(9 - i) & 7];
    V& d = state[(11 - i) & 7];
    const V e = state[(12 - i) & 7];
    const V f = state[(13 - i) & 7];
    const V g = state[(14 - i) & 7];
    V& h = state[(15 - i) & 7];
    const V choice = hn::Xor(hn::And(hn::Xor(f, g), e), g);
    const V first = hn::Add(hn::Add(hn::Add(h, hn::Add(words[i], hn::Set(D(), roots[i]))), choice),
                            big_sigma<Variant::kBigSigma1>(e));
    // The word of the message schedule that is needed sixteen rounds later.
    if constexpr (kExtend)
      words[i] = hn::Add(
          hn::Add(words[i], small_sigma<Variant::kSmallSigma0>(words[(i + 1) & 15])),
          hn::Add(words[(i + 9) & 15], small_sigma<Variant::kSmallSigma1>(words[(i + 14) & 15])));
    d = hn::Add(d, first);
    // Majority of a, b and c: b, unless both a and c differ from it. In the next round, a and b are
    // called b and c.
    const V now = hn::Xor(a, b);
    const V majority = hn::Xor(hn::And(now, a_xor_b), b);
    a_xor_b = now;
    h = hn::Add(hn::Add(first, majority), big_sigma<Variant::kBigSigma0>(a));
  }

  template <bool kExtend>
  static HWY_INLINE void sixteen(V (&state)[8], V (&words)[16], const Word* roots) {
    V b_xor_c = hn::Xor(state[1], state[2]);
    step<kExtend, 0>(state, words, b_xor_c, roots);
    step<kExtend, 1>(state, words, b_xor_c, roots);
    step<kExtend, 2>(state, words, b_xor_c, roots);
    step<kExtend, 3>(state, words, b_xor_c, roots);
    step<kExtend, 4>(state, words, b_xor_c, roots);
    step<kExtend, 5>(state, words, b_xor_c, roots);
    step<kExtend, 6>(state, words, b_xor_c, roots);
    step<kExtend, 7>(state, words, b_xor_c, roots);
    step<kExtend, 8>(state, words, b_xor_c, roots);
    step<kExtend, 9>(state, words, b_xor_c, roots);
    step<kExtend, 10>(state, words, b_xor_c, roots);
    step<kExtend, 11>(state, words, b_xor_c, roots);
    step<kExtend, 12>(state, words, b_xor_c, roots);
    step<kExtend, 13>(state, words, b_xor_c, roots);
    step<kExtend, 14>(state, words, b_xor_c, roots);
    step<kExtend, 15>(state, words, b_xor_c, roots);
  }
};

struct Sha256Variant {
  using Word = std::uint32_t;
  static constexpr std::size_t kRounds = 64;
  static constexpr int kBigSigma0[3] = {2, 13, 22};
  static constexpr int kBigSigma1[3] = {6, 11, 25};
  static constexpr int kSmallSigma0[3] = {7, 18, 3};
  static constexpr int kSmallSigma1[3] = {17, 19, 10};
  // The first 32 bits of the fractions of the cube roots of the first 64 primes.
  static constexpr Word kRoots[64] = {
      0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
      0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
      0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
      0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
      0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
      0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
      0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
      0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
      0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
      0xc67178f2};
};

struct Sha512Variant {
  using Word = std::uint64_t;
  static constexpr std::size_t kRounds = 80;
  static constexpr int kBigSigma0[3] = {28, 34, 39};
  static constexpr int kBigSigma1[3] = {14, 18, 41};
  static constexpr int kSmallSigma0[3] = {1, 8, 7};
  static constexpr int kSmallSigma1[3] = {19, 61, 6};
  // The first 64 bits of the fractions of the cube roots of the first 80 primes.
  static constexpr Word kRoots[80] = {
      0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
      0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
      0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
      0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
      0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
      0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
      0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
      0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
      0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
      0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
      0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
      0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
      0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
      0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
      0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
      0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
      0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
      0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
      0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
      0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};
};

using Sha256Lanes = Sha2Lanes<Sha256Variant>;
using Sha512Lanes = Sha2Lanes<Sha512Variant>;

}  // namespace backglance::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
