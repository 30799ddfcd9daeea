// SPDX-License-Identifier: Apache-2.0
// Transfers from the fault server (tests/servers/faults.py). What it sends is computed here again.
#include "store/net/transfer.h"

#include <fcntl.h>
#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <set>
#include <thread>

#include "base/error.h"
#include "fault_process.h"
#include "store/swift/swift_session.h"

using namespace backglance;
using nlohmann::json;

namespace {

std::vector<std::byte> pattern(std::size_t size, unsigned int seed = 0, std::size_t from = 0) {
  constexpr std::size_t kPeriod = 65521;
  std::vector<std::byte> bytes(size);
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t j = (i + from) % kPeriod;
    bytes[i] = static_cast<std::byte>((j * 131 + (j >> 8) * 17 + seed) & 255);
  }
  return bytes;
}

struct Read {
  std::vector<std::byte> bytes;
  std::optional<AttemptFailure> failure;
};

Read read_all(Transfer& transfer, std::size_t step = 100'000) {
  Read read;
  std::vector<std::byte> buffer(step);
  for (;;) {
    const auto got = transfer.read(buffer);
    if (const auto* const failure = std::get_if<AttemptFailure>(&got)) {
      read.failure = *failure;
      return read;
    }
    if (std::get<std::size_t>(got) == 0)
      return read;
    read.bytes.insert(read.bytes.end(), buffer.begin(),
                      buffer.begin() + static_cast<std::ptrdiff_t>(std::get<std::size_t>(got)));
  }
}

TransferHead head_of(Transfer& transfer) {
  auto head = transfer.head();
  if (const auto* const failure = std::get_if<AttemptFailure>(&head))
    FAIL(failure->reason);
  return std::get<TransferHead>(head);
}

AttemptFailure failure_of(TransferPool& pool, TransferRequest request) {
  auto answer = pool.ask(std::move(request));
  REQUIRE(std::holds_alternative<AttemptFailure>(answer));
  return std::get<AttemptFailure>(answer);
}

// No reason names a server, a path or what it sent.
void check_discreet(const AttemptFailure& failure) {
  CAPTURE(failure.reason);
  CHECK_FALSE(failure.reason.empty());
  for (const char* text : {"://", "127.0.0.1", "localhost", "/secret", "example"})
    CHECK(failure.reason.find(text) == std::string::npos);
}

}  // namespace

TEST_CASE("a body arrives whole, whatever the reader's buffer and the framing") {
  constexpr std::size_t kSize = 3'000'017;
  const auto expected = pattern(kSize, 7);
  Pool pool;
  for (const char* framing : {"length", "chunked", "close"})
    for (const std::size_t step : {std::size_t{4099}, std::size_t{1} << 16, std::size_t{1} << 20}) {
      CAPTURE(framing, step);
      script("/whole", {{{"size", kSize}, {"seed", 7}, {"framing", framing}}});
      const auto transfer = pool.pool.begin({.url = server().url("/whole")});
      const TransferHead head = head_of(*transfer);
      CHECK(head.status == 200);
      CHECK(head.length.has_value() == (std::string(framing) == "length"));
      const Read read = read_all(*transfer, step);
      CHECK_FALSE(read.failure);
      CHECK((read.bytes == expected));
      CHECK(transfer->ended_by_close() == (std::string(framing) == "close"));
    }
}

TEST_CASE("a buffer is filled before read() returns") {
  script("/slow", {{{"size", 40'000}, {"piece", 7'000}, {"pause", 0.01}}});
  Pool pool;
  const auto transfer = pool.pool.begin({.url = server().url("/slow")});
  head_of(*transfer);
  std::vector<std::byte> buffer(30'000);
  CHECK(std::get<std::size_t>(transfer->read(buffer)) == 30'000);
  CHECK(std::get<std::size_t>(transfer->read(buffer)) == 10'000);
  CHECK(std::get<std::size_t>(transfer->read(buffer)) == 0);
  CHECK(std::get<std::size_t>(transfer->read(buffer)) == 0);
}

TEST_CASE("a body that ends too soon is a transient failure, after the bytes that came") {
  Pool pool;
  for (const char* framing : {"length", "chunked"})
    for (const bool reset : {false, true}) {
      CAPTURE(framing, reset);
      script("/cut",
             {{{"size", 300'000}, {"cut", 200'000}, {"framing", framing}, {"reset", reset}}});
      const auto transfer = pool.pool.begin({.url = server().url("/cut")});
      head_of(*transfer);
      const Read read = read_all(*transfer);
      REQUIRE(read.failure);
      CHECK(read.failure->kind == FailureKind::transient);
      CHECK_FALSE(read.failure->is_unreached);
      check_discreet(*read.failure);
      // After RST, the kernel drops what was not read yet.
      if (!reset)
        CHECK((read.bytes == pattern(200'000)));
      CHECK(std::holds_alternative<AttemptFailure>(
          transfer->read(std::span<std::byte>(std::array<std::byte, 1>{}.data(), 1))));
    }
  // A length that is too large looks the same.
  script("/cut", {{{"size", 1000}, {"length", 2000}, {"cut", 1000}}});
  const auto transfer = pool.pool.begin({.url = server().url("/cut")});
  head_of(*transfer);
  CHECK(read_all(*transfer).failure);
}

TEST_CASE("an answer that is no HTTP, or none, is a transient failure") {
  Pool pool;
  for (const char* raw : {"", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 200 OK\r\nContent-Le"}) {
    CAPTURE(raw);
    script("/raw", {{{"raw", raw}}});
    const AttemptFailure failure = failure_of(pool.pool, {.url = server().url("/raw")});
    CHECK(failure.kind == FailureKind::transient);
    CHECK_FALSE(failure.is_unreached);
    check_discreet(failure);
  }
}

TEST_CASE(
    "what is sent: identity, no compression, the range, and Basic credentials only if asked") {
  script("/sent", {{{"size", 1000}}});
  Pool pool;
  const auto plain = pool.pool.ask({.url = server().url("/sent")});
  CHECK(std::get<TransferPool::Answer>(plain).body.size() == 1000);
  const auto part = pool.pool.begin({.url = server().url("/sent"),
                                     .headers = {{"If-Match", "\"tag\""}},
                                     .user = "reader",
                                     .password = "p:w",
                                     .range = TransferRequest::Range{100, 299}});
  const TransferHead head = head_of(*part);
  CHECK(head.status == 206);
  REQUIRE(head.content_range());
  CHECK(head.content_range()->first == 100);
  CHECK(head.content_range()->whole == 1000);
  CHECK((read_all(*part).bytes == pattern(200, 0, 100)));
  pool.pool.ask({.url = server().url("/sent"), .range = TransferRequest::Range{.first = 7}});

  const json requests = seen("/sent");
  REQUIRE(requests.size() == 3);
  const json& first = requests[0]["headers"];
  CHECK(first.at("accept-encoding") == "identity");
  for (const char* name : {"range", "authorization", "user-agent", "referer", "cookie"})
    CHECK_FALSE(first.contains(name));
  CHECK(requests[1]["headers"].at("range") == "bytes=100-299");
  CHECK(requests[1]["headers"].at("if-match") == "\"tag\"");
  CHECK(requests[1]["headers"].at("authorization") == "Basic cmVhZGVyOnA6dw==");
  CHECK(requests[2]["headers"].at("range") == "bytes=7-");
}

TEST_CASE("a HEAD has a length and no body") {
  script("/head", {{{"size", 12345}, {"etag", "\"e\""}}});
  Pool pool;
  const auto transfer = pool.pool.begin({.method = "HEAD", .url = server().url("/head")});
  const TransferHead head = head_of(*transfer);
  CHECK(head.length == 12345);
  CHECK(head.header("etag") == "\"e\"");
  CHECK(read_all(*transfer).bytes.empty());
  CHECK_FALSE(transfer->ended_by_close());
}

TEST_CASE("connections are kept, and not shared by two transfers at a time") {
  script("/kept", {{{"size", 100'000}}});
  Pool pool;
  for (int i = 0; i < 4; ++i)
    CHECK(std::holds_alternative<TransferPool::Answer>(
        pool.pool.ask({.url = server().url("/kept")}, 200'000)));
  const auto connections = [] {
    std::set<int> numbers;
    for (const json& request : seen("/kept"))
      numbers.insert(request["connection"].get<int>());
    return numbers.size();
  };
  CHECK(connections() == 1);
  {
    const auto one = pool.pool.begin({.url = server().url("/kept")});
    const auto other = pool.pool.begin({.url = server().url("/kept")});
    head_of(*one);
    head_of(*other);
    CHECK(read_all(*one).bytes == pattern(100'000));
    CHECK(read_all(*other).bytes == pattern(100'000));
  }
  CHECK(connections() == 2);
}

TEST_CASE("many threads read from one pool") {
  script("/many", {{{"size", 700'000}}});
  Pool pool;
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 3; ++k) {
        const auto transfer = pool.pool.begin({.url = server().url("/many")});
        if (std::holds_alternative<TransferHead>(transfer->head()) &&
            read_all(*transfer).bytes == pattern(700'000))
          ++good;
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(good == 18);
}

TEST_CASE("a redirect is an answer, and is not followed") {
  script("/redirect", {{{"status", 302}, {"headers", {{"Location", server().url("/secret")}}}}});
  script("/secret", {{{"size", 10}}});
  Pool pool;
  const auto answer = pool.pool.ask({.url = server().url("/redirect")});
  CHECK(std::get<TransferPool::Answer>(answer).head.status == 302);
  CHECK(seen("/secret").empty());
}

TEST_CASE("the policy judges the address that is really used, and nothing is sent to another") {
  script("/secret", {{{"size", 10}}});
  const std::string port = std::to_string(server().ports.at("port").get<int>());
  const auto ask = [&](const std::string& host, const std::vector<std::string>& rules) {
    Pool pool({.policy = std::make_shared<AddressPolicy>(rules)});
    return pool.pool.ask({.url = "http://" + host + ":" + port + "/secret"});
  };
  // The name is allowed to be looked up, and leads to this host.
  for (const char* host : {"127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0.0.0.0",
                           "[::ffff:127.0.0.1]"}) {
    CAPTURE(host);
    const auto answer = ask(host, {"public", "10.0.0.0/8:" + port, "images.example.org:" + port});
    REQUIRE(std::holds_alternative<AttemptFailure>(answer));
    const auto& failure = std::get<AttemptFailure>(answer);
    CHECK(failure.kind == FailureKind::image);
    CHECK(failure.result == ImageResult::unreadable);
    CHECK(failure.reason.find("not allowed") != std::string::npos);
    check_discreet(failure);
  }
  CHECK(seen("/secret").empty());
  for (const std::string& rule : {"localhost:" + port, "127.0.0.0/8:" + port}) {
    CAPTURE(rule);
    CHECK(std::holds_alternative<TransferPool::Answer>(ask("localhost", {rule})));
  }
  CHECK(std::holds_alternative<TransferPool::Answer>(ask("127.0.0.1", {"127.0.0.1:" + port})));
  CHECK(std::holds_alternative<AttemptFailure>(ask("127.0.0.1", {"127.0.0.1"})));
  CHECK(seen("/secret").size() == 3);
}

TEST_CASE("a server that is not there was not reached") {
  Pool pool;
  for (const char* url : {"http://127.0.0.1:1/secret", "http://no-such-server.invalid/secret"}) {
    CAPTURE(url);
    const AttemptFailure failure = failure_of(pool.pool, {.url = url});
    CHECK(failure.kind == FailureKind::transient);
    CHECK(failure.is_unreached);
    check_discreet(failure);
  }
}

TEST_CASE("a URL that libcurl cannot use is of the image") {
  Pool pool;
  for (const char* url : {"", "file:///etc/passwd", "ftp://127.0.0.1/secret", "http://",
                          "http://user:word@127.0.0.1/secret"}) {
    CAPTURE(url);
    const AttemptFailure failure = failure_of(pool.pool, {.url = url});
    CHECK(failure.kind == FailureKind::image);
    CHECK(failure.result == ImageResult::unreadable);
    check_discreet(failure);
  }
}

TEST_CASE("certificates are verified, by the given authorities alone, and their names") {
  Pool pool({.authorities = server().authority()});
  const auto good = pool.pool.ask({.url = server().tls_url("right", "/secret")});
  REQUIRE(std::holds_alternative<TransferPool::Answer>(good));
  CHECK(std::get<TransferPool::Answer>(good).head.status == 404);

  const AttemptFailure wrong_name =
      failure_of(pool.pool, {.url = server().tls_url("wrong", "/secret")});
  CAPTURE(wrong_name.reason);
  CHECK(wrong_name.reason.find("another name") != std::string::npos);
  Pool of_the_system;
  const AttemptFailure unknown =
      failure_of(of_the_system.pool, {.url = server().tls_url("right", "/secret")});
  CHECK(unknown.reason.find("cannot be verified") != std::string::npos);
  Pool no_file({.authorities = "/nonexistent/authorities.pem"});
  const AttemptFailure no_authorities =
      failure_of(no_file.pool, {.url = server().tls_url("right", "/secret")});
  for (const AttemptFailure& failure : {wrong_name, unknown, no_authorities}) {
    CHECK(failure.kind == FailureKind::place);
    check_discreet(failure);
  }
  // Plain HTTP at the port of a TLS server, and the reverse.
  const std::string plain = server().url("/secret");
  const AttemptFailure no_tls = failure_of(pool.pool, {.url = "https" + plain.substr(4)});
  CHECK(no_tls.kind == FailureKind::transient);
  CHECK(no_tls.is_unreached);
  check_discreet(no_tls);
}

TEST_CASE("a server that stops sending is given up") {
  Pool pool({.stall_timeout = std::chrono::seconds(1)});
  for (const int stall : {-1, 0, 5000}) {
    CAPTURE(stall);
    script("/stall", {{{"size", 100'000}, {"stall", stall}}});
    const auto transfer = pool.pool.begin({.url = server().url("/stall")});
    const auto head = transfer->head();
    const auto failure = std::holds_alternative<AttemptFailure>(head)
                             ? std::get<AttemptFailure>(head)
                             : read_all(*transfer).failure.value();
    CHECK(failure.kind == FailureKind::transient);
    CHECK_FALSE(failure.is_unreached);
    check_discreet(failure);
  }
}

TEST_CASE("a reader that pauses is no stall, and loses nothing") {
  script("/paused", {{{"size", 4'000'000}}});
  Pool pool({.stall_timeout = std::chrono::seconds(1)});
  const auto transfer = pool.pool.begin({.url = server().url("/paused")});
  head_of(*transfer);
  std::vector<std::byte> first(1000);
  CHECK(std::get<std::size_t>(transfer->read(first)) == 1000);
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  const Read rest = read_all(*transfer);
  CHECK_FALSE(rest.failure);
  CHECK((rest.bytes == pattern(3'999'000, 0, 1000)));
}

TEST_CASE("a transfer ends within 3 s after the run must stop") {
  for (const int stall : {-1, 5000}) {
    CAPTURE(stall);
    script("/stop", {{{"size", 100'000}, {"stall", stall}}});
    std::atomic<bool> stop = false;
    Pool pool({}, {.should_stop = [&] { return stop.load(); }});
    const auto transfer = pool.pool.begin({.url = server().url("/stop")});
    std::thread stopper([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
      stop = true;
    });
    const auto begun = std::chrono::steady_clock::now();
    const auto head = transfer->head();
    const auto failure = std::holds_alternative<AttemptFailure>(head)
                             ? std::get<AttemptFailure>(head)
                             : read_all(*transfer).failure.value();
    stopper.join();
    CHECK(failure.kind == FailureKind::stopped);
    CHECK(std::chrono::steady_clock::now() - begun < std::chrono::milliseconds(3200));
  }
}

TEST_CASE("what answers soon is waited for after a stop") {
  script("/soon", {{{"size", 1000}, {"piece", 500}, {"pause", 0.1}}});
  Pool pool({}, {.should_stop = [] { return true; }});
  const auto answer = pool.pool.ask({.url = server().url("/soon")});
  CHECK(std::holds_alternative<TransferPool::Answer>(answer));
}

TEST_CASE("an endless body takes no memory") {
  script("/endless", {{{"framing", "endless"}}});
  Pool pool;
  const auto transfer = pool.pool.begin({.url = server().url("/endless")});
  head_of(*transfer);
  const auto peak_kib = [] {
    rusage usage = {};
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
  };
  std::vector<std::byte> buffer(std::size_t{1} << 16);
  std::get<std::size_t>(transfer->read(buffer));
  const auto before = peak_kib();
  // The server is faster than this reader, which takes a little at a time.
  for (int i = 0; i < 1000; ++i)
    REQUIRE(std::get<std::size_t>(transfer->read(buffer)) == buffer.size());
    // Sanitizers keep what was freed.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(peak_kib() - before < 2048);
#else
  CHECK(peak_kib() - before < 32768);
#endif
}

TEST_CASE("a small answer is cut at the limit") {
  script("/small", {{{"body", "0123456789"}}});
  Pool pool;
  const auto whole = std::get<TransferPool::Answer>(pool.pool.ask({.url = server().url("/small")}));
  CHECK(whole.body == "0123456789");
  CHECK_FALSE(whole.is_cut);
  const auto exact =
      std::get<TransferPool::Answer>(pool.pool.ask({.url = server().url("/small")}, 10));
  CHECK_FALSE(exact.is_cut);
  const auto cut =
      std::get<TransferPool::Answer>(pool.pool.ask({.url = server().url("/small")}, 9));
  CHECK(cut.is_cut);
  CHECK(cut.body == "012345678");
}

TEST_CASE("too many headers, and codings that nobody asked for, are refused") {
  Pool pool;
  json many = json::array();
  for (int i = 0; i < 300; ++i)
    many.push_back("value");
  for (const json& headers : {json{{"X-Many", many}}, json{{"X-Large", std::string(70'000, 'x')}},
                              json{{"Transfer-Encoding", "gzip, chunked"}}}) {
    script("/headers", {{{"size", 10}, {"headers", headers}, {"framing", "close"}}});
    const AttemptFailure failure = failure_of(pool.pool, {.url = server().url("/headers")});
    CAPTURE(failure.reason);
    CHECK(failure.kind == FailureKind::image);
    CHECK(failure.result == ImageResult::unreadable);
  }
}

TEST_CASE("while one thread asks for a token, others use the old one as long as it lasts") {
  // It is to be renewed before its last minute. The second answer never comes.
  script("/auth/v1.0/", {{{"headers",
                           {{"X-Auth-Token", "first"},
                            {"X-Auth-Token-Expires", "30"},
                            {"X-Storage-Url", server().url("/v1/AUTH_a")}}}},
                         {{"stall", -1}}});
  std::atomic<bool> stop = false;
  Pool pool({}, {.should_stop = [&] { return stop.load(); }});
  const SwiftAccount account{
      .auth_url = server().url("/auth/v1.0"), .auth_version = "1", .user = "a:b", .key = "c"};
  SwiftSessions sessions;
  const auto get = [&] { return sessions.get(account, {}, SwiftOwner::configuration, pool.pool); };
  CHECK(std::get<SwiftSession>(get()).token == "first");
  std::jthread asking([&] { get(); });
  while (seen("/auth/v1.0/").size() < 2)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  const auto meanwhile = get();
  stop = true;
  REQUIRE(std::holds_alternative<SwiftSession>(meanwhile));
  CHECK(std::get<SwiftSession>(meanwhile).token == "first");
  // Those who get no other meanwhile, and whose token is refused, hear what the first one hears.
  sessions.refuse(account, {}, "first");
  CHECK(std::get<AttemptFailure>(get()).kind == FailureKind::stopped);
}

TEST_CASE("a proxy of the environment and .netrc are not used") {
  script("/direct", {{{"size", 10}}});
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  Pool pool;
  CHECK(std::holds_alternative<TransferPool::Answer>(
      pool.pool.ask({.url = server().url("/direct")})));
  unsetenv("http_proxy");
  unsetenv("ALL_PROXY");
}

TEST_CASE("a lack of files is no failure of a server") {
  // Leaves handles without a connection for the same server.
  script("/files", {{{"size", 10}, {"framing", "close"}}});
  Pool pool;
  pool.pool.ask({.url = server().url("/files")});
  rlimit before = {};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few = {64, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  std::vector<int> held;
  for (int file = dup(STDIN_FILENO); file >= 0; file = dup(STDIN_FILENO))
    held.push_back(file);
  std::string said;
  try {
    pool.pool.ask({.url = server().url("/files")});
  } catch (const Error& error) {
    said = error.what();
  }
  for (const int file : held)
    close(file);
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(said.find("too many open files") != std::string::npos);
}
