// SPDX-License-Identifier: Apache-2.0
#include "base/write_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/error.h"
#include "base/unfinished_file.h"

using namespace backglance;
namespace fs = std::filesystem;

namespace {

using Catch::Matchers::Contains;

struct Directory {
  fs::path path;
  Directory() {
    std::string name = (fs::temp_directory_path() / "write-file.XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Directory() { fs::remove_all(path); }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::string operator/(const std::string& name) const { return (path / name).string(); }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const fs::directory_entry& entry : fs::directory_iterator(path))
      out.push_back(entry.path().filename().string());
    return out;
  }
};

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return out.str();
}

mode_t mode_of(const std::string& path) {
  struct stat status = {};
  stat(path.c_str(), &status);
  return status.st_mode & 07777;
}

std::string failure_of(const std::string& path) {
  try {
    write_file(path, "text");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::io);
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a new file has its text, rights for a group and no other file beside it") {
  const Directory directory;
  write_file(directory / "a", std::string(1 << 20, 'x'));
  CHECK(content_of(directory / "a") == std::string(1 << 20, 'x'));
  CHECK(mode_of(directory / "a") == 0640);
  CHECK(directory.names() == std::vector<std::string>{"a"});
}

TEST_CASE("a replaced file keeps its rights, and who has it open keeps the old text") {
  const Directory directory;
  write_file(directory / "a", "old");
  chmod((directory / "a").c_str(), 0604);
  std::ifstream reader(directory / "a");
  write_file(directory / "a", "new");
  std::string read;
  reader >> read;
  CHECK(read == "old");
  CHECK(content_of(directory / "a") == "new");
  CHECK(mode_of(directory / "a") == 0604);
}

TEST_CASE("a link is followed by write_file and replaced by replace_file") {
  const Directory directory;
  write_file(directory / "a", "old");
  fs::create_symlink("a", directory / "link");
  write_file(directory / "link", "new");
  CHECK(fs::is_symlink(directory / "link"));
  CHECK(content_of(directory / "a") == "new");
  replace_file(directory / "link", "newest", 0644, "the file");
  CHECK_FALSE(fs::is_symlink(directory / "link"));
  CHECK(content_of(directory / "a") == "new");
  CHECK(content_of(directory / "link") == "newest");
}

TEST_CASE("the rights of a replaced file do not depend on the umask") {
  const Directory directory;
  const mode_t before = umask(077);
  replace_file(directory / "a", "text", 0644, "the file");
  umask(before);
  CHECK(mode_of(directory / "a") == 0644);
}

TEST_CASE("a file that cannot be written is named with the reason, and nothing is left behind") {
  const Directory directory;
  CHECK(failure_of(directory / "no/such") ==
        "cannot write " + (directory / "no/such") + ": No such file or directory");
  CHECK_THAT(failure_of(directory.path.string()), Contains("Is a directory"));
  CHECK_THAT(failure_of("/dev/full"), Contains("write /dev/full: No space left on device"));
  fs::create_directory(directory / "taken");
  CHECK_THROWS_WITH(replace_file(directory / "taken", "text", 0644, "metrics file taken"),
                    Contains("metrics file taken: Is a directory"));
  CHECK(directory.names() == std::vector<std::string>{"taken"});
}

TEST_CASE("a pipe is written to and stays a pipe") {
  const Directory directory;
  const std::string pipe = directory / "pipe";
  REQUIRE(mkfifo(pipe.c_str(), 0600) == 0);
  const int reader = open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  write_file(pipe, "text");
  std::string read(10, '\0');
  read.resize(static_cast<std::size_t>(::read(reader, read.data(), read.size())));
  close(reader);
  CHECK(read == "text");
  CHECK(directory.names() == std::vector<std::string>{"pipe"});
}

TEST_CASE("a file of another kind is refused and stays, an empty one is replaced") {
  const Directory directory;
  const FileKind kind = {"report", [](std::string_view head) { return head.starts_with("<!"); }};
  write_file(directory / "key", "-----BEGIN PRIVATE KEY-----");
  CHECK_THROWS_WITH(write_file(directory / "key", "<!new", kind), Contains("is not a report"));
  fs::create_symlink("key", directory / "link");
  for (const char* const name : {"key", "link"})
    CHECK_THROWS_WITH(replace_file(directory / name, "<!new", 0644, "the file", kind),
                      Contains("is not a report"));
  CHECK(content_of(directory / "link") == "-----BEGIN PRIVATE KEY-----");
  for (const char* const text : {"", "<!old"}) {
    write_file(directory / "page", text);
    write_file(directory / "page", "<!new", kind);
    CHECK(content_of(directory / "page") == "<!new");
  }
}

TEST_CASE("rights to write for everybody and to run are not passed on") {
  const Directory directory;
  write_file(directory / "a", "old");
  chmod((directory / "a").c_str(), 06777);
  write_file(directory / "a", "new");
  CHECK(mode_of(directory / "a") == 0664);
}

TEST_CASE("what a killed process has left is removed, what is being written is not") {
  const Directory directory;
  std::ofstream(directory / "a.part-abcDE1") << "half";
  std::ofstream(directory / "a.part-abcDE1.txt") << "another";
  std::ofstream(directory / "b.part-abcDE1") << "another";
  fs::create_directory(directory / "a.part-abcDE2");
  std::ofstream(directory / "a.part-abcDE2/a") << "half";
  const OutputPlace place(directory / "a", "a", LastLink::follow);
  {
    UnfinishedFile file(place);
    remove_unfinished(directory.path, [](std::string_view name) { return name == "a"; });
    CHECK(directory.names().size() == 3);
    write_all(file.descriptor(), "whole");
    file.finish(0600);
    CHECK(content_of(directory / "a") == "whole");
  }
  {
    // Whatever took the name since somebody looked is left as it is.
    const auto seen = place.status();
    fs::remove(directory / "a");
    std::ofstream(directory / "other") << "another's";
    fs::rename(directory / "other", directory / "a");
    UnfinishedFile late(place);
    write_all(late.descriptor(), "whole");
    CHECK_FALSE(late.replace(0600, seen));
    CHECK(content_of(directory / "a") == "another's");
    CHECK_FALSE(late.replace(0600, std::nullopt));
    fs::remove(directory / "a");
    fs::create_symlink("b", directory / "a");
    CHECK_FALSE(late.replace(0600, seen));
    CHECK(fs::is_symlink(directory / "a"));
    CHECK(late.replace(0600, place.status()));
    CHECK(content_of(directory / "a") == "whole");
  }
  CHECK(directory.names().size() == 3);
  UnfinishedFile second(place);
  CHECK_THROWS_WITH(second.finish(0600), Contains("File exists"));
}
