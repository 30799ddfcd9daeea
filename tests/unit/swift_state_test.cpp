// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "store/swift/swift_object.h"

using namespace backglance;
using Kind = SwiftState::Kind;

namespace {

TransferHead plain_head() {
  TransferHead head;
  head.status = 200;
  head.length = 5;
  head.headers = {{"etag", "5D41402ABC4B2A76B9719D911017C592"},
                  {"x-timestamp", "1796074881.28421"},
                  {"last-modified", "Mon, 30 Nov 2026 21:41:22 GMT"}};
  return head;
}

SwiftState state_of(const TransferHead& head) {
  return std::get<SwiftState>(read_state(head, head.length));
}

}  // namespace

TEST_CASE("the ETag of a plain object is the MD5 of its content") {
  CHECK(state_of(plain_head()).md5() == "5d41402abc4b2a76b9719d911017c592");
  TransferHead head = plain_head();
  head.headers["etag"] = "\"5d41402abc4b2a76b9719d911017c592\"";
  CHECK(state_of(head).md5() == "5d41402abc4b2a76b9719d911017c592");
  head.headers["etag"] = "\"5d41402abc4b2a76b9719d911017c592-2\"";
  CHECK_FALSE(state_of(head).md5());
}

TEST_CASE("the ETag of a large object is no MD5 of its content") {
  TransferHead head = plain_head();
  head.headers["x-static-large-object"] = "True";
  CHECK(state_of(head).kind == Kind::fixed);
  CHECK_FALSE(state_of(head).md5());
  head.headers.erase("x-static-large-object");
  head.headers["x-object-manifest"] = "images/a%20b-";
  CHECK(state_of(head).kind == Kind::dynamic);
  CHECK(state_of(head).manifest == "images/a b-");
  CHECK_FALSE(state_of(head).md5());
}

TEST_CASE("each header that identifies the content changes the identity") {
  const SwiftState state = state_of(plain_head());
  CHECK(state.identity().starts_with("swift:"));
  CHECK(state.identity().size() <= 128);
  CHECK(state.is_same(state_of(plain_head())));
  for (const char* name :
       {"etag", "x-timestamp", "last-modified", "x-object-version-id", "x-object-manifest"}) {
    TransferHead head = plain_head();
    head.headers[name] = "another";
    CHECK_FALSE(state.is_same(state_of(head)));
  }
  TransferHead longer = plain_head();
  longer.length = 6;
  CHECK_FALSE(state.is_same(state_of(longer)));
}

TEST_CASE("without length or ETag nothing can be proved, so the object is not read") {
  for (const char* missing : {"etag", ""}) {
    TransferHead head = plain_head();
    if (*missing != '\0')
      head.headers.erase(missing);
    else
      head.length.reset();
    const auto read = read_state(head, head.length);
    CHECK(std::get<AttemptFailure>(read).result == ImageResult::unreadable);
    CHECK(std::get<AttemptFailure>(read).kind == FailureKind::image);
  }
  TransferHead gateway = plain_head();
  gateway.headers["etag"] = "\"d41d8cd98f00b204e9800998ecf8427e\"";
  CHECK(std::holds_alternative<SwiftState>(read_state(gateway, gateway.length)));
  gateway.headers["x-static-large-object"] = "True";
  CHECK(std::holds_alternative<AttemptFailure>(read_state(gateway, gateway.length)));
  CHECK(std::holds_alternative<SwiftState>(read_state(gateway, 0)));
  TransferHead weak = plain_head();
  weak.headers["etag"] = "W/\"1\"";
  CHECK(std::holds_alternative<AttemptFailure>(read_state(weak, weak.length)));
}

TEST_CASE("a window of a dynamic large object has at most ten segments") {
  const SwiftWindows windows(2400, std::vector<std::uint64_t>(24, 100));
  CHECK(windows.end_after(0) == 1000);
  CHECK(windows.end_after(99) == 1000);
  CHECK(windows.end_after(100) == 1100);
  CHECK(windows.end_after(1000) == 2000);
  CHECK(windows.end_after(2000) == 2400);
  CHECK(windows.end_after(2399) == 2400);
  // The last one of Glance's segments is shorter.
  CHECK(SwiftWindows(1050, {500, 500, 50}).end_after(0) == 1050);
  // Empty segments count too: Swift asks for each.
  std::vector<std::uint64_t> some(12, 0);
  some[0] = some[11] = 7;
  const SwiftWindows sparse(14, some);
  CHECK(sparse.end_after(0) == 7);
  CHECK(sparse.end_after(7) == 14);
}

TEST_CASE("a window of segments that are not known is 64 MiB, and of any other object all of it") {
  const std::uint64_t mib = 1 << 20;
  const SwiftWindows blind(100 * mib, {});
  CHECK(blind.end_after(0) == 64 * mib);
  CHECK(blind.end_after(64 * mib) == 100 * mib);
  CHECK(SwiftWindows(100 * mib).end_after(1) == 100 * mib);
}

TEST_CASE("the sizes of segments come from the listing") {
  CHECK(read_segment_sizes(R"([{"name": "a", "bytes": 5}, {"name": "b", "bytes": 7}])") ==
        std::vector<std::uint64_t>{5, 7});
  CHECK(read_segment_sizes("[]") == std::vector<std::uint64_t>{});
  for (const char* text : {"", "{}", "[1]", R"([{"subdir": "a/"}])", R"([{"bytes": -1}])",
                           R"([{"bytes": "5"}])", R"([{"bytes": 5)"})
    CHECK_FALSE(read_segment_sizes(text));
}
