// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ledger/queue.h"

namespace backglance {

// What the claims of backfill and of verify share. Thread-safe.

// How often a claim looks again after other runs took all images that it had chosen.
inline constexpr int kLooks = 6;
// If other runs are at work, a claim chooses at random among this many times the images that it
// takes.
inline constexpr std::int64_t kSpread = 8;

// At most `count` of the candidates, chosen at random, in their order.
std::vector<SizedImage> chosen(const std::vector<SizedImage>& candidates, std::int64_t count);

// The ids of the candidates that make one bunch. `candidates` is sorted, largest first.
std::vector<std::string> bunch_of(const std::vector<SizedImage>& candidates,
                                  const Queue::Bunch& bunch);

}  // namespace backglance
