// SPDX-License-Identifier: Apache-2.0
// How requests to S3 stores are addressed and signed.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "store/s3/s3_endpoint.h"
#include "store/s3/sigv4.h"

using namespace backglance;

namespace {

using Time = std::chrono::system_clock::time_point;

Time at(int year, unsigned month, unsigned day, int hour, int minute, int second) {
  using namespace std::chrono;
  return sys_days(std::chrono::year(year) / std::chrono::month(month) / std::chrono::day(day)) +
         hours(hour) + minutes(minute) + seconds(second);
}

const Time kNow = at(2026, 3, 4, 5, 6, 7);

std::string signature(const S3Unsigned& request, const S3Keys& keys, std::string_view region,
                      Time now = kNow) {
  const S3Fields headers = s3_signature(request, keys, region, now);
  REQUIRE(headers.at(0).first == "authorization");
  const std::string& text = headers.at(0).second;
  return text.substr(text.find("Signature=") + 10);
}

S3Endpoint endpoint(std::string_view text) {
  return std::get<S3Endpoint>(parse_s3_endpoint(text));
}

std::string url(std::string_view host, S3UrlFormat format, std::string_view bucket,
                std::string_view key = "k") {
  return s3_target(endpoint(host), format, bucket, key).url({});
}

bool is_refused(std::string_view host) {
  return std::holds_alternative<std::string>(parse_s3_endpoint(host));
}

}  // namespace

// docs.aws.amazon.com, "Amazon S3 API Reference", "Signature Calculations for the Authorization
// Header", examples "GET Object" and "Get Bucket (List Objects)".
TEST_CASE("requests are signed as AWS's examples are") {
  const S3Keys keys = {"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
  const Time then = at(2013, 5, 24, 0, 0, 0);
  const std::string host = "examplebucket.s3.amazonaws.com";
  const S3Unsigned get = {
      .host = host, .path = "/test.txt", .also_signed = {{"range", "bytes=0-9"}}};
  const S3Fields headers = s3_signature(get, keys, "us-east-1", then);
  CHECK(headers ==
        S3Fields{{"authorization",
                  "AWS4-HMAC-SHA256 "
                  "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                  "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
                  "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
                 {"x-amz-content-sha256",
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
                 {"x-amz-date", "20130524T000000Z"}});
  const S3Unsigned list = {.host = host, .query = {{"prefix", "J"}, {"max-keys", "2"}}};
  CHECK(signature(list, keys, "us-east-1", then) ==
        "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// Computed with botocore 1.29 (S3SigV4Auth).
TEST_CASE("requests are signed as botocore signs them") {
  CHECK(
      signature({.host = "127.0.0.1:8080", .path = "/images/" + s3_encode("a b+c~d/\xc3\xa9", "/")},
                {"AKID", "secret"},
                "us-east-1") == "f5b3777c55e57e623601ed04171e879a8b0aec88f919ca7f6ea14c5fc70c8946");
  CHECK(signature({.host = "bucket.s3.eu-west-1.amazonaws.com",
                   .path = "/key",
                   .query = {{"versionId", "a/b=="}}},
                  {"AK/ID+1", "se/cr+et=="}, "eu-west-1") ==
        "05b2169ad5aaa8a928d8607af3c7ca92e6ae67053ce34ccb1e46325bd4c4922f");
  CHECK(signature({.host = "[::1]:8080",
                   .path = "/images",
                   .query = {{"max-keys", "1"}, {"list-type", "2"}}},
                  {"AKID", "secret"}, "us-east-1") ==
        "c7a80850cf5fca354dc9d058bd22ab1bd7697259889783c61da5a6e100956b35");
  CHECK(signature({.method = "HEAD", .host = "s3.example.org", .path = "/images/x"},
                  {"test:tester", "testing"}, "RegionOne") ==
        "732eb9a33c25015200be0cd1e909b3a7a0fca5296cbf5367bd9d4fe25033663a");
}

TEST_CASE("a path and a query are percent-encoded once") {
  CHECK(s3_encode("AZaz09-._~") == "AZaz09-._~");
  CHECK(s3_encode("a/b", "/") == "a/b");
  CHECK(s3_encode("a/b") == "a%2Fb");
  CHECK(s3_encode(" +%?#&=\xff") == "%20%2B%25%3F%23%26%3D%FF");
  CHECK(s3_query({{"b", "2"}, {"a b", "1/1"}, {"a", ""}}) == "a=&a%20b=1%2F1&b=2");
}

TEST_CASE("s3_store_host is the URL of a server") {
  CHECK(endpoint("https://S3.Example.org/").host == "s3.example.org");
  CHECK(endpoint("https://h:443").authority() == "h");
  CHECK(endpoint("http://h:443").authority() == "h:443");
  CHECK(endpoint("http://h:80/").authority() == "h");
  CHECK(endpoint("http://127.0.0.1:8080").authority() == "127.0.0.1:8080");
  CHECK(endpoint("http://[::1]:8080").authority() == "[::1]:8080");
  CHECK(endpoint("http://[fd00::1]").authority() == "[fd00::1]");
  CHECK(endpoint("https://h/S3/gw/").base == "/S3/gw");
  CHECK_FALSE(endpoint("http://h").is_tls);
  CHECK(endpoint("https://h").is_tls);
  for (const char* wrong :
       {"", "s3.example.org", "127.0.0.1", "https://", "https://user:x@h", "https://h?x",
        "https://h#x", "https://h:0", "https://h:65536", "https://h:x",
        "https://h:", "https://[::1", "https://[::1]x", "https://a b", "https://::1", "ftp://h"})
    CHECK(is_refused(wrong));
}

TEST_CASE("only an AWS host may stand without a scheme, and is asked with https") {
  CHECK(endpoint("s3-eu-west-1.amazonaws.com").is_tls);
  CHECK(endpoint("s3.cn-north-1.amazonaws.com.cn").is_aws());
  CHECK_FALSE(endpoint("http://s3.amazonaws.com").is_tls);
  CHECK(is_refused("s3.amazonaws.com.example.org"));
  CHECK(is_refused("amazonaws.com"));
}

TEST_CASE("the region is in the name of an AWS host") {
  CHECK(s3_region_of("s3.eu-west-1.amazonaws.com") == "eu-west-1");
  CHECK(s3_region_of("s3-ap-southeast-2.amazonaws.com") == "ap-southeast-2");
  CHECK(s3_region_of("s3.dualstack.eu-central-1.amazonaws.com") == "eu-central-1");
  CHECK(s3_region_of("s3.cn-north-1.amazonaws.com.cn") == "cn-north-1");
  CHECK(s3_region_of("bucket.vpce-1a-2b.s3.us-east-1.vpce.amazonaws.com") == "us-east-1");
  CHECK(s3_region_of("s3.amazonaws.com") == "");
  CHECK(s3_region_of("s3-external-1.amazonaws.com") == "");
  CHECK(s3_region_of("s3.eu-west-1.example.org") == "");
}

TEST_CASE("a bucket is in the path, or in the host name") {
  using enum S3UrlFormat;
  CHECK(url("http://h:8080", automatic, "images") == "http://h:8080/images/k");
  CHECK(url("http://h:8080", path, "images") == "http://h:8080/images/k");
  CHECK(url("http://h:8080", virtual_host, "images") == "http://images.h:8080/k");
  CHECK(url("https://h/gw", virtual_host, "images") == "https://images.h/gw/k");
  CHECK(url("https://h/gw/", path, "images") == "https://h/gw/images/k");
  CHECK(url("http://h", virtual_host, "images", "") == "http://images.h/");
  CHECK(url("http://h", path, "images", "") == "http://h/images");
  CHECK(url("http://h", path, "images", "a b/\xc3\xa9+") == "http://h/images/a%20b/%C3%A9%2B");
  // No host name, no certificate.
  for (const char* bucket : {"Images", "my_images", "a.b", "ab", "-ab", "ab-"})
    CHECK(url("https://h", virtual_host, bucket) == "https://h/" + std::string(bucket) + "/k");
  CHECK(url("http://127.0.0.1", virtual_host, "images") == "http://127.0.0.1/images/k");
  CHECK(url("http://[::1]:1", virtual_host, "images") == "http://[::1]:1/images/k");

  CHECK(url("s3-eu-west-1.amazonaws.com", automatic, "images") ==
        "https://images.s3-eu-west-1.amazonaws.com/k");
  CHECK(url("s3-eu-west-1.amazonaws.com", automatic, "a.b") ==
        "https://s3-eu-west-1.amazonaws.com/a.b/k");
  CHECK(url("https://b.vpce-1-2.s3.us-east-1.vpce.amazonaws.com", automatic, "images") ==
        "https://b.vpce-1-2.s3.us-east-1.vpce.amazonaws.com/images/k");
  CHECK(s3_target(endpoint("http://h:8080"), virtual_host, "images", "k").host == "images.h:8080");
  CHECK(s3_target(endpoint("http://h"), path, "images", "k").url({{"versionId", "a/b"}}) ==
        "http://h/images/k?versionId=a%2Fb");
}
