// SPDX-License-Identifier: Apache-2.0
#include "store/http/http_location.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "store/http/http_store.h"
#include "store/http/http_version.h"

using namespace backglance;

namespace {

std::string url_of(const std::string& uri) {
  const auto location = parse_http_location(uri);
  return location ? location->url() : "none";
}

TransferHead answer(std::map<std::string, std::string> headers, int status = 200,
                    std::optional<std::uint64_t> length = 1000) {
  TransferHead head;
  head.status = status;
  head.headers = std::move(headers);
  head.length = length;
  return head;
}

const std::string kDay = "Tue, 03 Mar 2026 ";

Location location_of(const std::string& uri) {
  return {.scheme = uri.substr(0, uri.find(':')), .uri = uri};
}

}  // namespace

TEST_CASE("an http location is read as Glance's driver reads it") {
  CHECK(url_of("http://example.org/a/b") == "http://example.org:80/a/b");
  CHECK(url_of("https://EXAMPLE.org/a") == "https://example.org:443/a");
  CHECK(url_of("http://example.org:8080") == "http://example.org:8080/");
  CHECK(url_of("http://example.org:/a") == "http://example.org:80/a");
  CHECK(url_of("http://[fd00::1]:8080/a") == "http://[fd00::1]:8080/a");
  CHECK(url_of("http://[FD00::1]/a") == "http://[fd00::1]:80/a");
  // The query stays, the fragment and the parameters of the last part go.
  CHECK(url_of("http://h.org/a?b=c&d=%20e#f") == "http://h.org:80/a?b=c&d=%20e");
  CHECK(url_of("http://h.org?b=c") == "http://h.org:80/?b=c");
  CHECK(url_of("http://h.org/a;x/b;y;z?q;r") == "http://h.org:80/a;x/b?q;r");
  CHECK(url_of("http://h.org/a#b?c") == "http://h.org:80/a");
  // As urlparse and requests clean it.
  CHECK(url_of(" http://h.org/a\tb\r\nc ") == "http://h.org:80/abc");
  CHECK(url_of("http://h.org/a b\xc3\xa4%2f%zz\"<") == "http://h.org:80/a%20b%C3%A4%2f%25zz%22%3C");
  CHECK(url_of("http://h.org/a/../b") == "http://h.org:80/a/../b");
}

TEST_CASE("credentials of an http location are decoded as requests does, and are in no URL") {
  const auto location = parse_http_location("https://us%40er:p%3Aw%2F@h.org:8443/a");
  REQUIRE(location);
  CHECK(location->user == "us@er");
  CHECK(location->password == "p:w/");
  CHECK(location->url() == "https://h.org:8443/a");
  CHECK(location->server() == "h.org:8443");
  const auto none = parse_http_location("http://@h.org/a");
  REQUIRE(none);
  CHECK(none->user.empty());
  const auto no_user = parse_http_location("http://:word@h.org/a");
  REQUIRE(no_user);
  CHECK(no_user->password.empty());
}

TEST_CASE("what Glance's driver refuses is no http location") {
  for (const char* uri : {"",
                          "http://",
                          "http:///a",
                          "https://:80/a",
                          "HTTP://h.org/a",
                          "ftp://h.org/a",
                          "/a",
                          "a",
                          "//h.org/a",
                          "http:/h.org/a",
                          "http://h.org:x/a",
                          "http://h.org:80:80/a",
                          "http://h.org:0/a",
                          "http://h.org:65536/a",
                          "http://h.org:+80/a",
                          "http://u@h.org/a",
                          "http://u:p:q@h.org/a",
                          "http://u:p@x@h.org/a",
                          "http://u:%00@h.org/a",
                          "http://h org/a",
                          "http://h%2eorg/a",
                          "http://h\xc3\xa4.org/a",
                          "http://[fd00::1/a",
                          "http://[h.org]/a",
                          "http://[fd00::1]x/a",
                          "http://[10.0.0.1]/a",
                          "http://h.org\\@evil.net/a"}) {
    CAPTURE(uri);
    CHECK(url_of(uri) == "none");
  }
}

TEST_CASE("a version is provable by a strong ETag, or by an old Last-Modified") {
  const std::string old = kDay + "05:00:00 GMT";
  const auto provable = [&](std::map<std::string, std::string> headers) {
    return HttpVersion::of(answer(std::move(headers))).is_provable;
  };
  CHECK(provable({{"etag", "\"a\""}}));
  CHECK(provable({{"last-modified", old}, {"date", kDay + "05:01:01 GMT"}}));
  CHECK(provable({{"etag", "W/\"a\""}, {"last-modified", old}, {"date", kDay + "05:01:01 GMT"}}));
  CHECK_FALSE(provable({}));
  CHECK_FALSE(provable({{"etag", "W/\"a\""}}));
  CHECK_FALSE(provable({{"etag", "\"\""}}));
  CHECK_FALSE(provable({{"etag", "a"}}));
  // Whole seconds: it may change once more in the same one.
  CHECK_FALSE(provable({{"last-modified", old}, {"date", kDay + "05:01:00 GMT"}}));
  CHECK_FALSE(provable({{"last-modified", old}}));
  CHECK_FALSE(provable({{"last-modified", "yesterday"}, {"date", kDay + "05:01:01 GMT"}}));
  CHECK_FALSE(provable({{"last-modified", "0"}, {"date", kDay + "05:01:01 GMT"}}));
}

TEST_CASE("two answers are of one version if all that the first says is the same in the second") {
  const auto of = [](const char* etag, const char* modified, std::uint64_t length) {
    return HttpVersion::of(answer({{"etag", etag}, {"last-modified", modified}}, 200, length));
  };
  const HttpVersion one = of("\"a\"", "x", 10);
  CHECK(one.is_same(of("\"a\"", "x", 10)));
  CHECK(one.is_same(of("\"a\"", "", 10)));
  CHECK_FALSE(one.is_same(of("\"b\"", "x", 10)));
  CHECK_FALSE(one.is_same(of("", "x", 10)));
  CHECK_FALSE(one.is_same(of("\"a\"", "y", 10)));
  CHECK_FALSE(one.is_same(of("\"a\"", "x", 11)));
  CHECK_FALSE(one.is_same(HttpVersion::of(answer({{"etag", "\"a\""}}, 200, std::nullopt))));
  CHECK_FALSE(of("W/\"a\"", "x", 10).is_same(of("W/\"a\"", "", 10)));
  CHECK(one.condition() == std::pair<std::string, std::string>("If-Match", "\"a\""));
  CHECK(of("W/\"a\"", "x", 10).condition() ==
        std::pair<std::string, std::string>("If-Unmodified-Since", "x"));
}

TEST_CASE("the length of a part is that of the whole") {
  const auto length = [](const std::string& range, std::optional<std::uint64_t> part) {
    return HttpVersion::of(answer({{"content-range", range}}, 206, part)).length;
  };
  CHECK(length("bytes 10-19/100", 10) == 100);
  CHECK(length("bytes 10-19/*", 10) == std::nullopt);
  CHECK(length("nonsense", 10) == std::nullopt);
}

TEST_CASE("an http identity has no text of the server, and is never equal without a proof") {
  const auto location = parse_http_location("https://user:word@h.org/a?token=secret");
  REQUIRE(location);
  const HttpVersion version = HttpVersion::of(answer({{"etag", "\"a\""}}));
  const std::string identity = version.identity(*location);
  CHECK(identity.size() == 5 + 64);
  CHECK(identity.starts_with("http:"));
  CHECK(is_same_object(identity, version.identity(*location)));
  CHECK(is_same_object(identity,
                       version.identity(*parse_http_location("https://h.org/a?token=secret"))));
  CHECK_FALSE(is_same_object(identity, version.identity(*parse_http_location("https://h.org/b"))));
  const HttpVersion none = HttpVersion::of(answer({}));
  CHECK_FALSE(is_same_object(none.identity(*location), none.identity(*location)));
}

TEST_CASE("an http place is one server, and is named only if a rule names it") {
  const StoreHooks hooks;
  HttpStore store({}, {{"images.example.org", "10.0.0.7:8080", "10.1.0.0/16", "public"}}, hooks);
  const auto place = [&](const char* uri) { return store.place_of(location_of(uri)); };
  CHECK(place("https://user:word@IMAGES.example.org/secret") == "http host images.example.org:443");
  CHECK(place("http://10.0.0.7:8080/a") == "http host 10.0.0.7:8080");
  // One image of a stranger's server that opens says nothing of the images of another server.
  std::set<std::string> places;
  for (const char* uri : {"http://10.1.2.3/a", "https://user.example.net/a", "http://8.8.8.8/a",
                          "http://user.example.net/a", "http://other.example.net/a"}) {
    CAPTURE(uri);
    const std::string there = place(uri);
    CHECK(there.starts_with("http host allowed by address, "));
    CHECK(there.size() == 30 + 16);
    CHECK(there.find("example") == std::string::npos);
    CHECK(places.insert(there).second);
    REQUIRE(store.traits(there));
    CHECK(store.traits(there)->shared == "http hosts allowed by address");
  }
  CHECK(place("https://user:word@USER.example.net/b") == place("https://user.example.net/a"));
  for (const char* uri :
       {"http://10.0.0.7/a", "http://127.0.0.1/a", "https://user.example.net:22/a",
        "http://169.254.169.254/a", "http://nonsense:x/a"}) {
    CAPTURE(uri);
    CHECK(place(uri).empty());
  }
  CHECK(store.traits("http host images.example.org:443"));
  CHECK_FALSE(store.traits("/srv/images"));
  CHECK_FALSE(store.traits("bucket images of store fast"));
  CHECK(store.survey().empty());
}

TEST_CASE("a least rate is one over a whole window, and not at each moment") {
  using std::chrono::seconds;
  LeastRate rate(1000, seconds(60));
  CHECK(rate.is_met(seconds(59), 0));
  CHECK(rate.is_met(seconds(1), 60'000));
  CHECK(rate.is_met(seconds(59), 59'999));
  CHECK_FALSE(rate.is_met(seconds(1), 0));
  // By its defaults, it bears an outage of a minute, and not 2 KiB/s.
  LeastRate usual;
  CHECK(usual.is_met(seconds(120), 0));
  CHECK(usual.is_met(seconds(60), 8 << 20));
  bool is_met = true;
  for (int second = 0; second < 301; ++second)
    is_met = is_met && usual.is_met(seconds(1), 2048);
  CHECK_FALSE(is_met);
}

TEST_CASE("http locations are switched off without a rule") {
  const StoreHooks hooks;
  HttpStore store({}, {}, hooks);
  const auto opened = store.open(location_of("http://example.org/a"));
  REQUIRE(std::holds_alternative<AttemptFailure>(opened));
  CHECK(std::get<AttemptFailure>(opened).result == ImageResult::store_not_supported);
  CHECK(std::get<AttemptFailure>(opened).kind == FailureKind::image);
  CHECK(store.place_of(location_of("http://example.org/a")).empty());
}

TEST_CASE("an address that no rule allows is refused before its name is looked up") {
  const StoreHooks hooks;
  HttpStore store({}, {{"public"}}, hooks);
  for (const char* uri : {"http://127.0.0.1/a", "http://[::1]/a", "https://example.org:22/a"}) {
    CAPTURE(uri);
    const auto opened = store.open(location_of(uri));
    REQUIRE(std::holds_alternative<AttemptFailure>(opened));
    CHECK(std::get<AttemptFailure>(opened).result == ImageResult::unreadable);
    CHECK(std::get<AttemptFailure>(opened).kind == FailureKind::image);
  }
}
