// SPDX-License-Identifier: Apache-2.0
// Images at http locations, from the fault server to the database.
#include "expand/expand.h"
#include "ledger/queue_figures.h"
#include "tests/steps/glance_site.h"
#include "tests/stores/fault_process.h"

using namespace backglance;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

std::string server_rule() {
  return "127.0.0.1:" + std::to_string(server().ports.at("port").get<int>());
}

// A site with one image in a file, which is hashed, and others at http locations.
struct HttpSite {
  HttpSite() {
    expand(site.sql());
    site.upload("another");
    run();
  }

  // An image at `url`, as a registration leaves it: with or without what Glance may know of it.
  std::string add(const std::string& url, const std::optional<std::int64_t>& size,
                  const std::optional<std::string>& checksum) {
    const std::string image = site.insert_image();
    site.add_location(image, url);
    site.set(image, "size", size ? SqlValue(*size) : SqlValue(nullptr));
    site.set(image, "checksum", checksum ? SqlValue(*checksum) : SqlValue(nullptr));
    return image;
  }

  BackfillRun run(const std::vector<std::string>& rules = {server_rule()}) {
    site.site().allow_http = rules;
    return run_backfill(site);
  }

  GlanceSite site;
};

const std::string kContent = "0123456789 the content of an image";

struct Answer {
  const char* what;
  json answers;
  bool knows_size;
  bool knows_checksum;
  ImageResult result;
  const char* reason;
};

std::vector<Answer> answers() {
  using R = ImageResult;
  const json whole = {{"body", kContent}, {"etag", "\"e\""}};
  const auto with = [&](const json& more) {
    json one = whole;
    one.update(more);
    return json::array({one});
  };
  return {
      {"all: ordinary", with(json::object()), true, true, R::hashed, ""},
      {"all: ordinary, nothing known", with(json::object()), false, false, R::hashed, ""},
      {"all: length known and not images.size", with({{"body", "short"}}), true, true,
       R::size_differs, "holds 5 bytes"},
      {"http: HEAD tells a wrong length",
       json::array({json{{"body", "short"}, {"etag", "\"e\""}, {"methods", {"HEAD"}}},
                    json{{"body", kContent}, {"etag", "\"e\""}, {"methods", {"GET"}}}}),
       true, true, R::hashed, ""},
      {"http: HEAD tells a wrong length, GET none",
       json::array({json{{"body", "short"}, {"etag", "\"e\""}, {"methods", {"HEAD"}}},
                    json{{"body", kContent},
                         {"etag", "\"e\""},
                         {"framing", "chunked"},
                         {"methods", {"GET"}}}}),
       true, true, R::hashed, ""},
      {"all: MD5 not images.checksum", with({{"body", std::string(kContent.size(), 'x')}}), true,
       true, R::checksum_differs, ""},
      {"all: object gone at open", json::array({json{{"status", 404}}}), true, true, R::missing,
       "status 404"},
      {"http: no Content-Length: chunked, agrees", with({{"framing", "chunked"}}), true, true,
       R::hashed, ""},
      {"http: no Content-Length: chunked, nothing known", with({{"framing", "chunked"}}), false,
       false, R::hashed, ""},
      {"http: no Content-Length: chunked, another size",
       with({{"framing", "chunked"}, {"body", "short"}}), true, false, R::size_differs, ""},
      {"http: close-delimited, size known", with({{"framing", "close"}}), true, false, R::hashed,
       ""},
      {"http: close-delimited, checksum known", with({{"framing", "close"}}), false, true,
       R::hashed, ""},
      {"http: close-delimited, size and checksum unknown", with({{"framing", "close"}}), false,
       false, R::unreadable, "does not say where it ends"},
      {"http: close-delimited, cut", with({{"framing", "close"}, {"body", "short"}}), true, false,
       R::size_differs, ""},
      {"http: endless body", json::array({json{{"framing", "endless"}}}), true, false,
       R::size_differs, "holds more than"},
      {"http: address denied",
       json::array({json{{"status", 302}, {"headers", {{"Location", "http://127.0.0.1:9/"}}}}}),
       true, true, R::unreadable, "not allowed"},
      {"http: Content-Encoding", with({{"headers", {{"Content-Encoding", "gzip"}}}}), true, true,
       R::unreadable, "encoding"},
      {"http: 403", json::array({json{{"status", 403}}}), true, true, R::unreadable, "status 403"},
  };
}

}  // namespace

TEST_CASE("each answer of a web server has its result, and only proved bytes are published",
          "[backfill]") {
  for (const Answer& one : answers())
    DYNAMIC_SECTION(one.what) {
      HttpSite it;
      // Another image of the place is there, so that the place is.
      script("/another", {{{"body", "another"}, {"etag", "\"a\""}}});
      it.add(server().url("/another"), std::nullopt, std::nullopt);
      script("/secret", one.answers);
      const std::string image = it.add(
          server().url("/secret"),
          one.knows_size ? std::optional(static_cast<std::int64_t>(kContent.size())) : std::nullopt,
          one.knows_checksum ? std::optional(digest_of("md5", kContent)) : std::nullopt);
      const BackfillRun run = it.run();
      CHECK(run.result.end == RunEnd::complete);
      REQUIRE(run.outcomes.contains(image));
      const ReadOutcome& outcome = run.outcomes.at(image);
      CHECK(result_name(outcome.result) == result_name(one.result));
      CHECK_THAT(outcome.reason, Contains(one.reason));
      for (const char* secret : {"secret", "127.0.0.1", "://"})
        CHECK_THAT(outcome.reason, !Contains(secret));
      if (one.result == ImageResult::hashed) {
        CHECK(it.site.get(image, "os_hash_value") == digest_of("sha512", kContent));
        CHECK(it.site.get(image, "checksum") == digest_of("md5", kContent));
      } else {
        CHECK(it.site.get(image, "os_hash_value") == std::nullopt);
        CHECK(it.site.ours("item", image, "digest") == std::nullopt);
      }
    }
}

TEST_CASE("http: not opted in: no request is sent, and the run is complete", "[backfill]") {
  HttpSite it;
  script("/image", {{{"body", kContent}}});
  const std::size_t before = seen("/image").size();
  const std::string image = it.add(server().url("/image"), std::nullopt, std::nullopt);
  const BackfillRun run = it.run({});
  CHECK(run.result.end == RunEnd::complete);
  CHECK(run.images(ImageResult::store_not_supported) == 1);
  CHECK_THAT(run.outcomes.at(image).reason, Contains("switched off (--allow-http)"));
  CHECK(seen("/image").size() == before);
}

TEST_CASE("http: bytes that a server sends twice are counted twice", "[backfill]") {
  HttpSite it;
  json cut = {{"body", kContent}, {"etag", "\"e\""}, {"cut", 20}, {"methods", {"GET"}}};
  script("/twice", {cut, {{"body", kContent}, {"etag", "\"e\""}, {"ranges", "ignore"}}});
  const std::string image = it.add(server().url("/twice"), std::nullopt, std::nullopt);
  const BackfillRun run = it.run();
  CHECK(it.site.get(image, "os_hash_value") == digest_of("sha512", kContent));
  CHECK(run.result.bytes_read == static_cast<std::int64_t>(kContent.size()) + 20);
}

TEST_CASE("all: connection refused: of the place: images are left, others are read", "[backfill]") {
  HttpSite it;
  script("/image", {{{"body", kContent}, {"etag", "\"e\""}}});
  const std::string dead = it.add("http://user:word@127.0.0.1:1/secret", 5, std::nullopt);
  const std::string good = it.add(server().url("/image"), std::nullopt, std::nullopt);
  const Error error = required_error([&] { it.run({server_rule(), "127.0.0.1:1"}); });
  CHECK(error.kind() == ErrorKind::io);
  CHECK_THAT(error.what(), Contains("Connection refused"));
  for (const char* secret : {"user", "word", "secret"})
    CHECK_THAT(std::string(error.what()) + error.next(), !Contains(secret));
  CHECK_THAT(error.next(), Contains("http host 127.0.0.1:1"));
  CHECK(it.site.get(good, "os_hash_value") == digest_of("sha512", kContent));
  CHECK(it.site.ours("item", dead, "result") == std::nullopt);
  CHECK(QueueFigures(it.site.sql()).claimable().images == 1);
}
