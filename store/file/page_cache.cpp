// SPDX-License-Identifier: Apache-2.0
#include "store/file/page_cache.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace backglance {
namespace {

// Must be more than any readahead (128 KiB by default, 8 MiB seen on virtual disks, some ten on
// arrays), and a multiple of the largest folio, since the kernel drops whole folios only. The
// sample of a window is 8 KiB.
constexpr std::uint64_t kWindowBytes = 32 << 20;

// RWF_DONTCACHE, which Debian 12's headers do not have.
constexpr int kUncached = 0x80;

std::uint64_t page_bytes() {
  static const auto bytes = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return bytes;
}

void drop(int file, std::uint64_t start, std::uint64_t bytes) {
  posix_fadvise(file, static_cast<off_t>(start), static_cast<off_t>(bytes), POSIX_FADV_DONTNEED);
}

// Asks for a page past the end, which cannot be resident: yes is the kernel's answer to who has no
// right to know.
bool mincore_tells_truth(int file, std::uint64_t length) {
  const std::uint64_t past_end = (length + page_bytes() - 1) / page_bytes() * page_bytes();
  void* mapped =
      mmap(nullptr, page_bytes(), PROT_READ, MAP_SHARED, file, static_cast<off_t>(past_end));
  if (mapped == MAP_FAILED)
    return true;
  unsigned char page = 0;
  mincore(mapped, page_bytes(), &page);
  munmap(mapped, page_bytes());
  return (page & 1) == 0;
}

}  // namespace

PageCacheReader::PageCacheReader(int file, std::uint64_t length)
    : file_(file),
      length_(length),
      mincore_is_true_(mincore_tells_truth(file, length)),
      uncached_(!mincore_is_true_) {
  // Keeps our reads from making pages look popular; kernels before 6.3 ignore it.
  posix_fadvise(file_, 0, 0, POSIX_FADV_NOREUSE);
  if (uncached_) {
    // Without readahead: its large folios would be dropped at the first read that touches them, and
    // fetched again for the next (1.6 GiB from the disk for 1 GiB read).
    posix_fadvise(file_, 0, 0, POSIX_FADV_RANDOM);
  } else {
    window_ = sample(0);
    next_window_ = sample(kWindowBytes);
  }
}

PageCacheReader::~PageCacheReader() {
  drop_absent(window_start_, window_);
  // Readahead may have begun on it.
  drop_absent(window_start_ + kWindowBytes, next_window_);
}

PageCacheReader::Window PageCacheReader::sample(std::uint64_t start) const {
  if (start >= length_)
    return {};
  const auto bytes = static_cast<std::size_t>(std::min(kWindowBytes, length_ - start));
  Window pages((bytes + page_bytes() - 1) / page_bytes(), 0);
  if (!mincore_is_true_)
    return pages;
  void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file_, static_cast<off_t>(start));
  // What cannot be mapped (a FUSE file in direct mode) is not kept in the page cache either.
  if (mapped == MAP_FAILED)
    return pages;
  if (mincore(mapped, bytes, pages.data()) != 0)
    std::fill(pages.begin(), pages.end(), static_cast<unsigned char>(0));
  munmap(mapped, bytes);
  return pages;
}

void PageCacheReader::drop_absent(std::uint64_t start, const Window& window) const {
  const auto resident = [](unsigned char page) { return (page & 1) != 0; };
  for (auto page = window.begin(); page != window.end();) {
    const auto from = std::find_if_not(page, window.end(), resident);
    page = std::find_if(from, window.end(), resident);
    if (from != page)
      drop(file_, start + static_cast<std::uint64_t>(from - window.begin()) * page_bytes(),
           static_cast<std::uint64_t>(page - from) * page_bytes());
  }
}

void PageCacheReader::advance_to(std::uint64_t offset) {
  while (offset >= window_start_ + kWindowBytes) {
    drop_absent(window_start_, window_);
    window_start_ += kWindowBytes;
    window_ = std::move(next_window_);
    next_window_ = sample(window_start_ + kWindowBytes);
  }
}

void PageCacheReader::skip_to(std::uint64_t offset) {
  window_start_ = offset / kWindowBytes * kWindowBytes;
  if (uncached_)
    return;
  window_ = sample(window_start_);
  next_window_ = sample(window_start_ + kWindowBytes);
}

ssize_t PageCacheReader::read(std::span<std::byte> buffer, std::uint64_t offset) {
  if (uncached_) {
    const iovec target{buffer.data(), buffer.size()};
    const ssize_t bytes = preadv2(file_, &target, 1, static_cast<off_t>(offset), kUncached);
    if (bytes >= 0 || errno != EOPNOTSUPP)
      return bytes;
    uncached_ = false;
    posix_fadvise(file_, 0, 0, POSIX_FADV_NORMAL);
    window_ = sample(window_start_);
    next_window_ = sample(window_start_ + kWindowBytes);
  }
  advance_to(offset);
  return pread(file_, buffer.data(), buffer.size(), static_cast<off_t>(offset));
}

}  // namespace backglance
