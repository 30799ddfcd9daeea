// SPDX-License-Identifier: Apache-2.0
#include "store/file/page_cache.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "store/file/file_store.h"
#include "store/file/open_beneath.h"
#include "tests/unit/hide_call.h"

using namespace backglance;
namespace fs = std::filesystem;

namespace {

// The kernel may take some pages away at any time for reasons of its own; what a wrong reader
// changes is thousands.
constexpr std::size_t kPagesOfOthers = 64;

constexpr std::size_t kMiB = 1 << 20;
constexpr std::size_t kChunkBytes = 64 << 10;

// More than two of the reader's windows, and no whole number of pages.
constexpr std::size_t kBytes = 70 * kMiB + 1234;

// A file in the current directory, which unlike the temporary one is on a disk: tmpfs is nothing
// but page cache.
class CachedFile {
 public:
  CachedFile() {
    std::string name = (fs::current_path() / "backglance-cache-XXXXXX").native();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    directory_ = name;
  }
  ~CachedFile() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }
  CachedFile(const CachedFile&) = delete;
  CachedFile& operator=(const CachedFile&) = delete;

  const fs::path& directory() const { return directory_; }
  fs::path path() const { return directory_ / "image"; }
  Fd open() const { return Fd(::open(path().c_str(), O_RDWR | O_CLOEXEC)); }

  // Written to the disk and cold.
  void write(std::size_t bytes) const {
    {
      std::ofstream out(path(), std::ios::binary);
      std::string block(kMiB, '\0');
      for (std::size_t done = 0; done < bytes; done += block.size()) {
        std::fill(block.begin(), block.end(), static_cast<char>(done / kMiB + 1));
        out.write(block.data(), static_cast<std::streamsize>(std::min(kMiB, bytes - done)));
      }
      REQUIRE(out.flush());
    }
    cool();
  }

  // All hole but for the first and the last byte.
  void write_sparse(std::size_t bytes) const {
    std::ofstream out(path(), std::ios::binary);
    out << 'x';
    out.seekp(static_cast<std::streamoff>(bytes - 1)) << 'x';
    REQUIRE(out.flush());
    out.close();
    cool();
  }

  // Reads a part, and nothing around it, into the page cache.
  void warm(std::size_t start, std::size_t bytes) const {
    const Fd file = open();
    REQUIRE(posix_fadvise(file.get(), 0, 0, POSIX_FADV_RANDOM) == 0);
    std::string buffer(bytes, '\0');
    REQUIRE(pread(file.get(), buffer.data(), bytes, static_cast<off_t>(start)) ==
            static_cast<ssize_t>(bytes));
  }

  // By page: resident or not.
  std::vector<bool> resident() const {
    const Fd file = open();
    const std::size_t bytes = fs::file_size(path());
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    std::vector<unsigned char> pages((bytes + page - 1) / page);
    void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.get(), 0);
    REQUIRE(mapped != MAP_FAILED);
    REQUIRE(mincore(mapped, bytes, pages.data()) == 0);
    munmap(mapped, bytes);
    std::vector<bool> result;
    for (const unsigned char one : pages)
      result.push_back((one & 1) != 0);
    return result;
  }

  // Pages whose state is another now.
  std::size_t changed_since(const std::vector<bool>& before) const {
    const std::vector<bool> now = resident();
    std::size_t changed = 0;
    for (std::size_t page = 0; page < now.size(); ++page)
      changed += now[page] != before[page];
    return changed;
  }

  // Of the first `limit` bytes.
  std::size_t resident_bytes(std::size_t limit = SIZE_MAX) const {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::vector<bool> pages = resident();
    const auto count = static_cast<std::ptrdiff_t>(std::min(pages.size(), limit / page));
    return static_cast<std::size_t>(std::count(pages.begin(), pages.begin() + count, true)) * page;
  }

  void cool() const {
    const Fd file = open();
    REQUIRE(fsync(file.get()) == 0);
    // A page that is still being read is not dropped, so that this may take a second try.
    for (int i = 0; i < 500 && resident_bytes() > 0; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(i));
      REQUIRE(posix_fadvise(file.get(), 0, 0, POSIX_FADV_DONTNEED) == 0);
    }
    REQUIRE(resident_bytes() == 0);
  }

 private:
  fs::path directory_;
};

// Reads the whole file, or `limit` bytes, through a FileStore, and gives how much that was.
std::size_t read_through_store(const CachedFile& cached, std::size_t limit = SIZE_MAX) {
  FileStore store({cached.directory()});
  auto opened = store.open({"file", "file://" + cached.path().native()});
  Source& source = *std::get<std::unique_ptr<Source>>(opened);
  std::vector<std::byte> buffer(kChunkBytes);
  std::size_t total = 0;
  while (total < limit) {
    const std::size_t bytes = std::get<std::size_t>(source.read(buffer));
    total += bytes;
    if (bytes < buffer.size())
      break;
  }
  return total;
}

}  // namespace

TEST_CASE("a cold file is cold again after it was read") {
  const CachedFile cached;
  for (const std::size_t bytes : {std::size_t{1}, 3 * kMiB, 32 * kMiB, kBytes}) {
    cached.write(bytes);
    CHECK(read_through_store(cached) == bytes);
    CHECK(cached.resident_bytes() == 0);
  }
}

TEST_CASE("what was read is cold again after a read that was given up") {
  const CachedFile cached;
  cached.write(kBytes);
  for (const std::size_t limit : {kMiB, 31 * kMiB, 33 * kMiB}) {
    CHECK(read_through_store(cached, limit) == limit);
    // Not what lies behind: the readahead may still be at work on it.
    CHECK(cached.resident_bytes(limit) == 0);
    cached.cool();
  }
}

TEST_CASE("a warm file stays warm") {
  const CachedFile cached;
  cached.write(kBytes);
  cached.warm(0, kBytes);
  const std::vector<bool> before = cached.resident();
  REQUIRE(std::count(before.begin(), before.end(), false) == 0);
  CHECK(read_through_store(cached) == kBytes);
  CHECK(cached.changed_since(before) <= kPagesOfOthers);
}

TEST_CASE("of a half-warm file the same pages stay warm") {
  const CachedFile cached;
  cached.write(kBytes);
  for (std::size_t start = 0; start < 69 * kMiB; start += 3 * kMiB)
    cached.warm(start + 4096, kMiB);
  cached.warm(kBytes - 10, 10);
  const std::vector<bool> before = cached.resident();
  REQUIRE(cached.resident_bytes() > 20 * kMiB);
  REQUIRE(cached.resident_bytes() < 30 * kMiB);
  CHECK(read_through_store(cached) == kBytes);
  CHECK(cached.changed_since(before) <= kPagesOfOthers);
}

TEST_CASE("the holes of a sparse file fill no page cache") {
  const CachedFile cached;
  cached.write_sparse(kBytes);
  CHECK(read_through_store(cached) == kBytes);
  CHECK(cached.resident_bytes() == 0);
}

TEST_CASE("a running read keeps no more than a window and the readahead") {
  const CachedFile cached;
  cached.write(kBytes);
  const Fd file = cached.open();
  PageCacheReader reader(file.get(), kBytes);
  std::vector<std::byte> buffer(kMiB);
  std::uint64_t offset = 0;
  while (offset < 66 * kMiB) {
    const ssize_t bytes = reader.read(buffer, offset);
    REQUIRE(bytes > 0);
    offset += static_cast<std::uint64_t>(bytes);
  }
  // 64 MiB were two windows, both dropped by now.
  CHECK(cached.resident_bytes(64 * kMiB) == 0);
}

TEST_CASE(
    "the page cache is left alone as far as possible where the kernel does not tell what is in "
    "it") {
  // Root can take another user's part, to whom the kernel does not tell it; everybody else has no
  // file whose pages it could look at, and sees here only that the reads are right.
  const CachedFile cached;
  cached.write(kBytes);
  for (std::size_t start = 0; start < 69 * kMiB; start += 3 * kMiB)
    cached.warm(start + 4096, kMiB);
  const std::vector<bool> before = cached.resident();
  const Fd file(open(cached.path().c_str(), O_RDONLY | O_CLOEXEC));

  const bool hidden = GENERATE(false, true);
  bool has_uncached = false;
  std::size_t total = 0;
  bool right = true;
  std::thread([&] {
    if (hidden)
      right = hide_call(SYS_preadv2, EOPNOTSUPP);
    setfsuid(65534);  // this thread's alone
    std::vector<std::byte> buffer(kChunkBytes);
    const iovec warm_byte{buffer.data(), 1};
    has_uncached = preadv2(file.get(), &warm_byte, 1, 8192, /*RWF_DONTCACHE*/ 0x80) == 1;
    PageCacheReader reader(file.get(), kBytes);
    ssize_t bytes = 0;
    while ((bytes = reader.read(buffer, total)) > 0) {
      right = right && buffer[0] == static_cast<std::byte>(total / kMiB + 1);
      total += static_cast<std::size_t>(bytes);
    }
  }).join();
  CHECK(total == kBytes);
  CHECK(right);
  if (has_uncached || geteuid() != 0)
    CHECK(cached.changed_since(before) <= kPagesOfOthers);
  else
    CHECK(cached.resident_bytes() == 0);
}
