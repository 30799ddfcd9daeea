// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace backglance {

// Reads a file from front to back and leaves the page cache as it was found: what the kernel had to
// fetch for us is dropped again, what was resident stays. What others bring in or drop meanwhile
// counts as found only if it happens before we come by.
//
// What was resident is what mincore() says of a window of the file, asked one window ahead of the
// reads, so that the kernel's readahead (which runs up to some MiB ahead of us) has not been there
// yet. To who neither owns the file nor may write it, the kernel answers "all of it". Then the
// reads are RWF_DONTCACHE (Linux 6.14, not on every filesystem), which does the same within the
// kernel, or where there is none, all pages that we read are dropped: to cool an image that was
// warm harms less than to fill the cache with all others.
//
// Up to one window (32 MiB) and the readahead stay in the cache while the reads go on. Reads that
// are given up before the end of the file may leave behind what the readahead still had in flight.
//
// One thread at a time.
class PageCacheReader {
 public:
  // Neither owns nor closes `file`.
  PageCacheReader(int file, std::uint64_t length);
  ~PageCacheReader();
  PageCacheReader(const PageCacheReader&) = delete;
  PageCacheReader& operator=(const PageCacheReader&) = delete;

  // Before the first read: it will be at that offset or later.
  void skip_to(std::uint64_t offset);

  // As pread(2): may be short, sets errno. `offset` never goes back.
  ssize_t read(std::span<std::byte> buffer, std::uint64_t offset);

 private:
  // What mincore said about one window: a byte per page.
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
