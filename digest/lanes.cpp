// SPDX-License-Identifier: Apache-2.0
#include "digest/lanes.h"

#include <algorithm>
#include <stdexcept>

// This file is compiled once for every vector set: foreach_target.h includes it again and again
// with another HWY_TARGET, and each pass has a namespace of its own. What stands under HWY_ONCE
// exists once, and chooses among them at run time.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "digest/lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>
// After these two, once for each vector set.
#if HWY_TARGET != HWY_SCALAR
#include "digest/lanes_md5-inl.h"
#include "digest/lanes_sha2-inl.h"
#endif

HWY_BEFORE_NAMESPACE();
namespace backglance::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR
// No vectors on this target: nothing has lanes, and OpenSSL's code does all.
std::size_t lanes_of_target(BlockHash) {
  return 0;
}
void compress_on_target(BlockHash, std::span<const Lane>, std::size_t) {}
#else

std::size_t lanes_of_target(BlockHash hash) {
  switch (hash) {
    case BlockHash::md5:
      return Md5Lanes<2>::kLanes;
    case BlockHash::sha256:
      return Sha256Lanes::kLanes;
    case BlockHash::sha512:
      break;
  }
  return Sha512Lanes::kLanes;
}

// A stream for each lane: those that are idle do the first one's work again, for nothing.
template <typename Kernel>
HWY_INLINE void run(std::span<const Lane> lanes, std::size_t blocks) {
  ChainingValue idle;
  std::array<Lane, Kernel::kLanes> all;
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = i < lanes.size() ? lanes[i] : Lane{&idle, lanes[0].data};
  if (lanes.size() < all.size())
    idle = *lanes[0].value;
  Kernel::compress(all, blocks);
}

void compress_on_target(BlockHash hash, std::span<const Lane> lanes, std::size_t blocks) {
  switch (hash) {
    case BlockHash::md5:
      // A single vector has lanes enough: the second would only do the first one's work again.
      if (lanes.size() <= Md5Lanes<1>::kLanes)
        return run<Md5Lanes<1> >(lanes, blocks);
      return run<Md5Lanes<2> >(lanes, blocks);
    case BlockHash::sha256:
      return run<Sha256Lanes>(lanes, blocks);
    case BlockHash::sha512:
      return run<Sha512Lanes>(lanes, blocks);
  }
}

#endif

const char* target_name() {
  return hwy::TargetName(HWY_TARGET);
}

}  // namespace backglance::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace backglance {

HWY_EXPORT(lanes_of_target);
HWY_EXPORT(compress_on_target);
HWY_EXPORT(target_name);

std::size_t lanes_of(BlockHash hash) {
  return HWY_DYNAMIC_DISPATCH(lanes_of_target)(hash);
}

void compress_lanes(BlockHash hash, std::span<const Lane> lanes, std::size_t blocks) {
  if (lanes.empty() || lanes.size() > lanes_of(hash))
    throw std::logic_error("compress_lanes: more streams than lanes, or none");
  HWY_DYNAMIC_DISPATCH(compress_on_target)(hash, lanes, blocks);
}

const char* lanes_target() {
  return HWY_DYNAMIC_DISPATCH(target_name)();
}

}  // namespace backglance
#endif
