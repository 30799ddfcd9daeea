// SPDX-License-Identifier: Apache-2.0
#include "sql/build_progress.h"

#include <fmt/format.h>

#include "base/text.h"

namespace backglance {
namespace {

constexpr std::chrono::seconds kRepeat{15};

}  // namespace

std::string describe(const BuildProgress& progress) {
  std::string line = printable(progress.phase);
  const auto add = [&](std::int64_t done, std::int64_t total, const char* what) {
    if (total > 0)
      line += fmt::format(", {} of {} {}", done, total, what);
  };
  add(progress.lockers_done, progress.lockers_total, "transactions ended");
  add(progress.blocks_done, progress.blocks_total, "blocks");
  add(progress.rows_done, progress.rows_total, "rows");
  return line;
}

void CalmTeller::operator()(const std::string& line) {
  const auto now = Clock::now();
  const std::string head = line.substr(0, line.find(','));
  if (!tell_ || line.empty() || (head == told_ && now - told_at_ < kRepeat))
    return;
  told_ = head;
  told_at_ = now;
  tell_(line);
}

}  // namespace backglance
