// SPDX-License-Identifier: Apache-2.0
#include "glance/location.h"

#include "glance/location_order.h"

#include <catch2/catch.hpp>
#include <string>

using namespace backglance;

namespace {

const std::string kKey16 = "0123456789abcdef";
const std::string kSealed16 = "AAECAwQFBgcICQoLDA0OD5NHrv9bFTc_66xBs-CzyUOp6YgLfLk4fcvxAYUQgubd";
const std::string kPlain = "file:///srv/a.img";

std::string uri_of(const std::string& stored, const std::string& key) {
  const auto location = read_location(stored, key);
  return location ? location->uri : "nothing";
}

std::string path_of(const std::string& uri) {
  const auto location = read_location(uri, "");
  REQUIRE(location);
  return file_path(*location).value_or("nothing");
}

}  // namespace

TEST_CASE("a location in plain text is taken whole, with a key and without") {
  for (const std::string& key : {std::string(), kKey16}) {
    const auto location = read_location("s3+https://access:se/cr+et@host/bucket/key?a#b", key);
    REQUIRE(location);
    CHECK(location->scheme == "s3+https");
    CHECK(location->uri == "s3+https://access:se/cr+et@host/bucket/key?a#b");
  }
  CHECK(read_location("FILE:///a", "")->scheme == "file");
}

TEST_CASE("a scheme that no Glance knows is distinguished from an encrypted value") {
  CHECK(read_location("foo://x", kKey16)->scheme == "foo");
  CHECK(read_location("sheepdog://a", "")->scheme == "sheepdog");
  CHECK_FALSE(read_location("://x", ""));
  CHECK_FALSE(read_location("1a://x", ""));
  CHECK_FALSE(read_location(" file:///a", ""));
  CHECK_FALSE(read_location("fi le:///a", ""));
  CHECK_FALSE(read_location("file:/a", ""));
}

TEST_CASE("an encrypted location is decrypted with keys of each length") {
  CHECK(uri_of(kSealed16, kKey16) == kPlain);
  CHECK(uri_of("AAECAwQFBgcICQoLDA0OD586VLo1pUdxZ8D54K5HWBhWDxNQPNptrYwQPQ8nckPw",
               "0123456789abcdef01234567") == kPlain);
  CHECK(uri_of("AAECAwQFBgcICQoLDA0OD5IkHhZaIdr7EIeqzSY7FcgnBYtdNxNc-4xuhP5P1qw4",
               "0123456789abcdef0123456789abcdef") == kPlain);
  CHECK(read_location(kSealed16, kKey16)->scheme == "file");
}

TEST_CASE("a value that the key does not decrypt gives no location") {
  CHECK_FALSE(read_location(kSealed16, ""));
  CHECK_FALSE(read_location(kSealed16, "0123456789abcdeX"));
  CHECK_FALSE(read_location(kSealed16, "0123456789abcde"));
  CHECK_FALSE(read_location(kSealed16, "0123456789abcdef0"));
  CHECK_FALSE(read_location(kSealed16, "0123456789abcdef0123456789abcdef"));
}

TEST_CASE("a value that decrypts to an unknown scheme or to bad UTF-8 gives no location") {
  // Made with kKey16 and an IV of zeros.
  CHECK_FALSE(
      read_location("AAAAAAAAAAAAAAAAAAAAAOMgbfoHX5-ferE3O5nLJrwaaSmAIBTV6d5BKqZivVcd", kKey16));
  CHECK_FALSE(read_location("AAAAAAAAAAAAAAAAAAAAAH5NgBvQ9vhDbNiy9xjPhwc=", kKey16));
  CHECK(uri_of("AAAAAAAAAAAAAAAAAAAAAG7uNAwigpqpCPu3kt0YoG6ymdWhuWKa5T8LJElKnqp6", kKey16) ==
        "file:///srv/\xc3\xa4\xe2\x82\xac\xf0\x9f\x92\xbf");
}

TEST_CASE("the padding ends at the last zero byte, which a whole block of it begins with") {
  CHECK(uri_of("AAAAAAAAAAAAAAAAAAAAAPb_Dnv6YDfMaKH_8h5gaS9kBREo4RN_n4PX0uYKEyMv", kKey16) ==
        "file:///srv/1234");
  CHECK_FALSE(
      read_location("AAAAAAAAAAAAAAAAAAAAADHuY7Zb_UyFc_anxp6meILl2RHeUMyihhdZPTR-L_3B", kKey16));
  CHECK_FALSE(read_location(
      "AAAAAAAAAAAAAAAAAAAAAPF2yS0M0eLdvAgTV4d6cjB33v6E_MJau2ruLEJL2yEAE_MXsFC3QcbH3OBdDtmtCg==",
      kKey16));
}

TEST_CASE("base64 is read as Python reads it") {
  CHECK(uri_of(kSealed16.substr(0, 20) + '\n' + kSealed16.substr(20), kKey16) == kPlain);
  std::string standard = kSealed16;
  standard[standard.find('_')] = '/';
  standard[standard.find('-')] = '+';
  CHECK(uri_of(standard, kKey16) == kPlain);
  CHECK(uri_of(kSealed16 + "====", kKey16) == kPlain);
  CHECK(uri_of("AAAAAAAAAAAAAAAAAAAAAFJfWQAM-XQpYQu6uPQye3Y=", kKey16) == "rbd://f/p/i/s");
}

TEST_CASE("broken values give no location and throw nothing") {
  for (const std::string& stored : {
           std::string(),
           std::string("="),
           std::string("===="),
           std::string("AAAA"),
           kSealed16.substr(0, 63),
           kSealed16.substr(0, 62),
           kSealed16.substr(0, 61),
           kSealed16.substr(0, 60),
           kSealed16.substr(0, 44),
           kSealed16.substr(0, 22) + "==",
           std::string("\xff\xfe\x80"),
           std::string(100, '\0'),
           std::string(1 << 16, 'A'),
           std::string((1 << 20) + 1, 'A'),
           std::string(1 << 20, '\xc3'),
       }) {
    CAPTURE(stored.size());
    CHECK_FALSE(read_location(stored, kKey16));
  }
}

TEST_CASE("a location of 64 KiB and more is read whole") {
  const std::string uri = "file:///" + std::string(70'000, 'a');
  CHECK(uri_of(uri, kKey16) == uri);
}

TEST_CASE("the path of a file location is cut as Glance cuts it, and not percent-decoded") {
  CHECK(path_of("file:///var/lib/glance/images/x") == "/var/lib/glance/images/x");
  CHECK(path_of("filesystem:///x") == "/x");
  CHECK(path_of("file:///a%20b%2F") == "/a%20b%2F");
  CHECK(path_of("file:///a;b?c#d") == "/a;b");
  CHECK(path_of("file:///a#b?c") == "/a");
  CHECK(path_of("file:////a") == "//a");
  CHECK(path_of("file:///[x]") == "/[x]");
  CHECK(path_of("file:///a\r\n\tb") == "/ab");
  CHECK(path_of("file:// /x \x1f") == "/x");
  CHECK(path_of("file:///a b") == "/a b");
  CHECK(path_of("file:///\xff\xfe") == "/\xff\xfe");
}

TEST_CASE("a location that Glance's file store would not open has no path") {
  CHECK(path_of("file://host/x") == "nothing");
  CHECK(path_of("file://x") == "nothing");
  CHECK(path_of("file://") == "nothing");
  CHECK(path_of("file://?x/y") == "nothing");
  CHECK(path_of("FILE:///x") == "nothing");
  CHECK(path_of("rbd:///x") == "nothing");
  CHECK(path_of("https://h/x") == "nothing");
  CHECK(path_of(std::string("file:///a\0b", 11)) == "nothing");
}

TEST_CASE("the store id is that of Train, else that of Rocky") {
  CHECK(store_id(R"({"store": "fast"})") == "fast");
  CHECK(store_id(R"({"backend": "slow"})") == "slow");
  CHECK(store_id(R"({"backend": "slow", "store": "fast", "id": "x"})") == "fast");
  CHECK(store_id(R"({"store": null, "backend": "slow"})") == "slow");
  CHECK(store_id(R"({"store": "a", "store": "b"})") == "b");
  CHECK(store_id(R"({"store": "\u00e4"})") == "\xc3\xa4");
}

TEST_CASE("locations are tried in the order of the ids, unless Glance is configured otherwise") {
  Site site;
  CHECK(LocationOrder(site).is_by_id());
  SECTION("by the weights of the stores") {
    site.store_weights = {{"fast", 10}, {"slow", -5}};
    const LocationOrder order(site);
    CHECK_FALSE(order.is_by_id());
    const auto place = [&](const char* meta_data) { return order.place_of(meta_data, "file"); };
    CHECK(place(R"({"store": "fast"})") < place(R"({"store": "another"})"));
    CHECK(place("{}") == place(R"({"store": "another"})"));
    CHECK(place("{}") < place(R"({"backend": "slow"})"));
  }
  SECTION("by the types of the stores") {
    site.store_type_preference = {"rbd", "swift", "file"};
    const LocationOrder order(site);
    CHECK_FALSE(order.is_by_id());
    CHECK(order.place_of("{}", "rbd") < order.place_of("{}", "swift+https"));
    CHECK(order.place_of("{}", "swift+https") < order.place_of("{}", "filesystem"));
    CHECK(order.place_of("{}", "file") < order.place_of("{}", "https"));
    CHECK(order.place_of("{}", "https") == order.place_of("{}", ""));
  }
}

TEST_CASE("meta data that name no store give none, broken JSON among them") {
  for (const std::string& text : {
           std::string(),
           std::string("{}"),
           std::string("null"),
           std::string("[\"store\"]"),
           std::string("{\"store\": 7}"),
           std::string("{\"store\": {\"backend\": \"x\"}}"),
           std::string("{\"store\": \"x\""),
           std::string("{'store': 'x'}"),
           std::string("{\"store\": \"\xff\"}"),
           std::string("{\"store\": \"x\"} x"),
           std::string(1 << 20, '['),
           std::string(1 << 20, '{'),
       }) {
    CAPTURE(text.size());
    CHECK(store_id(text).empty());
  }
}
