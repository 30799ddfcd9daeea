// SPDX-License-Identifier: Apache-2.0
#include "store/s3/s3_location.h"

#include <catch2/catch.hpp>
#include <string>

#include "glance/location.h"
#include "store/s3/s3_settings.h"

using namespace backglance;

namespace {

// "host|bucket|key|access|secret", or "refused".
std::string parts(std::string_view uri) {
  const auto parsed = parse_s3_location(uri);
  const auto* const is = std::get_if<S3Location>(&parsed);
  if (is == nullptr)
    return "refused";
  return is->host + "|" + is->bucket + "|" + is->key + "|" + is->keys.access + "|" +
         is->keys.secret;
}

S3Settings store(std::string id, std::string host, std::string bucket, S3Keys keys = {}) {
  S3Settings settings;
  settings.id = std::move(id);
  settings.endpoint = std::get<S3Endpoint>(parse_s3_endpoint(host));
  settings.bucket = std::move(bucket);
  settings.keys = std::move(keys);
  return settings;
}

std::string secrets_of(const std::vector<S3Keys>& keys) {
  std::string text;
  for (const S3Keys& key : keys)
    text += key.access + "=" + key.secret + " ";
  return text;
}

}  // namespace

TEST_CASE("an s3 location is parsed as Glance's driver parses it") {
  CHECK(parts("s3://AK:SK@s3.example.org/images/1f") == "s3.example.org|images|1f|AK|SK");
  CHECK(parts("s3+http://AK:SK@h:8080/b/k") == "h:8080|b|k|AK|SK");
  CHECK(parts("s3+https://AK:SK@h/b/k/") == "h|b|k|AK|SK");
  CHECK(parts("s3://AK:SK@[::1]:8080/b/k") == "[::1]:8080|b|k|AK|SK");
  CHECK(parts("s3://AK:SK@/b/k") == "|b|k|AK|SK");
  // The host may have a path: the last two parts are bucket and key.
  CHECK(parts("s3://AK:SK@h/gateway/b/k") == "h/gateway|b|k|AK|SK");
}

TEST_CASE("s3: a secret with '/' or '+' is read whole") {
  CHECK(parts("s3://AK:S/E+C/R@h/b/k") == "h|b|k|AK|S/E+C/R");
  CHECK(parts("s3://AK:S//R@h/b/k") == "h|b|k|AK|S//R");
  CHECK(parts("s3://AK:S%2FR@h/b/k") == "h|b|k|AK|S%2FR");
  CHECK(parts("s3://AK:/=@h/b/k") == "h|b|k|AK|/=");
  // The driver drops what follows a second colon: such keys fail there too.
  CHECK(parts("s3://test:tester:testing@h/b/k") == "h|b|k|test|tester");
}

TEST_CASE("s3: a row without credentials has no keys") {
  CHECK(parts("s3://h/b/k") == "h|b|k||");
  CHECK_FALSE(std::get<S3Location>(parse_s3_location("s3://h/b/k")).keys.are_set());
  CHECK_FALSE(std::get<S3Location>(parse_s3_location("s3://AK:@h/b/k")).keys.are_set());
}

TEST_CASE("the key of an s3 location is taken as it is, up to '?' or '#'") {
  CHECK(parts("s3://h/b/a%20b c+d~") == "h|b|a%20b c+d~||");
  CHECK(parts("s3://h/b/\xc3\xa9;x=1") == "h|b|\xc3\xa9;x=1||");
  CHECK(parts("s3://h/b/k?versionId=1") == "h|b|k||");
  CHECK(parts("s3://h/b/k#part") == "h|b|k||");
  CHECK(parts("s3://h/b/k\r\nx-amz-acl: y") == "h|b|kx-amz-acl: y||");
}

TEST_CASE("an s3 location that the driver cannot read is refused, and no part of it is shown") {
  const std::string secret = "SECRETSECRET";
  for (const std::string uri :
       {"S3://h/b/k", "swift://h/b/k", "s3://h/k", "s3://k", "s3://", "s3:///b/k", "s3://h//k",
        "s3://SECRETSECRET@h/b/k", "s3://AK:SECRETSECRET@x@h/b/k", "s3://AK:SECRETSECRET@h/k",
        "s3://AK:SECRETSECRET?@h/b/k", "s3://AK:SECRETSECRET@https://h/b/k", "s3://h/b a/k",
        "s3://h/../k", "s3://h/b/..", "s3://h/b/.", "s3://h/SECRETSECRET:x/k", "s3://h/b/\xff"}) {
    CAPTURE(uri);
    const auto parsed = parse_s3_location(uri);
    REQUIRE(std::holds_alternative<std::string>(parsed));
    const std::string& reason = std::get<std::string>(parsed);
    CHECK_FALSE(reason.empty());
    CHECK(reason.find(secret) == std::string::npos);
  }
  CHECK(parts("s3://h/b/" + std::string(1024, 'k')) != "refused");
  CHECK(parts("s3://h/b/" + std::string(1025, 'k')) == "refused");
  CHECK(parts("s3://h/" + std::string(256, 'b') + "/k") == "refused");
}

TEST_CASE("the store of an s3 row is found by its id, else by host and bucket") {
  const S3Settings fast = store("fast", "https://one.example.org", "images");
  const S3Settings slow = store("slow", "http://two.example.org:8080", "images");
  const S3Settings old = store("old", "https://one.example.org", "archive");
  const std::vector<const S3Settings*> all = {&fast, &slow, &old};
  const auto of = [&](std::string_view uri, std::string_view id) {
    return s3_candidates(all, std::get<S3Location>(parse_s3_location(uri)), id);
  };
  using Found = std::vector<const S3Settings*>;
  CHECK(of("s3://one.example.org/images/k", "slow") == Found{&slow});
  CHECK(of("s3://two.example.org:8080/images/k", "") == Found{&slow});
  CHECK(of("s3://One.Example.org/images/k", "renamed") == Found{&fast});
  CHECK(of("s3://three.example.org/archive/k", "") == Found{&old});
  CHECK(of("s3://three.example.org/images/k", "") == Found{&fast, &slow});
  CHECK(of("s3://three.example.org/other/k", "") == all);
}

TEST_CASE("s3: the keys of a row are tried first, then the configured ones for their bucket") {
  const S3Settings fast = store("fast", "https://h", "images", {"CK", "CS"});
  const auto keys = [&](std::string_view uri) {
    return secrets_of(s3_keys_for(fast, std::get<S3Location>(parse_s3_location(uri))));
  };
  CHECK(keys("s3://AK:SK@h/images/k") == "AK=SK CK=CS ");
  CHECK(keys("s3://h/images/k") == "CK=CS ");
  CHECK(keys("s3://AK:@h/images/k") == "CK=CS ");
  CHECK(keys("s3://CK:CS@h/images/k") == "CK=CS ");
  CHECK(keys("s3://CK:other@h/images/k") == "CK=other CK=CS ");
  // A user may register any bucket, and must not read it with the operator's rights.
  CHECK(keys("s3://AK:SK@h/backups/k") == "AK=SK ");
  CHECK(keys("s3://h/backups/k") == "");
  // It would become a part of a header.
  CHECK(keys("s3://A\x01K:SK@h/images/k") == "CK=CS ");
}
