// SPDX-License-Identifier: Apache-2.0
#include "store/glance_api/glance_api.h"

#include <catch2/catch.hpp>
#include <string>

#include "base/error.h"
#include "store/glance_api/glance_api_object.h"
#include "store/glance_api/glance_api_store.h"
#include "store/stores.h"

using namespace backglance;

TEST_CASE("an image endpoint may have a version, a path, or neither") {
  const std::string images = "https://glance:9292/v2/images";
  for (const char* const endpoint :
       {"https://glance:9292", "https://glance:9292/", "https://glance:9292/v2",
        "https://glance:9292/v2/", "https://glance:9292/v2.0", "https://glance:9292//v1/"})
    CHECK(glance_images_url(endpoint) == images);
  CHECK(glance_images_url("http://cloud/image") == "http://cloud/image/v2/images");
  CHECK(glance_images_url("http://cloud/image/v2/") == "http://cloud/image/v2/images");
  CHECK(glance_images_url("http://v2") == "http://v2/v2/images");
  for (const char* const endpoint : {"", "glance:9292", "ftp://glance/v2", "http://user:key@glance",
                                     "http://glance/?key=secret"})
    CHECK(glance_images_url(endpoint).empty());
}

TEST_CASE("an answer describes an image only with its id and its size") {
  const auto failure = [](const char* body) {
    return std::get<AttemptFailure>(read_api_image(body));
  };
  const auto image = read_api_image(
      R"({"id": "one", "size": 12, "checksum": "ABCD", "status": "active", "more": [1]})");
  CHECK(std::get<ApiImage>(image) == ApiImage{12, "abcd", "active"});
  CHECK(std::get<ApiImage>(read_api_image(R"({"id": "one", "size": 0, "checksum": null})")) ==
        ApiImage{0, "", ""});
  for (const char* const body : {"", "null", "[]", "{}", R"({"size": 1})", R"({"versions": []})"})
    CHECK(failure(body).reason.find("does not describe") != std::string::npos);
  for (const char* const body :
       {R"({"id": "one"})", R"({"id": "one", "size": null})", R"({"id": "one", "size": -1})",
        R"({"id": "one", "size": "12"})", R"({"id": "one", "size": 1.5})"}) {
    CHECK(failure(body).reason.find("no size") != std::string::npos);
    CHECK(failure(body).result == ImageResult::unreadable);
  }
}

TEST_CASE("no status of the API says that an image is missing") {
  for (const int status : {302, 400, 403, 404, 410, 416}) {
    TransferHead head;
    head.status = status;
    const AttemptFailure failure = api_failure(head);
    CHECK(failure.kind == FailureKind::image);
    CHECK(failure.result == ImageResult::unreadable);
  }
  for (const int status : {408, 429, 500, 502, 503}) {
    TransferHead head;
    head.status = status;
    head.headers["retry-after"] = "7";
    const AttemptFailure failure = api_failure(head);
    CHECK(failure.kind == FailureKind::transient);
    CHECK(failure.is_overloaded == (status == 429 || status == 503));
    CHECK(failure.retry_after == std::chrono::seconds(7));
  }
}

TEST_CASE("the identity of what the API sent is never the same again") {
  const std::string one = new_api_identity();
  CHECK(one.starts_with("api:"));
  CHECK(one.size() <= 128);
  CHECK_FALSE(is_same_object(one, new_api_identity()));
}

TEST_CASE("the Glance API is asked for no id that would make another path") {
  const StoreHooks hooks;
  // Nobody listens there; nothing is sent.
  CloudAccess access;
  access.token = "token";
  access.image_endpoint = "http://127.0.0.1:1";
  GlanceApiStore store(access, true, hooks);
  for (const char* const id : {"", "../tasks", "one/file", "a b", "one?x", "%2e"}) {
    const auto opened = store.open({"cinder", "cinder://one", "", id});
    const auto& failure = std::get<AttemptFailure>(opened);
    CHECK(failure.kind == FailureKind::image);
    CHECK(failure.result == ImageResult::unreadable);
  }
  CHECK(store.traits("the Glance API")->most_streams == 1);
  CHECK(store.traits("the Glance API")->most_asked == 2);
  CHECK_FALSE(store.traits("/srv/images"));
}

TEST_CASE("credentials that cannot be used are refused before a request") {
  const StoreHooks hooks;
  CloudAccess access;
  access.token = "token";
  CHECK_THROWS_AS(GlanceApiStore(access, true, hooks), Error);
  access.image_endpoint = "file:///etc";
  CHECK_THROWS_AS(GlanceApiStore(access, true, hooks), Error);
  CloudAccess user;
  user.auth_url = "keystone:5000";
  CHECK_THROWS_AS(GlanceApiStore(user, true, hooks), Error);
}
