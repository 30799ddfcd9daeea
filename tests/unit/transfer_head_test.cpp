// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>

#include "store/net/transfer.h"

using namespace backglance;
using std::chrono::seconds;

namespace {

TransferHead with(const std::string& name, const std::string& value, int status = 200) {
  TransferHead head;
  head.status = status;
  head.headers[name] = value;
  return head;
}

}  // namespace

TEST_CASE("a Content-Range says where it begins and how long the whole is") {
  const auto range = with("content-range", "bytes 5-9/100").content_range();
  REQUIRE(range);
  CHECK(range->first == 5);
  CHECK(range->last == 9);
  CHECK(range->whole == 100);
  const auto unknown = with("content-range", "Bytes 0-0/*").content_range();
  REQUIRE(unknown);
  CHECK_FALSE(unknown->whole);
  const auto end = with("content-range", "bytes */100", 416).content_range();
  REQUIRE(end);
  CHECK(end->first == 100);
  CHECK_FALSE(end->last);
  CHECK(end->whole == 100);
  for (const char* text :
       {"", "bytes", "bytes 5-9", "5-9/100", "bytes 9-5/100", "bytes 5-100/100", "bytes -5-9/100",
        "bytes 5-/100", "bytes a-b/c", "bytes 5-9/x", "bytes */*", "bytes 5-9/100, 1-2/100",
        "bytes 99999999999999999999-99999999999999999999/*", "items 5-9/100"}) {
    CAPTURE(text);
    CHECK_FALSE(with("content-range", text).content_range());
  }
}

TEST_CASE("Retry-After is seconds or a date") {
  CHECK(with("retry-after", "120").retry_after() == seconds(120));
  CHECK(with("retry-after", "0").retry_after() == seconds(0));
  CHECK(with("x", "y").retry_after() == seconds(0));
  // By the clock of the server, which may be years off.
  TransferHead head = with("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT");
  head.headers["date"] = "Fri, 31 Dec 1999 23:59:00 GMT";
  CHECK(head.retry_after() == seconds(59));
  CHECK(with("retry-after", "Fri, 31 Dec 1999 23:59:59 GMT").retry_after() == seconds(0));
  CHECK(with("retry-after", "99999999999999999999").retry_after() == seconds(0));
  CHECK(with("retry-after", "9999999999").retry_after() == std::chrono::hours(24));
  CHECK(with("retry-after", "soon").retry_after() == seconds(0));
  CHECK(with("retry-after", "-5").retry_after() == seconds(0));
}

TEST_CASE("a status is of the place, of the object, or passes") {
  const auto failure = [](int status) {
    return status_failure(with("retry-after", "7", status), "the object");
  };
  for (const int status : {401, 403})
    CHECK(failure(status).kind == FailureKind::place);
  for (const int status : {404, 410}) {
    CHECK(failure(status).kind == FailureKind::image);
    CHECK(failure(status).result == ImageResult::missing);
  }
  for (const int status : {408, 429, 498, 499, 500, 502, 503, 504, 507, 599}) {
    CAPTURE(status);
    CHECK(failure(status).kind == FailureKind::transient);
    CHECK_FALSE(failure(status).is_unreached);
    CHECK(failure(status).retry_after == seconds(7));
    CHECK(failure(status).is_overloaded == (status == 429 || status == 498 || status == 503));
  }
  for (const int status : {204, 206, 301, 302, 304, 400, 402, 405, 406, 412, 416, 418, 600}) {
    CAPTURE(status);
    CHECK(failure(status).kind == FailureKind::image);
    CHECK(failure(status).result == ImageResult::unreadable);
  }
}
