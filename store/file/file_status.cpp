// SPDX-License-Identifier: Apache-2.0
#include "store/file/file_status.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <chrono>
#include <ctime>
#include <thread>

namespace backglance {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

template <typename Time>
std::int64_t nanoseconds(const Time& time) {
  return std::int64_t{time.tv_sec} * kSecond + time.tv_nsec;
}

}  // namespace

std::string identity_of(const FileStatus& status) {
  return fmt::format("{}:{}:{}:{}:{}", status.device, status.inode, status.size, status.mtime,
                     status.ctime);
}

bool read_status(const Fd& file, FileStatus& status) {
  struct statx now;
  if (statx(file.get(), "", AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &now) == 0) {
    status = {.mode = now.stx_mode,
              .device = makedev(now.stx_dev_major, now.stx_dev_minor),
              .inode = now.stx_ino,
              .size = static_cast<std::int64_t>(now.stx_size),
              .mtime = nanoseconds(now.stx_mtime),
              .ctime = nanoseconds(now.stx_ctime)};
    return true;
  }
  // A filter that does not know the call says EPERM as often as ENOSYS.
  struct stat cached;
  if ((errno != ENOSYS && errno != EPERM) || fstat(file.get(), &cached) != 0)
    return false;
  status = {.mode = cached.st_mode,
            .device = cached.st_dev,
            .inode = cached.st_ino,
            .size = cached.st_size,
            .mtime = nanoseconds(cached.st_mtim),
            .ctime = nanoseconds(cached.st_ctim)};
  return true;
}

bool is_within_tick(const FileStatus& status) {
  timespec now;
  // The clock of which the kernel takes the time of a change.
  clock_gettime(CLOCK_REALTIME_COARSE, &now);
  const std::int64_t next = status.ctime + (status.ctime % kSecond == 0 ? kSecond : 1);
  return next > nanoseconds(now) && next - nanoseconds(now) <= kSecond;
}

bool await_tick(const Fd& file, FileStatus& status) {
  constexpr std::chrono::milliseconds kBetweenLooks{1};
  constexpr std::chrono::milliseconds kMost{1100};
  for (const auto until = std::chrono::steady_clock::now() + kMost;
       is_within_tick(status) && std::chrono::steady_clock::now() < until;) {
    std::this_thread::sleep_for(kBetweenLooks);
    if (!read_status(file, status))
      return false;
  }
  return true;
}

}  // namespace backglance
