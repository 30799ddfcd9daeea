// SPDX-License-Identifier: Apache-2.0
#include "store/swift/swift_session.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "openstack/keystone_token.h"

using namespace backglance;
using nlohmann::json;

namespace {

const SwiftEndpoint kEndpoint{"object-store", "public", "", ""};

SwiftAccount keystone_account() {
  return {.auth_url = "https://keystone.example:5000",
          .auth_version = "3",
          .user = "service:glance",
          .key = "planted"};
}

SwiftAccount tempauth_account() {
  return {.auth_url = "http://swift.example/auth/v1.0",
          .auth_version = "1",
          .user = "a:b",
          .key = "planted"};
}

TransferPool::Answer keystone_answer(int status = 201) {
  TransferPool::Answer answer;
  answer.head.status = status;
  answer.head.headers["x-subject-token"] = "token-1";
  answer.body = R"({"token": {"issued_at": "2026-01-01T23:59:00.000000Z",
    "expires_at": "2026-01-02T00:59:00.000000Z", "catalog": [
    {"type": "image", "endpoints": [{"interface": "public", "region": "one", "url": "http://no"}]},
    {"type": "object-store", "endpoints": [
      {"interface": "internal", "region": "one", "url": "http://inside.example/v1/AUTH_1"},
      {"interface": "public", "region": "one", "url": "https://one.example/v1/AUTH_1/"},
      {"interface": "public", "region": "two", "url": "https://two.example/v1/AUTH_1"}]}]}})";
  return answer;
}

TransferPool::Answer tempauth_answer() {
  TransferPool::Answer answer;
  answer.head.status = 200;
  answer.head.headers = {{"x-auth-token", "token-1"},
                         {"x-auth-token-expires", "3600"},
                         {"x-storage-url", "http://swift.example/v1/AUTH_a"}};
  return answer;
}

std::chrono::seconds life(const SwiftSession& session) {
  return std::chrono::round<std::chrono::seconds>(session.ends - std::chrono::steady_clock::now());
}

AttemptFailure failure(const SwiftAccount& account, SwiftOwner owner,
                       const TransferPool::Answer& answer,
                       const SwiftEndpoint& endpoint = kEndpoint) {
  return std::get<AttemptFailure>(read_session(account, endpoint, owner, answer));
}

}  // namespace

TEST_CASE("Keystone is asked for a token of a project") {
  const auto request = session_request(keystone_account());
  REQUIRE(request);
  CHECK(request->method == "POST");
  CHECK(request->url == "https://keystone.example:5000/v3/auth/tokens");
  const json auth = json::parse(request->body)["auth"];
  const json user = auth["identity"]["password"]["user"];
  CHECK(user["name"] == "glance");
  CHECK(user["domain"]["id"] == "default");
  CHECK(user["password"] == "planted");
  CHECK(auth["scope"]["project"]["name"] == "service");
  CHECK(auth["scope"]["project"]["domain"]["id"] == "default");
  SwiftAccount bad = keystone_account();
  for (const char* name : {"glance", "a:b:c"}) {
    bad.user = name;
    CHECK_FALSE(session_request(bad));
  }
}

TEST_CASE("an application credential has its own project") {
  SwiftAccount account = keystone_account();
  account.application_credential_id = "21dced0f";
  account.application_credential_secret = "planted";
  account.user.clear();
  const json auth = json::parse(session_request(account)->body)["auth"];
  CHECK(auth["identity"]["methods"] == json::array({"application_credential"}));
  CHECK(auth["identity"]["application_credential"] ==
        json({{"id", "21dced0f"}, {"secret", "planted"}}));
  CHECK_FALSE(auth.contains("scope"));
}

TEST_CASE("version 1 sends user and key as headers") {
  const auto request = session_request(tempauth_account());
  REQUIRE(request);
  CHECK(request->method == "GET");
  CHECK(request->url == "http://swift.example/auth/v1.0/");
  CHECK(request->headers == std::vector<std::pair<std::string, std::string>>{
                                {"X-Auth-User", "a:b"}, {"X-Auth-Key", "planted"}});
  SwiftAccount account = tempauth_account();
  account.auth_version = "3";
  CHECK(account.is_version_1());  // by the URL
}

TEST_CASE("the tokens URL has version 3") {
  for (const char* url : {"http://k:5000", "http://k:5000/", "http://k:5000/v3",
                          "http://k:5000/v3/", "http://k:5000/v2.0/"})
    CHECK(keystone_tokens_url(url) == "http://k:5000/v3/auth/tokens");
  CHECK(keystone_tokens_url("http://k/identity") == "http://k/identity/v3/auth/tokens");
}

TEST_CASE("a session has the token, its life and the endpoint of the catalog") {
  const auto read =
      read_session(keystone_account(), kEndpoint, SwiftOwner::configuration, keystone_answer());
  const SwiftSession& session = std::get<SwiftSession>(read);
  CHECK(session.token == "token-1");
  CHECK(session.storage_url == "https://one.example/v1/AUTH_1");
  CHECK(life(session) == std::chrono::hours(1));
  CHECK(session.servers.size() == 4);

  SwiftEndpoint endpoint = kEndpoint;
  endpoint.region = "two";
  CHECK(std::get<SwiftSession>(read_session(keystone_account(), endpoint, SwiftOwner::configuration,
                                            keystone_answer()))
            .storage_url == "https://two.example/v1/AUTH_1");
  endpoint.url = "https://own.example/v1/AUTH_1";
  endpoint.region = "three";
  CHECK(std::get<SwiftSession>(read_session(keystone_account(), endpoint, SwiftOwner::configuration,
                                            keystone_answer()))
            .storage_url == "https://own.example/v1/AUTH_1");
}

TEST_CASE("a session of version 1 is in the headers") {
  const auto read =
      read_session(tempauth_account(), kEndpoint, SwiftOwner::configuration, tempauth_answer());
  const SwiftSession& session = std::get<SwiftSession>(read);
  CHECK(session.token == "token-1");
  CHECK(session.storage_url == "http://swift.example/v1/AUTH_a");
  CHECK(life(session) == std::chrono::hours(1));
  auto answer = tempauth_answer();
  answer.head.headers["x-auth-token-expires"] = "soon";
  answer.head.headers["x-storage-token"] = "token-2";
  const auto other = read_session(tempauth_account(), kEndpoint, SwiftOwner::configuration, answer);
  CHECK(std::get<SwiftSession>(other).token == "token-2");
  CHECK(std::get<SwiftSession>(other).ends == std::chrono::steady_clock::time_point::max());
}

TEST_CASE("a refused user is the fault of the place, or of one image if the location names him") {
  for (const int status : {401, 403}) {
    CHECK(failure(keystone_account(), SwiftOwner::configuration, keystone_answer(status)).kind ==
          FailureKind::place);
    const auto own = failure(keystone_account(), SwiftOwner::location, keystone_answer(status));
    CHECK(own.kind == FailureKind::image);
    CHECK(own.result == ImageResult::unreadable);
  }
  CHECK(failure(keystone_account(), SwiftOwner::location, keystone_answer(503)).kind ==
        FailureKind::transient);
  CHECK(failure(keystone_account(), SwiftOwner::configuration, keystone_answer(404)).kind ==
        FailureKind::place);
}

TEST_CASE("an answer that is no token, or has no endpoint, is the fault of the place") {
  SwiftEndpoint endpoint = kEndpoint;
  endpoint.region = "three";
  const auto no_region =
      failure(keystone_account(), SwiftOwner::configuration, keystone_answer(), endpoint);
  CHECK(no_region.kind == FailureKind::place);
  CHECK(no_region.reason.find("region three") != std::string::npos);
  auto answer = keystone_answer();
  answer.body = "<html>";
  CHECK(failure(keystone_account(), SwiftOwner::configuration, answer).kind == FailureKind::place);
  answer = tempauth_answer();
  answer.head.headers.erase("x-storage-url");
  CHECK(failure(tempauth_account(), SwiftOwner::configuration, answer).kind == FailureKind::place);
  answer = tempauth_answer();
  answer.head.headers["x-storage-url"] = "file:///etc/passwd";
  CHECK(failure(tempauth_account(), SwiftOwner::configuration, answer).kind == FailureKind::place);
}
