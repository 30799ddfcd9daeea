// SPDX-License-Identifier: Apache-2.0
// What an S3 store decides without a server.
#include "store/s3/s3_store.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "base/error.h"
#include "store/s3/s3_error.h"
#include "store/s3/s3_object.h"

using namespace backglance;

namespace {

Store configured(std::string id, std::map<std::string, std::string> options) {
  Store store;
  store.id = std::move(id);
  store.type = "s3";
  store.option = [options =
                      std::move(options)](std::string_view name) -> std::optional<std::string> {
    const auto found = options.find(std::string(name));
    return found == options.end() ? std::nullopt : std::optional(found->second);
  };
  return store;
}

AttemptFailure failure_of(int status, const std::string& code) {
  return s3_failure(read_s3_error(
      status, "",
      code.empty() ? "" : "<?xml version='1.0'?><Error><Code>" + code + "</Code></Error>"));
}

Location row(std::string uri, std::string id = "") {
  return {"s3", std::move(uri), std::move(id)};
}

struct Stores {
  StoreHooks hooks;
  S3Store store;
  explicit Stores(const std::vector<Store>& configured) : store(read(configured), hooks) {}

  static std::vector<S3Settings> read(const std::vector<Store>& stores) {
    std::vector<S3Settings> settings;
    for (const Store& one : stores)
      settings.push_back(read_s3_settings(one));
    return settings;
  }
};

TransferHead head(std::map<std::string, std::string> headers) {
  TransferHead made;
  made.status = 200;
  made.headers = std::move(headers);
  return made;
}

}  // namespace

TEST_CASE("s3: NoSuchKey / NoSuchBucket / AccessDenied / InvalidObjectState") {
  CHECK(failure_of(404, "NoSuchKey").kind == FailureKind::image);
  CHECK(failure_of(404, "NoSuchKey").result == ImageResult::missing);
  CHECK(failure_of(404, "NoSuchBucket").kind == FailureKind::place);
  CHECK(failure_of(403, "AccessDenied").kind == FailureKind::place);
  CHECK(failure_of(403, "InvalidObjectState").kind == FailureKind::image);
  CHECK(failure_of(403, "InvalidObjectState").result == ImageResult::unreadable);
}

TEST_CASE("only NoSuchKey calls an image missing") {
  for (const int status : {400, 401, 403, 404, 405, 410, 500, 503})
    for (const char* code : {"", "NoSuchBucket", "InvalidAccessKeyId", "SomethingElse"}) {
      CAPTURE(status, code);
      CHECK(failure_of(status, code).result == ImageResult::unreadable);
      CHECK(failure_of(status, code).kind != FailureKind::image);
    }
}

TEST_CASE("s3: keys, rights and the clock are of the place") {
  for (const char* code : {"InvalidAccessKeyId", "SignatureDoesNotMatch", "AllAccessDisabled",
                           "UserSuspended", "InvalidToken"})
    CHECK(failure_of(403, code).kind == FailureKind::place);
  CHECK(failure_of(403, "").kind == FailureKind::place);
  CHECK(failure_of(403, "RequestTimeTooSkewed").reason.find("this host's clock is off") !=
        std::string::npos);
}

TEST_CASE("s3: SlowDown and server errors are retried") {
  const AttemptFailure slow = failure_of(503, "SlowDown");
  CHECK(slow.kind == FailureKind::transient);
  CHECK(slow.is_overloaded);
  CHECK(failure_of(429, "").is_overloaded);
  CHECK(failure_of(503, "ServiceUnavailable").is_overloaded);
  for (const AttemptFailure& failure :
       {failure_of(500, "InternalError"), failure_of(502, ""), failure_of(504, ""),
        failure_of(400, "RequestTimeout"), failure_of(408, "")}) {
    CHECK(failure.kind == FailureKind::transient);
    CHECK_FALSE(failure.is_overloaded);
    CHECK_FALSE(failure.is_unreached);
  }
  S3Error asked = read_s3_error(503, "", "<Code>SlowDown</Code>");
  asked.retry_after = std::chrono::seconds(7);
  CHECK(s3_failure(asked).retry_after == std::chrono::seconds(7));
}

TEST_CASE("of an error body only the code and the region are kept") {
  const S3Error error =
      read_s3_error(403, "",
                    "<Error><Code>SignatureDoesNotMatch</Code><Message>key AKSECRET</Message>"
                    "<AWSAccessKeyId>AKSECRET</AWSAccessKeyId><Region>eu-west-1</Region></Error>");
  CHECK(error.code == "SignatureDoesNotMatch");
  CHECK(error.region == "eu-west-1");
  CHECK(s3_failure(error).reason.find("AKSECRET") == std::string::npos);
  CHECK(read_s3_error(301, "eu-central-1", "<Region>x</Region>").region == "eu-central-1");
  // What has not the form of a code is text of a stranger.
  CHECK(read_s3_error(404, "a b", "<Code>No such key</Code>").code == "");
  CHECK(read_s3_error(404, "a b", "").region == "");
  CHECK(read_s3_error(404, "", "<Code>" + std::string(65, 'x') + "</Code>").code == "");
  CHECK(read_s3_error(404, "", "<Code>NoSuchKey").code == "");
  CHECK(read_s3_error(404, "", "<html>NoSuchKey</html>").code == "");
}

TEST_CASE("other keys are tried when the store refuses the first ones") {
  CHECK(refuses_keys(read_s3_error(403, "", "<Code>InvalidAccessKeyId</Code>")));
  CHECK(refuses_keys(read_s3_error(403, "", "<Code>SignatureDoesNotMatch</Code>")));
  CHECK_FALSE(refuses_keys(read_s3_error(403, "", "<Code>RequestTimeTooSkewed</Code>")));
  CHECK_FALSE(refuses_keys(read_s3_error(404, "", "<Code>NoSuchBucket</Code>")));
}

TEST_CASE("another region is recognised with a body and without") {
  CHECK(is_of_other_region(
      read_s3_error(400, "", "<Code>AuthorizationHeaderMalformed</Code><Region>x</Region>")));
  CHECK(is_of_other_region(read_s3_error(301, "eu-west-1", "<Code>PermanentRedirect</Code>")));
  CHECK(is_of_other_region(read_s3_error(400, "eu-west-1", "")));
  // AWS tells the region in answers of every kind.
  CHECK_FALSE(is_of_other_region(read_s3_error(404, "eu-west-1", "<Code>NoSuchKey</Code>")));
  CHECK_FALSE(is_of_other_region(read_s3_error(403, "eu-west-1", "")));
}

TEST_CASE("an s3 place names bucket and store, and neither host nor key") {
  const std::map<std::string, std::string> options = {{"s3_store_host", "https://h.example.org"},
                                                      {"s3_store_bucket", "images"}};
  const Stores one({configured("fast", options), configured("slow", options)});
  CHECK(one.store.place_of(row("s3://AK:SK@h.example.org/images/k", "slow")) ==
        "bucket images of store slow");
  CHECK(one.store.place_of(row("s3://AK:SK@other/images/k", "fast")) ==
        "bucket images of store fast");
  CHECK(one.store.place_of(row("s3://AK:SK@other/old/k", "fast")) == "bucket old of store fast");
  CHECK(one.store.place_of(row("s3://AK:SK@k")).empty());
  CHECK(one.store.place_of(row("s3://h.example.org/old/k", "fast")).empty());
  const std::string either = one.store.place_of(row("s3://h.example.org/images/k", "renamed"));
  CHECK(either == "bucket images of one of the s3 stores");
  CHECK(one.store.traits(either));
  const Stores old_style({configured("", options)});
  CHECK(old_style.store.place_of(row("s3://h/images/k", "fast")) ==
        "bucket images of the s3 store");
  const Stores none({});
  CHECK(none.store.place_of(row("s3://h/images/k")).empty());
}

TEST_CASE("an s3 store knows its places and no others") {
  const Stores stores(
      {configured("fast", {{"s3_store_host", "https://h"}, {"s3_store_bucket", "images"}}),
       configured("slow", {{"s3_store_host", "https://h"}, {"s3_store_bucket", "archive"}}),
       configured("far", {{"s3_store_host", "https://other"}, {"s3_store_bucket", "images"}})});
  const auto traits = [&](const char* place) { return stores.store.traits(place); };
  REQUIRE(traits("bucket images of store fast"));
  CHECK(traits("bucket images of store fast")->kind == StoreKind::remote);
  // One server, one number of streams.
  CHECK(traits("bucket images of store fast")->shared ==
        traits("bucket archive of store slow")->shared);
  CHECK(traits("bucket images of store fast")->shared !=
        traits("bucket images of store far")->shared);
  CHECK_FALSE(traits("pool images of store fast"));
  CHECK_FALSE(traits("bucket images of store gone"));
  CHECK_FALSE(traits("/srv/images"));
}

TEST_CASE("an s3 store without an endpoint is away, and its images are no findings") {
  Stores stores({configured("fast", {{"s3_store_bucket", "images"}})});
  const auto opened = stores.store.open(row("s3://AK:SK@h/images/k", "fast"));
  const auto& failure = std::get<AttemptFailure>(opened);
  CHECK(failure.kind == FailureKind::place);
  CHECK(failure.reason == "[fast] s3_store_host is not set");
  const auto states = stores.store.survey();
  REQUIRE(states.size() == 1);
  CHECK(states[0].place == "bucket images of store fast");
  CHECK(states[0].store_id == "fast");
  CHECK(states[0].away == failure.reason);

  Stores nameless({configured("", {{"s3_store_host", "http://127.0.0.1:1"}})});
  const auto without_bucket = nameless.store.survey();
  REQUIRE(without_bucket.size() == 1);
  CHECK(without_bucket[0].place == "bucket (not set) of the s3 store");
  CHECK(without_bucket[0].away == "[glance_store] s3_store_bucket is not set");
}

TEST_CASE("the configured keys are not used for a bucket that only a row names") {
  Stores stores({configured("fast", {{"s3_store_host", "http://127.0.0.1:1"},
                                     {"s3_store_bucket", "images"},
                                     {"s3_store_access_key", "CK"},
                                     {"s3_store_secret_key", "CS"}})});
  const auto opened = stores.store.open(row("s3://h/backups/k", "fast"));
  const auto& failure = std::get<AttemptFailure>(opened);
  CHECK(failure.kind == FailureKind::image);
  CHECK(failure.result == ImageResult::unreadable);
}

TEST_CASE("an s3 row on a site without an s3 store is not supported") {
  Stores none({});
  const auto opened = none.store.open(row("s3://AK:SK@h/images/k"));
  CHECK(std::get<AttemptFailure>(opened).result == ImageResult::store_not_supported);
  Stores some({configured("fast", {{"s3_store_host", "https://h"}})});
  const auto unreadable = some.store.open(row("s3://AK:SK@k"));
  CHECK(std::get<AttemptFailure>(unreadable).result == ImageResult::unreadable);
  CHECK(std::get<AttemptFailure>(unreadable).kind == FailureKind::image);
}

TEST_CASE("the options of an s3 store are read") {
  const S3Settings settings =
      read_s3_settings(configured("fast", {{"s3_store_host", "s3-eu-west-1.amazonaws.com"},
                                           {"s3_store_bucket_url_format", "Virtual"},
                                           {"s3_store_cacert", "/etc/ca.pem"}}));
  CHECK(settings.region == "eu-west-1");
  CHECK(settings.format == S3UrlFormat::virtual_host);
  CHECK(settings.authorities == "/etc/ca.pem");
  CHECK(settings.problem.empty());
  CHECK(read_s3_settings(configured("", {{"s3_store_host", "http://h"}})).region == "us-east-1");
  CHECK(read_s3_settings(
            configured("", {{"s3_store_host", "http://h"}, {"s3_store_region_name", "RegionOne"}}))
            .region == "RegionOne");
  CHECK_FALSE(read_s3_settings(
                  configured("", {{"s3_store_host", "http://h"}, {"s3_store_region_name", "a/b"}}))
                  .problem.empty());
  CHECK_THROWS_AS(read_s3_settings(configured("", {{"s3_store_bucket_url_format", "dns"}})), Error);
}

TEST_CASE("s3: multipart object: its ETag is not compared") {
  const std::string md5 = "d41d8cd98f00b204e9800998ecf8427e";
  CHECK(s3_sight(head({{"etag", "\"" + md5 + "\""}}), 0).md5 == md5);
  CHECK(s3_sight(head({{"etag", "\"D41D8CD98F00B204E9800998ECF8427E\""}}), 0).md5 == md5);
  CHECK(s3_sight(head({{"etag", "\"" + md5 + "-2\""}}), 0).md5.empty());
  CHECK(
      s3_sight(head({{"etag", "\"" + md5 + "\""}, {"x-amz-server-side-encryption", "aws:kms"}}), 0)
          .md5.empty());
  CHECK(s3_sight(head({{"etag", "\"" + md5 + "\""}, {"x-amz-server-side-encryption", "AES256"}}), 0)
            .md5 == md5);
  CHECK(s3_sight(head({{"etag", "\"" + md5 + "\""},
                       {"x-amz-server-side-encryption-customer-algorithm", "AES256"}}),
                 0)
            .md5.empty());
}

TEST_CASE("the identity of an s3 object changes with each thing that the store tells") {
  const S3Location object{"h", "images", "k", {"AK", "SK"}};
  const S3Sight seen{.length = 5, .etag = "\"e\"", .modified = "m", .version = "v", .md5 = ""};
  const std::string identity = s3_identity(object, seen);
  CHECK(identity.starts_with("s3:"));
  CHECK(identity.size() <= 128);
  CHECK(is_same_object(identity, s3_identity(object, seen)));
  S3Location rotated = object;
  rotated.keys = {"other", "keys"};
  rotated.host = "other";
  CHECK(is_same_object(identity, s3_identity(rotated, seen)));

  std::vector<S3Sight> others(5, seen);
  others[0].length = 6;
  others[1].etag = "\"f\"";
  others[2].modified = "n";
  others[3].version = "w";
  others[4].version = "";
  for (const S3Sight& other : others)
    CHECK_FALSE(is_same_object(identity, s3_identity(object, other)));
  S3Location moved = object;
  moved.key = "l";
  CHECK_FALSE(is_same_object(identity, s3_identity(moved, seen)));
  // Of a bucket whose versioning is suspended, "null" is overwritten like a plain object.
  CHECK(s3_sight(head({{"x-amz-version-id", "null"}}), 0).version.empty());
  CHECK(s3_sight(head({{"x-amz-version-id", "3/L4kq"}}), 0).version == "3/L4kq");
}
