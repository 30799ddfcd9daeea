// SPDX-License-Identifier: Apache-2.0
// Objects of the http store, from the fault server (tests/servers/faults.py): what store_reader
// does not show. See http_test.py for the rest.
#include "store/http/http_object.h"

#include <catch2/catch.hpp>
#include <vector>

#include "fault_process.h"
#include "store/http/http_store.h"

using namespace backglance;
using nlohmann::json;

namespace {

struct OpenStore {
  explicit OpenStore(std::uint64_t largest = HttpObject::kLargest)
      : hooks(never_stopped()),
        store({}, {{"127.0.0.1:" + std::to_string(server().ports.at("port").get<int>())}}, hooks,
              largest) {}

  std::unique_ptr<Object> open(const std::string& path) {
    auto opened = store.open({.scheme = "http", .uri = server().url(path)});
    if (const auto* const failure = std::get_if<AttemptFailure>(&opened))
      FAIL(failure->reason);
    return std::get<std::unique_ptr<Object>>(std::move(opened));
  }

  StoreHooks hooks;
  HttpStore store;
};

// Bytes until the end or a failure.
std::variant<std::uint64_t, AttemptFailure> read_all(Object& object) {
  std::vector<std::byte> buffer(100'000);
  for (std::uint64_t bytes = 0;;) {
    const auto got = object.read_some(buffer);
    if (const auto* const failure = std::get_if<AttemptFailure>(&got))
      return *failure;
    if (std::get<std::size_t>(got) == 0)
      return bytes;
    bytes += std::get<std::size_t>(got);
  }
}

}  // namespace

TEST_CASE("http: close-delimited: the end of a connection proves no end") {
  script("/close", {{{"size", 250'000}, {"framing", "close"}, {"etag", "\"e\""}}});
  OpenStore store;
  const auto object = store.open("/close");
  CHECK_FALSE(object->length());
  CHECK(std::get<std::uint64_t>(read_all(*object)) == 250'000);
  CHECK_FALSE(object->proves_its_end());
  // A length that was told before does, and so do chunks.
  script("/close", {{{"size", 250'000}, {"methods", {"HEAD"}}},
                    {{"size", 250'000}, {"framing", "close"}, {"methods", {"GET"}}}});
  const auto of_known_length = store.open("/close");
  CHECK(std::get<std::uint64_t>(read_all(*of_known_length)) == 250'000);
  CHECK(of_known_length->proves_its_end());
  script("/close", {{{"size", 250'000}, {"framing", "chunked"}}});
  const auto chunked = store.open("/close");
  CHECK(std::get<std::uint64_t>(read_all(*chunked)) == 250'000);
  CHECK(chunked->proves_its_end());
}

TEST_CASE("http: endless body: unreadable at the cap") {
  script("/endless", {{{"framing", "endless"}}});
  OpenStore store(5'000'000);
  const auto object = store.open("/endless");
  const auto read = read_all(*object);
  REQUIRE(std::holds_alternative<AttemptFailure>(read));
  const auto& failure = std::get<AttemptFailure>(read);
  CHECK(failure.result == ImageResult::unreadable);
  CHECK(failure.kind == FailureKind::image);
  CHECK(failure.reason == "it has more than 4.8 MiB");
}

TEST_CASE("one attempt is one attempt: a read goes on where it failed, and not by itself") {
  script("/cut", {{{"size", 250'000}, {"cut", 100'000}, {"etag", "\"e\""}, {"methods", {"GET"}}},
                  {{"size", 250'000}, {"etag", "\"e\""}}});
  OpenStore store;
  const auto object = store.open("/cut");
  CHECK(object->length() == 250'000);
  const auto failed = read_all(*object);
  REQUIRE(std::holds_alternative<AttemptFailure>(failed));
  CHECK(std::get<AttemptFailure>(failed).kind == FailureKind::transient);
  CHECK(seen("/cut").size() == 2);  // HEAD and GET
  CHECK(std::get<std::uint64_t>(read_all(*object)) == 150'000);
  CHECK(seen("/cut").size() == 3);
  CHECK(std::get<std::string>(object->identity()) == object->identity_when_opened());
}

TEST_CASE("http: bytes that a server sends again, and that are dropped, are told of") {
  script("/again", {{{"size", 250'000}, {"etag", "\"e\""}, {"cut", 100'000}, {"methods", {"GET"}}},
                    {{"size", 250'000}, {"etag", "\"e\""}, {"ranges", "ignore"}}});
  OpenStore store;
  std::uint64_t dropped = 0;
  store.hooks.dropped = [&](std::uint64_t bytes) { dropped += bytes; };
  const auto object = store.open("/again");
  CHECK(std::holds_alternative<AttemptFailure>(read_all(*object)));
  CHECK(dropped == 0);
  CHECK(std::get<std::uint64_t>(read_all(*object)) == 150'000);
  CHECK(dropped == 100'000);
}

TEST_CASE("http: a range that ends before the object is not its end") {
  for (const char* ranges : {"honour", "unknown"})
    for (const char* framing : {"length", "chunked"}) {
      CAPTURE(ranges, framing);
      const std::string path = std::string("/capped-") + ranges + framing;
      const json whole = {{"size", 250'000}, {"etag", "\"e\""}, {"framing", framing}};
      json cut = whole;
      cut.update({{"cut", 100'000}, {"methods", {"GET"}}});
      json part = whole;
      part.update({{"most", 40'000}, {"ranges", ranges}});
      script(path, {cut, part});
      OpenStore store;
      const auto object = store.open(path);
      CHECK(std::holds_alternative<AttemptFailure>(read_all(*object)));
      const auto rest = read_all(*object);
      REQUIRE(std::holds_alternative<std::uint64_t>(rest));
      CHECK(std::get<std::uint64_t>(rest) == 150'000);
      CHECK(object->proves_its_end());
      json asked = json::array();
      for (const json& request : seen(path))
        if (request["headers"].contains("range"))
          asked.push_back(request["headers"]["range"]);
      REQUIRE(asked.size() >= 4);
      CHECK(asked[0] == "bytes=100000-");
      CHECK(asked[1] == "bytes=140000-");
      CHECK(asked[3] == "bytes=220000-");
    }
}

TEST_CASE("http: a server that sends next to nothing is put off, however it does so") {
  OpenStore store;
  TransferPool pool({}, store.hooks);
  HttpServers servers(std::make_shared<AddressPolicy>(std::vector<std::string>{
      "127.0.0.1:" + std::to_string(server().ports.at("port").get<int>())}));
  const json whole = {{"size", 250'000}, {"etag", "\"e\""}};
  const auto with = [&](const json& more) {
    json one = whole;
    one.update(more);
    return one;
  };
  struct Case {
    json answer;
    bool is_slow;
  };
  for (const auto& [answer, is_slow] : {Case{with({{"piece", 500}, {"pause", 0.05}}), true},
                                        Case{with({{"cut", 1}}), true}, Case{whole, false}}) {
    CAPTURE(answer.dump());
    script("/slow", json::array({answer}));
    const auto location = parse_http_location(server().url("/slow"));
    auto found = look_at(servers, pool, *location, false);
    HttpObject object(servers, pool, *location, std::get<HttpVersion>(found), HttpObject::kLargest,
                      LeastRate(50'000, std::chrono::seconds(1)));
    std::vector<std::byte> buffer(1000);
    std::optional<AttemptFailure> last;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < until && (!last || !last->gives_up)) {
      const auto got = object.read_some(buffer);
      if (const auto* const failure = std::get_if<AttemptFailure>(&got))
        last = *failure;
      else if (std::get<std::size_t>(got) == 0)
        break;
    }
    CHECK((last && last->gives_up) == is_slow);
    if (last)
      CHECK(last->kind == FailureKind::transient);
  }
}

TEST_CASE("http: of two lengths, that of the GET counts") {
  const json get = {{"size", 250'000}, {"etag", "\"e\""}, {"methods", {"GET"}}};
  script("/length", {{{"size", 9}, {"etag", "\"e\""}, {"methods", {"HEAD"}}}, get});
  OpenStore store;
  const auto object = store.open("/length");
  CHECK(object->length() == 9);
  CHECK_FALSE(object->confirm_length());
  CHECK(object->length() == 250'000);
  CHECK(std::get<std::uint64_t>(read_all(*object)) == 250'000);
  CHECK(std::get<std::string>(object->identity()) == object->identity_when_opened());
  // Nothing changes if both say the same.
  script("/length", {{{"size", 250'000}, {"etag", "\"e\""}}});
  const auto agreed = store.open("/length");
  const auto before = agreed->identity_when_opened();
  CHECK_FALSE(agreed->confirm_length());
  CHECK(agreed->identity_when_opened() == before);
  CHECK(std::get<std::uint64_t>(read_all(*agreed)) == 250'000);
}

TEST_CASE("http: two servers behind one name: the bytes of one get no proof of the other") {
  const json get = {{"size", 250'000}, {"seed", 1}, {"methods", {"GET"}}};
  const json head = {
      {"size", 250'000}, {"etag", "\"a\""}, {"modified", 1'700'000'000}, {"methods", {"HEAD"}}};
  const auto with = [&](const json& more) {
    json one = get;
    one.update(more);
    return one;
  };
  OpenStore store;
  for (const json& other : {with({{"etag", "\"b\""}}), with({{"modified", 1'700'000'001}}),
                            with({{"etag", "\"b\""}, {"modified", 1'700'000'000}})}) {
    CAPTURE(other.dump());
    script("/two", {head, other});
    const auto object = store.open("/two");
    const auto read = read_all(*object);
    REQUIRE(std::holds_alternative<AttemptFailure>(read));
    CHECK(std::get<AttemptFailure>(read).result == ImageResult::changed_while_read);
  }
  // What says nothing of its version may be read, but HEAD's proof is not that of its bytes.
  script("/two", {head, get});
  const auto object = store.open("/two");
  CHECK(std::get<std::uint64_t>(read_all(*object)) == 250'000);
  CHECK(std::get<std::string>(object->identity()) != object->identity_when_opened());
  // What the GET alone has said is held against the last answer, too.
  script("/two", {{{"size", 250'000}, {"methods", {"HEAD"}}},
                  {{"size", 250'000}, {"etag", "\"b\""}, {"methods", {"GET"}}}});
  const auto silent = store.open("/two");
  CHECK(std::get<std::uint64_t>(read_all(*silent)) == 250'000);
  script("/two", {{{"size", 250'000}, {"etag", "\"c\""}}});
  const auto identity = silent->identity();
  REQUIRE(std::holds_alternative<AttemptFailure>(identity));
  CHECK(std::get<AttemptFailure>(identity).result == ImageResult::changed_while_read);
}

TEST_CASE("http: opening costs one request, and reads no data") {
  script("/open", {{{"size", 250'000}, {"etag", "\"e\""}}});
  OpenStore store;
  const auto object = store.open("/open");
  const json requests = seen("/open");
  REQUIRE(requests.size() == 1);
  CHECK(requests[0]["method"] == "HEAD");
  const auto identity = store.store.identify({.scheme = "http", .uri = server().url("/open")});
  CHECK(std::get<std::string>(identity) == object->identity_when_opened());
}

TEST_CASE("a server that cannot be reached several times in a row is lost for a while") {
  using std::chrono::hours;
  using std::chrono::milliseconds;
  const AttemptFailure refused = unreached_failure("refused");
  LostServers servers(milliseconds(0), hours(1));
  for (int i = 0; i < 2; ++i) {
    CHECK(servers.failed("a", refused).kind == FailureKind::transient);
    CHECK_FALSE(servers.failed("a", refused).is_unreached);
    servers.answered("a");
  }
  CHECK_FALSE(servers.known("a"));
  servers.failed("a", refused);
  servers.failed("a", refused);
  CHECK_FALSE(servers.known("a"));
  const AttemptFailure lost = servers.failed("a", refused);
  // A server that is only restarted makes no finding: the image is put off.
  CHECK(lost.kind == FailureKind::transient);
  CHECK(lost.gives_up);
  REQUIRE(servers.known("a"));
  CHECK(servers.known("a")->reason == "refused");
  CHECK(servers.known("a")->kind == FailureKind::transient);
  CHECK(servers.known("a")->gives_up);
  CHECK_FALSE(servers.known("b"));
  servers.answered("a");
  CHECK_FALSE(servers.known("a"));

  LostServers patient(hours(1), hours(1));
  LostServers forgetful(milliseconds(0), milliseconds(0));
  for (int i = 0; i < 9; ++i) {
    CHECK_FALSE(patient.failed("a", refused).gives_up);
    forgetful.failed("a", refused);
  }
  CHECK_FALSE(patient.known("a"));
  CHECK_FALSE(forgetful.known("a"));
  // Names of strangers fill no memory.
  for (int i = 0; i < 3000; ++i)
    forgetful.failed(std::to_string(i), refused);
}
