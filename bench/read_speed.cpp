// SPDX-License-Identifier: Apache-2.0
// How fast files are read, and at what cost, in the three ways that a local file can be: through
// the page cache, as backfill does it (store/file/page_cache.h), with O_DIRECT, and with O_DIRECT
// by io_uring, several reads of a stream at a time. Nothing is computed of what is read. Prints one
// JSON object.
//
//   read_speed buffered|direct|uring STREAMS FILE...
//
// The files are dropped from the page cache first.
#include <fcntl.h>
#include <fmt/format.h>
#include <liburing.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "bench/cpu_seconds.h"
#include "digest/digest_stream.h"
#include "store/file/page_cache.h"

using namespace backglance;

namespace {

constexpr std::size_t kChunk = DigestWorkers::kBufferBytes;
// Of one stream by io_uring.
constexpr unsigned kInFlight = 4;
// What O_DIRECT asks of a buffer's place.
constexpr std::align_val_t kAlignment{4096};

struct AlignedDelete {
  void operator()(std::byte* memory) const { operator delete[](memory, kAlignment); }
};
using Buffer = std::unique_ptr<std::byte[], AlignedDelete>;

Buffer make_buffer() {
  return Buffer(new (kAlignment) std::byte[kChunk]);
}

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::system_error(error, std::generic_category(), what);
}

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(open(path.c_str(), O_RDONLY | flags)) {
    struct stat status = {};
    if (descriptor_ < 0 || fstat(descriptor_, &status) != 0)
      fail(path, errno);
    size_ = static_cast<std::uint64_t>(status.st_size);
  }
  ~File() { close(descriptor_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return descriptor_; }
  std::uint64_t size() const { return size_; }

 private:
  int descriptor_;
  std::uint64_t size_ = 0;
};

std::uint64_t read_buffered(const std::string& path) {
  const File file(path, 0);
  PageCacheReader reader(file.descriptor(), file.size());
  const Buffer buffer = make_buffer();
  std::uint64_t done = 0;
  while (done < file.size()) {
    const ssize_t got = reader.read({buffer.get(), kChunk}, done);
    if (got <= 0)
      fail(path, errno);
    done += static_cast<std::uint64_t>(got);
  }
  return done;
}

std::uint64_t read_direct(const std::string& path) {
  const File file(path, O_DIRECT);
  const Buffer buffer = make_buffer();
  std::uint64_t done = 0;
  while (done < file.size()) {
    const ssize_t got = pread(file.descriptor(), buffer.get(), kChunk, static_cast<off_t>(done));
    if (got <= 0)
      fail(path, errno);
    done += static_cast<std::uint64_t>(got);
  }
  return done;
}

std::uint64_t read_uring(const std::string& path) {
  const File file(path, O_DIRECT);
  io_uring ring;
  if (const int error = io_uring_queue_init(kInFlight, &ring, 0); error < 0)
    fail("io_uring", -error);
  std::array<Buffer, kInFlight> buffers;
  for (Buffer& buffer : buffers)
    buffer = make_buffer();
  std::uint64_t asked = 0;
  std::uint64_t done = 0;
  const auto ask = [&](std::size_t place) {
    if (asked >= file.size())
      return;
    io_uring_sqe* const entry = io_uring_get_sqe(&ring);
    io_uring_prep_read(entry, file.descriptor(), buffers[place].get(), kChunk, asked);
    io_uring_sqe_set_data64(entry, place);
    asked += kChunk;
    io_uring_submit(&ring);
  };
  for (std::size_t place = 0; place < kInFlight; ++place)
    ask(place);
  while (done < file.size()) {
    io_uring_cqe* completion = nullptr;
    if (const int error = io_uring_wait_cqe(&ring, &completion); error < 0)
      fail(path, -error);
    if (completion->res <= 0)
      fail(path, -completion->res);
    done += static_cast<std::uint64_t>(completion->res);
    const auto place = static_cast<std::size_t>(completion->user_data);
    io_uring_cqe_seen(&ring, completion);
    ask(place);
  }
  io_uring_queue_exit(&ring);
  return done;
}

// Written files must be on the disk before: what is dirty is not dropped.
void drop(const std::string& path) {
  const File file(path, 0);
  posix_fadvise(file.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<char*> words(argv, static_cast<std::size_t>(argc));
  if (argc < 4) {
    fmt::print(stderr, "usage: read_speed buffered|direct|uring STREAMS FILE...\n");
    return 2;
  }
  const std::string way = words[1];
  const auto read = way == "buffered" ? read_buffered : way == "direct" ? read_direct : read_uring;
  const std::vector<std::string> files(words.begin() + 3, words.end());
  for (const std::string& file : files)
    drop(file);
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> bytes{0};
  const auto began = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  {
    std::vector<std::jthread> streams;
    const int count = std::atoi(words[2]);
    streams.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i)
      streams.emplace_back([&] {
        for (std::size_t file = next++; file < files.size(); file = next++)
          bytes += read(files[file]);
      });
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began;
  fmt::print("{{\"bytes\": {}, \"wall\": {:.4f}, \"cpu\": {:.4f}}}\n", bytes.load(), wall.count(),
             cpu_seconds() - cpu);
  return 0;
}
