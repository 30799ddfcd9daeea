// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace backglance {

// Reads a file from the first byte to the last and leaves the page cache as it was: pages that the
// kernel had to load for us are dropped again, pages that were resident stay. If other processes
// load or drop pages meanwhile, this counts only if it happens before our read reaches them.
//
// mincore() says which pages of a window of the file are resident. It is asked one window ahead of
// the reads, because the kernel's readahead runs up to some MiB ahead of us. If this process
// neither owns the file nor may write it, mincore() says that all pages are resident. Then the
// reads use RWF_DONTCACHE (Linux 6.14, not on every file system), which does the same inside the
// kernel. Without it, all pages that we read are dropped: this may drop an image that was in the
// cache, but filling the cache with all other images would be worse.
//
// During the reads, up to one window (32 MiB) and the readahead stay in the cache. If a read ends
// before the end of the file, pages that the readahead was still loading may stay.
//
// One thread at a time.
class PageCacheReader {
 public:
  // Neither owns nor closes `file`.
  PageCacheReader(int file, std::uint64_t length);
  ~PageCacheReader();
  PageCacheReader(const PageCacheReader&) = delete;
  PageCacheReader& operator=(const PageCacheReader&) = delete;

  // Call before the first read, which will be at `offset` or later.
  void skip_to(std::uint64_t offset);

  // Like pread(2): may return fewer bytes, sets errno. `offset` must never decrease.
  ssize_t read(std::span<std::byte> buffer, std::uint64_t offset);

 private:
  // The answer of mincore() for one window: one byte per page.
  using Window = std::vector<unsigned char>;

  Window sample(std::uint64_t start) const;
  void drop_absent(std::uint64_t start, const Window& window) const;
  void advance_to(std::uint64_t offset);

  int file_;
  std::uint64_t length_;
  bool mincore_is_true_;
  bool uncached_;  // reads are RWF_DONTCACHE, and there is nothing to drop
  std::uint64_t window_start_ = 0;
  Window window_;
  Window next_window_;
};

}  // namespace backglance
