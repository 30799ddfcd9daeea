// SPDX-License-Identifier: Apache-2.0
#include "store/file/file_store.h"

#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <thread>

#include "store/file/open_beneath.h"
#include "tests/unit/hide_call.h"

using namespace backglance;
namespace fs = std::filesystem;

namespace {

// A store directory of its own, and a place beside it that is none.
class StoreFolder {
 public:
  StoreFolder() {
    std::string name = (fs::temp_directory_path() / "backglance-store-XXXXXX").native();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    root_ = fs::canonical(name);
    // mkdtemp's 0700 would hide the store from the other user of the tests below.
    fs::permissions(root_, fs::perms(0755));
    fs::create_directories(store());
    fs::create_directories(root_ / "outside");
  }
  ~StoreFolder() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  StoreFolder(const StoreFolder&) = delete;
  StoreFolder& operator=(const StoreFolder&) = delete;

  const fs::path& root() const { return root_; }
  fs::path store() const { return root_ / "store"; }
  fs::path outside() const { return root_ / "outside"; }

 private:
  fs::path root_;
};

void write(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  REQUIRE(fs::file_size(file) == text.size());
}

Location at(const fs::path& file) {
  return {"file", "file://" + file.native()};
}

std::unique_ptr<Source> opened(FileStore& store, const Location& location) {
  auto result = store.open(location);
  if (const ReadFailure* failure = std::get_if<ReadFailure>(&result))
    FAIL(failure->reason);
  return std::get<std::unique_ptr<Source>>(std::move(result));
}

std::string read_all(Source& source, std::size_t buffer_bytes) {
  std::string buffer(buffer_bytes, '\0');
  std::string text;
  while (true) {
    const auto result = source.read(std::as_writable_bytes(std::span(buffer)));
    REQUIRE(std::holds_alternative<std::size_t>(result));
    text += buffer.substr(0, std::get<std::size_t>(result));
    if (std::get<std::size_t>(result) < buffer_bytes)
      return text;
  }
}

// The failure that both open() and identify() report.
ReadFailure failure_of(FileStore& store, const Location& location) {
  const auto opened = store.open(location);
  const auto identified = store.identify(location);
  REQUIRE(std::holds_alternative<ReadFailure>(opened));
  REQUIRE(std::holds_alternative<ReadFailure>(identified));
  const ReadFailure& failure = std::get<ReadFailure>(opened);
  CHECK(std::get<ReadFailure>(identified).result == failure.result);
  CHECK(std::get<ReadFailure>(identified).reason == failure.reason);
  return failure;
}

// This thread's rights on files are another user's while it lives, if we are root.
class AsOtherUser {
 public:
  AsOtherUser() : before_(setfsuid(65534)) {}
  ~AsOtherUser() { setfsuid(static_cast<uid_t>(before_)); }

 private:
  int before_;
};

std::vector<std::string> unavailable_of(const FileStore& store) {
  std::vector<std::string> unavailable;
  for (const PlaceState& state : store.survey())
    if (!state.away.empty())
      unavailable.push_back(state.place);
  return unavailable;
}

}  // namespace

TEST_CASE("a file is read from first byte to last whatever the buffer") {
  StoreFolder site;
  FileStore store({site.store()});
  std::string text;
  for (int i = 0; i < 100'000; ++i)
    text += std::to_string(i);
  write(site.store() / "image", text);
  for (const std::size_t buffer : {std::size_t{7}, text.size() - 1, text.size(), text.size() + 1}) {
    const auto source = opened(store, at(site.store() / "image"));
    CHECK(source->length() == text.size());
    CHECK(read_all(*source, buffer) == text);
    std::byte more;
    CHECK(std::get<std::size_t>(source->read({&more, 1})) == 0);
    CHECK(std::holds_alternative<std::string>(source->identity()));
  }
}

TEST_CASE("an empty image is read as no bytes") {
  StoreFolder site;
  FileStore store({site.store()});
  write(site.store() / "image", "");
  const auto source = opened(store, at(site.store() / "image"));
  CHECK(source->length() == 0U);
  CHECK(read_all(*source, 100).empty());
  CHECK(std::holds_alternative<std::string>(source->identity()));
}

TEST_CASE("a file's identity is its device and inode and length and both its times") {
  StoreFolder site;
  FileStore store({site.store()});
  const fs::path file = site.store() / "image";
  write(file, "text");
  const timespec times[2] = {{1, 0}, {1234567890, 12345678}};
  REQUIRE(utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
  struct stat status;
  REQUIRE(stat(file.c_str(), &status) == 0);
  const std::string expected =
      std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) +
      ":4:1234567890012345678:" +
      std::to_string(status.st_ctim.tv_sec * 1'000'000'000 + status.st_ctim.tv_nsec);
  CHECK(std::get<std::string>(store.identify(at(file))) == expected);
  const auto source = opened(store, at(file));
  CHECK(read_all(*source, 100) == "text");
  CHECK(source->identity_when_opened() == expected);
  CHECK(std::get<std::string>(source->identity()) == expected);
  // As an old container engine's filter has it.
  std::string without_statx;
  std::thread([&] {
    if (hide_call(SYS_statx, EPERM))
      without_statx = std::get<std::string>(store.identify(at(file)));
  }).join();
  CHECK(without_statx == expected);
}

TEST_CASE("what an earlier version recorded of a file is no proof of its bytes") {
  CHECK(is_same_object("1:22:4:55:66", "9:22:4:55:66"));
  CHECK_FALSE(is_same_object("1:22:4:55:66", "1:22:4:55"));
  CHECK_FALSE(is_same_object("1:22:4:55:66", "1:22:4:55:67"));
  CHECK(agrees_with_older("1:22:4:55:66", "9:22:4:55"));
  CHECK_FALSE(agrees_with_older("1:22:4:55:66", "9:22:4:5"));
  CHECK_FALSE(agrees_with_older("1:22:4:55:66", "1:22:4:55:66"));
  CHECK_FALSE(agrees_with_older("1:22:4:55:66", ""));
  CHECK_FALSE(is_same_object("", ""));
  CHECK_FALSE(is_same_object("abc", "abd"));
}

TEST_CASE("a change just after the file was opened is seen, however quick") {
  StoreFolder site;
  FileStore store({site.store()});
  const fs::path file = site.store() / "image";
  // Without a wait for the clock's next tick, most of these changes would get the ctime of the
  // first write.
  for (int i = 0; i < 20; ++i) {
    write(file, "before");
    const timespec long_ago[2] = {{1, 0}, {1, 0}};
    REQUIRE(utimensat(AT_FDCWD, file.c_str(), long_ago, 0) == 0);
    const auto source = opened(store, at(file));
    CHECK(read_all(*source, 100) == "before");
    write(file, "behind");
    REQUIRE(utimensat(AT_FDCWD, file.c_str(), long_ago, 0) == 0);
    CHECK(std::holds_alternative<ReadFailure>(source->identity()));
  }
}

TEST_CASE("file and filesystem locations are the file store's") {
  StoreFolder site;
  FileStore store({site.store()});
  write(site.store() / "image", "text");
  Location location = {"filesystem", "filesystem://" + (site.store() / "image").native()};
  CHECK(read_all(*opened(store, location), 100) == "text");
}

TEST_CASE("a path is used without decoding") {
  StoreFolder site;
  write(site.store() / "a%20b", "percent");
  fs::create_directories(site.store() / "dir");
  write(site.store() / "dir" / "image", "below");
  const std::string store_name = site.store().native();
  for (const std::string& directory :
       {store_name, store_name + "/", store_name + "//", site.root().native() + "/./store/."}) {
    INFO(directory);
    FileStore store({directory});
    CHECK(read_all(*opened(store, at(site.store() / "a%20b")), 100) == "percent");
    CHECK(read_all(*opened(store, at(store_name + "//dir/./image")), 100) == "below");
    CHECK(failure_of(store, at(store_name + "/a b")).result == ImageResult::missing);
  }
}

TEST_CASE("a file that does not exist is missing") {
  StoreFolder site;
  FileStore store({site.store()});
  write(site.store() / "image", "text");
  fs::create_symlink("secret-name", site.store() / "dangling");
  for (const char* name :
       {"secret-name", "no-directory/secret-name", "image/secret-name", "image/"}) {
    INFO(name);
    const ReadFailure failure = failure_of(store, at(site.store() / name));
    CHECK(failure.result == ImageResult::missing);
    CHECK(failure.reason == "no such file in store directory \"" + site.store().native() + "\"");
  }
  // What a link leads to may be a mount that is gone.
  const ReadFailure dangling = failure_of(store, at(site.store() / "dangling"));
  CHECK(dangling.result == ImageResult::unreadable);
  CHECK(dangling.reason.find("secret-name") == std::string::npos);
}

TEST_CASE("the place of a file is its own directory, which may be a mount") {
  StoreFolder site;
  const FileStore store({site.store()});
  CHECK(store.place_of(at(site.store() / "image")) == site.store().native());
  CHECK(store.place_of(at(site.store() / "a/b/image")) == (site.store() / "a/b").native());
  CHECK(store.place_of(at(site.store() / "a/../image")) == site.store().native());
  CHECK(store.is_empty((site.store() / "a").native()));
  CHECK(store.is_empty(site.store().native()));
  write(site.store() / "image", "text");
  CHECK_FALSE(store.is_empty(site.store().native()));
}

TEST_CASE("images of a store directory that is gone are unreadable, not missing") {
  StoreFolder site;
  const fs::path gone = site.root() / "gone";
  const fs::path file = site.root() / "file";
  write(file, "no directory");
  FileStore store({site.store(), gone, file, fs::path()});
  const ReadFailure failure = failure_of(store, at(gone / "secret-name"));
  CHECK(failure.result == ImageResult::unreadable);
  CHECK(failure.reason ==
        "store directory \"" + gone.native() + "\" cannot be opened: No such file or directory");
  CHECK(failure_of(store, at(file / "secret-name")).result == ImageResult::unreadable);
  CHECK(unavailable_of(store) == std::vector<std::string>{gone, file, ""});
  fs::create_directories(gone);
  CHECK(unavailable_of(store) == std::vector<std::string>{file, ""});
  CHECK(failure_of(store, at(gone / "secret-name")).result == ImageResult::missing);
}

TEST_CASE("nothing leads out of the store directory") {
  StoreFolder site;
  FileStore store({site.store()});
  const fs::path outside = site.outside() / "secret-name";
  write(outside, "not an image");
  fs::create_directories(site.store() / "dir");
  fs::create_symlink("../outside/secret-name", site.store() / "relative");
  fs::create_symlink(outside, site.store() / "absolute");
  fs::create_directory_symlink("../outside", site.store() / "directory");
  fs::create_symlink("../../outside/secret-name", site.store() / "dir" / "deeper");
  fs::create_symlink("dir/deeper", site.store() / "chained");
  fs::create_symlink("circle", site.store() / "circle");
  for (const char* name : {"relative", "absolute", "directory/secret-name", "dir/deeper", "chained",
                           "circle", "../outside/secret-name", "dir/../../outside/secret-name"}) {
    INFO(name);
    const ReadFailure failure = failure_of(store, at(site.store().native() + "/" + name));
    CHECK(failure.result == ImageResult::unreadable);
    CHECK(failure.reason == "its path or a symbolic link leads out of the store directory");
  }
}

TEST_CASE("a link of /proc to an open file does not lead out of the store") {
  StoreFolder site;
  write(site.outside() / "secret-name", "not an image");
  const OpenedFile file{Fd(open((site.outside() / "secret-name").c_str(), O_RDONLY | O_CLOEXEC)),
                        0};
  REQUIRE(file.file);
  FileStore store({"/proc/self/fd"});
  const Location location = at("/proc/self/fd/" + std::to_string(file.file.get()));
  CHECK(failure_of(store, location).result == ImageResult::unreadable);
}

TEST_CASE("links within the store directory and to it are followed") {
  StoreFolder site;
  write(site.store() / "image", "text");
  fs::create_directories(site.store() / "dir");
  fs::create_symlink("../image", site.store() / "dir" / "link");
  fs::create_directory_symlink(site.store(), site.root() / "linked-store");
  FileStore store({site.root() / "linked-store"});
  CHECK(read_all(*opened(store, at(site.root() / "linked-store" / "dir" / "link")), 100) == "text");
}

TEST_CASE("a store directory and its locations may name it in two ways") {
  StoreFolder site;
  write(site.store() / "image", "text");
  write(site.outside() / "secret-name", "not an image");
  fs::create_directory_symlink("store", site.root() / "link");
  fs::create_directory_symlink(site.outside(), site.store() / "out");
  const fs::path dots = site.root() / "outside" / ".." / "store";
  for (const fs::path& configured : {site.store(), site.root() / "link", dots}) {
    FileStore store({site.root() / "gone", configured});
    for (const fs::path& named : {site.store(), site.root() / "link", dots}) {
      INFO(configured << " and " << named);
      CHECK(read_all(*opened(store, at(named / "image")), 100) == "text");
      CHECK(std::holds_alternative<std::string>(store.identify(at(named / "image"))));
      CHECK(store.place_of(at(named / "image")) == configured.native());
      CHECK(failure_of(store, at(named / "none")).result == ImageResult::missing);
      // Links in the store that lead out of it stay refused.
      for (const char* out : {"out/secret-name", "../outside/secret-name", "out/../secret-name"})
        CHECK(failure_of(store, at(named / out)).result != ImageResult::hashed);
    }
    CHECK(failure_of(store, at(site.outside() / "secret-name")).reason ==
          "outside the configured store directories");
  }
}

TEST_CASE("a location outside the configured directories is not read") {
  StoreFolder site;
  const fs::path sibling = site.root() / "store-2";
  fs::create_directories(sibling);
  write(sibling / "image", "text");
  FileStore store({site.store(), fs::path()});
  for (const fs::path& file : {sibling / "image", site.root(), site.root() / "stor"}) {
    const ReadFailure failure = failure_of(store, at(file));
    CHECK(failure.result == ImageResult::unreadable);
    CHECK(failure.reason == "outside the configured store directories");
  }
  FileStore none({});
  CHECK(failure_of(none, at(sibling / "image")).result == ImageResult::unreadable);
}

TEST_CASE("a location without an absolute path is unreadable") {
  StoreFolder site;
  FileStore store({"/"});
  const ReadFailure failure = failure_of(store, {"http", "http://user:secret@host/image"});
  CHECK(failure.result == ImageResult::unreadable);
  CHECK(failure.reason == "its location is not the URL of an absolute path");
}

TEST_CASE("of nested store directories the inner one is asked first and the outer one helps") {
  StoreFolder site;
  const fs::path inner = site.store() / "inner";
  fs::create_directories(inner);
  write(site.store() / "image", "text");
  fs::create_symlink("../image", inner / "link");
  FileStore only_inner({inner});
  CHECK(failure_of(only_inner, at(inner / "link")).result == ImageResult::unreadable);
  FileStore both({site.store(), inner});
  CHECK(read_all(*opened(both, at(inner / "link")), 100) == "text");
  // The outer directory would call it missing, but nobody knows what the inner mount holds.
  fs::remove_all(inner);
  CHECK(failure_of(both, at(inner / "image")).reason ==
        "store directory \"" + inner.native() + "\" cannot be opened: No such file or directory");
}

TEST_CASE("only regular files are read") {
  StoreFolder site;
  fs::create_directories(site.store() / "directory");
  REQUIRE(mkfifo((site.store() / "fifo").c_str(), 0600) == 0);
  const Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string name = site.store() / "socket";
  REQUIRE(name.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, name.c_str(), name.size());
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  REQUIRE(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  FileStore store({site.store(), "/dev"});
  for (const fs::path& file : {site.store() / "directory", site.store() / "fifo",
                               site.store() / "socket", site.store(), fs::path("/dev/null")}) {
    INFO(file);
    const ReadFailure failure = failure_of(store, at(file));
    CHECK(failure.result == ImageResult::unreadable);
    CHECK(failure.reason == "not a regular file");
  }
}

TEST_CASE("a file that may not be read is unreadable and says why") {
  StoreFolder site;
  FileStore store({site.store()});
  const fs::path file = site.store() / "secret-name";
  write(file, "text");
  fs::permissions(file, fs::perms::none);
  {
    const AsOtherUser other;
    const auto result = store.open(at(file));
    REQUIRE(std::holds_alternative<ReadFailure>(result));
    CHECK(std::get<ReadFailure>(result).result == ImageResult::unreadable);
    CHECK(std::get<ReadFailure>(result).reason == "Permission denied");
  }
  fs::permissions(site.store(), fs::perms::none);
  {
    const AsOtherUser other;
    CHECK(failure_of(store, at(file)).reason ==
          "store directory \"" + site.store().native() + "\" cannot be opened: Permission denied");
    CHECK(unavailable_of(store) == std::vector<std::string>{site.store()});
  }
  fs::permissions(site.store(), fs::perms::owner_all);

  const ReadFailure failure = failure_of(store, at(site.store() / std::string(1 << 16, 'x')));
  CHECK(failure.result == ImageResult::unreadable);
  CHECK(failure.reason == "File name too long");
}

TEST_CASE("an error of the disk ends the read and says why") {
  // A regular file whose first page cannot be read: no process has memory at address zero.
  FileStore store({"/proc/self"});
  const auto source = opened(store, at("/proc/self/mem"));
  std::byte buffer[100];
  const auto result = source->read(buffer);
  REQUIRE(std::holds_alternative<ReadFailure>(result));
  CHECK(std::get<ReadFailure>(result).result == ImageResult::unreadable);
  CHECK(std::get<ReadFailure>(result).reason == "Input/output error");
}

TEST_CASE("a file that changes under the read is changed_while_read") {
  StoreFolder site;
  FileStore store({site.store()});
  const fs::path file = site.store() / "secret-name";
  write(file, std::string(10'000, 'a'));
  const timespec long_ago[2] = {{1, 0}, {1, 0}};
  REQUIRE(utimensat(AT_FDCWD, file.c_str(), long_ago, 0) == 0);
  const auto source = opened(store, at(file));
  std::byte first[100];
  REQUIRE(std::get<std::size_t>(source->read(first)) == 100);

  std::string expected;
  SECTION("appended to") {
    std::ofstream(file, std::ios::app) << std::string(20'000, 'b');
    expected = "its length changed from 10000 to 30000 bytes while it was read";
  }
  SECTION("truncated") {
    fs::resize_file(file, 50);
    expected = "its length changed from 10000 to 50 bytes while it was read";
  }
  SECTION("overwritten") {
    write(file, std::string(10'000, 'b'));
    expected = "it was written to while it was read";
  }
  SECTION("overwritten, and its time put back, as rsync --inplace -t does") {
    write(file, std::string(10'000, 'b'));
    REQUIRE(utimensat(AT_FDCWD, file.c_str(), long_ago, 0) == 0);
    expected =
        "its ctime changed while it was read: it was written to, or its owner, mode, times or "
        "links were changed";
  }
  SECTION("replaced") {
    const fs::path other = site.store() / "other";
    write(other, std::string(10'000, 'b'));
    REQUIRE(utimensat(AT_FDCWD, other.c_str(), long_ago, 0) == 0);
    fs::rename(other, file);
    expected = "another file replaced it while it was read";
  }
  SECTION("removed") {
    fs::remove(file);
    expected = "it was removed while it was read";
  }
  read_all(*source, 1000);
  const auto identity = source->identity();
  REQUIRE(std::holds_alternative<ReadFailure>(identity));
  CHECK(std::get<ReadFailure>(identity).result == ImageResult::changed_while_read);
  CHECK(std::get<ReadFailure>(identity).reason == expected);
}

TEST_CASE("a file read in part has no identity") {
  StoreFolder site;
  FileStore store({site.store()});
  write(site.store() / "image", "text");
  const auto source = opened(store, at(site.store() / "image"));
  std::byte buffer[3];
  REQUIRE(std::get<std::size_t>(source->read(buffer)) == 3);
  CHECK(std::get<ReadFailure>(source->identity()).reason == "3 of its 4 bytes were read");
}

TEST_CASE("threads read through one store at the same time") {
  StoreFolder site;
  FileStore store({site.store()});
  std::vector<std::string> texts;
  for (int i = 0; i < 4; ++i) {
    texts.push_back(std::string(300'000, static_cast<char>('a' + i)));
    write(site.store() / std::to_string(i), texts.back());
  }
  std::vector<std::string> read(texts.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < texts.size(); ++i)
    threads.emplace_back([&, i] {
      const auto result = store.open(at(site.store() / std::to_string(i)));
      std::string buffer(1'000'000, '\0');
      const auto bytes = std::get<0>(result)->read(std::as_writable_bytes(std::span(buffer)));
      read[i] = buffer.substr(0, std::get<std::size_t>(bytes));
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(read == texts);
}

TEST_CASE("both ways of opening a file below a directory stay below it") {
  StoreFolder site;
  write(site.outside() / "file", "outside");
  fs::create_directories(site.store() / "dir" / "sub");
  write(site.store() / "dir" / "sub" / "image", "text");
  fs::create_symlink("../outside/file", site.store() / "out");
  fs::create_directory_symlink("../outside", site.store() / "out-dir");
  fs::create_symlink("sub/image", site.store() / "dir" / "in");
  fs::create_directory_symlink("dir", site.store() / "in-dir");
  const OpenedFile directory = open_directory(site.store());
  REQUIRE(directory.file);

  struct Case {
    const char* path;
    int error;               // of openat2
    int error_by_component;  // stricter: no symlink at all
  };
  const std::vector<Case> cases = {
      {"dir/sub/image", 0, 0},
      {"dir//./sub/image", 0, 0},
      {".", 0, 0},
      {"dir/sub/image/", ENOTDIR, ENOTDIR},
      {"dir/sub/image/x", ENOTDIR, ENOTDIR},
      {"dir/none/image", ENOENT, ENOENT},
      {"none", ENOENT, ENOENT},
      {"out", EXDEV, ELOOP},
      {"out/", EXDEV, ELOOP},
      {"out-dir/file", EXDEV, ELOOP},
      {"out-dir/", EXDEV, ELOOP},
      {"../outside/file", EXDEV, EXDEV},
      {"dir/../../outside/file", EXDEV, EXDEV},
      {"/etc/passwd", EXDEV, EXDEV},
      {"dir/in", 0, ELOOP},
      {"in-dir/sub/image", 0, ELOOP},
  };
  for (const int flags : {O_RDONLY | O_NONBLOCK, O_PATH})
    for (const Case& expected : cases) {
      INFO(expected.path << " with flags " << flags);
      const OpenedFile by_openat2 = open_beneath(directory.file, expected.path, flags);
      CHECK(by_openat2.error == expected.error);
      CHECK(static_cast<bool>(by_openat2.file) == (expected.error == 0));
      const OpenedFile by_component =
          open_beneath_by_component(directory.file, expected.path, flags);
      CHECK(by_component.error == expected.error_by_component);
      CHECK(static_cast<bool>(by_component.file) == (expected.error_by_component == 0));
    }
}

TEST_CASE("images are read and links refused where the kernel has no openat2") {
  StoreFolder site;
  fs::create_directories(site.store() / "dir");
  write(site.store() / "dir" / "image", "text");
  write(site.outside() / "file", "outside");
  fs::create_symlink("../outside/file", site.store() / "link");
  FileStore store({site.store()});
  bool hidden = false;
  std::string text(100, '\0');
  ReadFailure link;
  ReadFailure none;
  std::thread([&] {
    hidden = hide_call(SYS_openat2, ENOSYS) && syscall(SYS_openat2, -1, "", nullptr, 0) == -1 &&
             errno == ENOSYS;
    auto image = store.open(at(site.store() / "dir" / "image"));
    if (auto* source = std::get_if<0>(&image))
      text.resize(std::get<0>((*source)->read(std::as_writable_bytes(std::span(text)))));
    link = std::get<ReadFailure>(store.open(at(site.store() / "link")));
    none = std::get<ReadFailure>(store.open(at(site.store() / "none")));
  }).join();
  CHECK(hidden);
  CHECK(text == "text");
  CHECK(link.reason == "its path or a symbolic link leads out of the store directory");
  CHECK(none.result == ImageResult::missing);
}
