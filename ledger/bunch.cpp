// SPDX-License-Identifier: Apache-2.0
#include "ledger/bunch.h"

#include <algorithm>
#include <iterator>
#include <random>

namespace backglance {

std::vector<SizedImage> chosen(const std::vector<SizedImage>& candidates, std::int64_t count) {
  static thread_local std::mt19937 random{std::random_device()()};
  std::vector<SizedImage> some;
  std::sample(candidates.begin(), candidates.end(), std::back_inserter(some), count, random);
  return some;
}

std::vector<std::string> bunch_of(const std::vector<SizedImage>& candidates,
                                  const Queue::Bunch& bunch) {
  std::vector<std::string> ids;
  std::int64_t room = bunch.most_bytes;
  for (const SizedImage& one : candidates) {
    const auto count = static_cast<std::int64_t>(ids.size());
    if (count == bunch.most ||
        (count >= bunch.large && (one.size >= bunch.small_bytes || one.size > room)))
      break;
    ids.push_back(one.id);
    room -= std::min(room, one.size);
  }
  return ids;
}

}  // namespace backglance
