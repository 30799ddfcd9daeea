// SPDX-License-Identifier: Apache-2.0
#include "store/swift/swift_location.h"

#include <catch2/catch.hpp>
#include <string>

using namespace backglance;
using Form = SwiftLocation::Form;

TEST_CASE("a location by reference names a section, a container and an object") {
  const auto location = parse_swift_location("swift+config://ref1/images/71c6-a%20b");
  REQUIRE(location);
  CHECK(location->form == Form::reference);
  CHECK(location->reference == "ref1");
  CHECK(location->container == "images");
  // The driver does not percent-decode the name.
  CHECK(location->object == "71c6-a%20b");
  CHECK_FALSE(parse_swift_location("swift+config://ref1/more/images/71c6"));
  CHECK_FALSE(parse_swift_location("swift+config://ref1/71c6"));
}

TEST_CASE("credentials in a location are decoded as a whole and split at the last colon") {
  const auto location = parse_swift_location(
      "swift+http://service%3Aglance:p%40ss%25@auth.example:5000/v3/images/71c6");
  REQUIRE(location);
  CHECK(location->form == Form::credentials);
  CHECK(location->user == "service:glance");
  CHECK(location->key == "p@ss%");
  CHECK(location->url == "http://auth.example:5000/v3");
  CHECK(location->container == "images");
  CHECK(location->object == "71c6");
  const auto plain = parse_swift_location("swift://a:b:key@[fd00::1]:8080/auth/v1.0/images/71c6");
  REQUIRE(plain);
  CHECK(plain->user == "a:b");
  CHECK(plain->key == "key");
  CHECK(plain->url == "https://[fd00::1]:8080/auth/v1.0");
}

TEST_CASE("a location without credentials is a storage URL") {
  const auto location = parse_swift_location("swift+https://swift.example/v1/AUTH_1/images/71c6");
  REQUIRE(location);
  CHECK(location->form == Form::storage_url);
  CHECK(location->url == "https://swift.example/v1/AUTH_1");
  CHECK(location->user.empty());
  CHECK(location->key.empty());
}

TEST_CASE("a location ends at a query or a fragment") {
  const auto location = parse_swift_location("swift+https://swift.example/v1/images/71c6?a=b#c");
  REQUIRE(location);
  CHECK(location->object == "71c6");
}

TEST_CASE("what Glance's swift driver refuses is no location") {
  for (const char* uri : {
           "swift+http://u:k@http://auth.example/v3/images/71c6",  // two schemes
           "SWIFT://u:k@auth.example/v3/images/71c6",              // case
           "s3://u:k@auth.example/images/71c6",
           "swift://u:k@auth@example/v3/images/71c6",     // two '@'
           "swift://uk@auth.example/v3/images/71c6",      // no colon
           "swift://u:ke/y@auth.example/v3/images/71c6",  // a '/' that is not encoded: no host
           "swift://auth.example/71c6",
           "swift://auth.example",
           "swift:///images/71c6",
           "swift://auth.example/v1/images/",
           "swift://auth.example/v1//71c6",
           "swift://auth.example:0/v1/images/71c6",
           "swift://auth.example:99999/v1/images/71c6",
           "swift://auth.example/v1/images/..",
           "swift://auth.example/v1/../x/images/71c6",
           "swift://u%0D%0AX:k@auth.example/v3/images/71c6",  // another header
           "swift://auth example/v1/images/71c6",
       })
    CHECK_FALSE(parse_swift_location(uri));
}

TEST_CASE("tokens go to one scheme, host and port") {
  const auto url = parse_swift_url("https://Swift.example/v1/AUTH_1/");
  REQUIRE(url);
  CHECK(url->host == "swift.example");
  CHECK(url->port == 443);
  CHECK(url->path == "/v1/AUTH_1");
  CHECK(url->is_same_server(*parse_swift_url("https://swift.example:443/v1/AUTH_2")));
  CHECK_FALSE(url->is_same_server(*parse_swift_url("http://swift.example:443/v1")));
  CHECK_FALSE(url->is_same_server(*parse_swift_url("https://swift.example:8080/v1")));
  CHECK_FALSE(url->is_same_server(*parse_swift_url("https://swift.example.net/v1")));
  CHECK_FALSE(parse_swift_url("https://user@swift.example/v1"));
  CHECK_FALSE(parse_swift_url("https://swift.example/v1?x"));
  CHECK_FALSE(parse_swift_url("ftp://swift.example/v1"));
  CHECK_FALSE(parse_swift_url("https://"));
}

TEST_CASE("names are percent-encoded as Swift's own client does") {
  CHECK(quote_swift_name("a b%20/\xC3\xA9?#~._-") == "a%20b%2520/%C3%A9%3F%23~._-");
  CHECK(unquote_swift_name("images/a%20b%") == "images/a b%");
  CHECK(unquote_swift_name("%zz%4") == "%zz%4");
  CHECK(unquote_swift_name("%C3%a9") == "\xC3\xA9");
}
