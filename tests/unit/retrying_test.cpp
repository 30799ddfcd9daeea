// SPDX-License-Identifier: Apache-2.0
#include "store/retrying.h"

#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using namespace backglance;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// What one attempt does. An empty failure: it goes well.
using Attempt = std::optional<AttemptFailure>;

// What a store that only this test has will do, and what was asked of it.
struct Plan {
  std::deque<Attempt> opens;   // beyond the last: it goes well
  std::deque<Attempt> reads;   // each read that goes well gives one byte
  std::deque<Attempt> proofs;  // identity()
  int bytes = 3;               // of the object
  int asked = 0;               // all attempts
};

Attempt next(std::deque<Attempt>& attempts) {
  if (attempts.empty())
    return std::nullopt;
  Attempt attempt = std::move(attempts.front());
  attempts.pop_front();
  return attempt;
}

class PlannedObject : public Object {
 public:
  explicit PlannedObject(Plan& plan) : plan_(plan) {}
  std::optional<std::uint64_t> length() const override { return 3; }
  std::variant<std::size_t, AttemptFailure> read_some(std::span<std::byte> buffer) override {
    ++plan_.asked;
    if (auto failure = next(plan_.reads))
      return std::move(*failure);
    if (plan_.bytes == 0)
      return std::size_t{0};
    --plan_.bytes;
    buffer.front() = std::byte{7};
    return std::size_t{1};
  }
  bool skip_to(std::uint64_t) override { return false; }
  std::optional<std::string> identity_when_opened() const override { return "planned:1"; }
  std::variant<std::string, AttemptFailure> identity() override {
    ++plan_.asked;
    if (auto failure = next(plan_.proofs))
      return std::move(*failure);
    return "planned:1";
  }

 private:
  Plan& plan_;
};

class PlannedStore : public ObjectStore {
 public:
  explicit PlannedStore(Plan& plan) : plan_(plan) {}
  std::variant<std::unique_ptr<Object>, AttemptFailure> open(const Location&) override {
    ++plan_.asked;
    if (auto failure = next(plan_.opens))
      return std::move(*failure);
    return std::make_unique<PlannedObject>(plan_);
  }
  std::variant<std::string, AttemptFailure> identify(const Location& location) override {
    auto opened = open(location);
    if (auto* const failure = std::get_if<AttemptFailure>(&opened))
      return std::move(*failure);
    return "planned:1";
  }
  // "planned://place/object"
  std::string place_of(const Location& location) const override {
    return location.uri.substr(10, location.uri.rfind('/') - 10);
  }
  std::optional<PlaceTraits> traits(const std::string&) const override { return std::nullopt; }
  std::vector<PlaceState> survey() override { return {}; }

 private:
  Plan& plan_;
};

// Waits of some milliseconds.
RetryTerms short_terms() {
  return {.first = milliseconds(1),
          .longest = milliseconds(4),
          .longest_asked = seconds(1),
          .tries = 4,
          .patience = seconds(0),
          .first_tries = 3,
          .rest = hours(1)};
}

struct Tested {
  explicit Tested(RetryTerms terms = short_terms())
      : store(std::make_unique<PlannedStore>(plan), hooks, terms) {}

  std::variant<std::unique_ptr<Source>, ReadFailure> open(const std::string& place = "a") {
    return store.open({.scheme = "planned", .uri = "planned://" + place + "/object"});
  }
  ReadFailure failure(const std::string& place = "a") {
    auto opened = open(place);
    REQUIRE(std::holds_alternative<ReadFailure>(opened));
    return std::get<ReadFailure>(opened);
  }
  std::unique_ptr<Source> source() {
    auto opened = open();
    REQUIRE(std::holds_alternative<std::unique_ptr<Source>>(opened));
    return std::get<std::unique_ptr<Source>>(std::move(opened));
  }

  Plan plan;
  std::atomic<bool> stop = false;
  std::vector<StoreWait> waits;
  std::size_t waited = 0;
  StoreHooks hooks{.should_stop = [this] { return stop.load(); },
                   .waiting = [this](const StoreWait& wait) { waits.push_back(wait); },
                   .waited = [this](const StoreWait&) { ++waited; }};
  RetryingStore store;
};

std::deque<Attempt> times(int count, const AttemptFailure& failure) {
  return std::deque<Attempt>(static_cast<std::size_t>(count), failure);
}

std::variant<std::size_t, ReadFailure> read(Source& source, std::size_t size = 10) {
  std::vector<std::byte> buffer(size);
  return source.read(buffer);
}

}  // namespace

TEST_CASE("an outage that ends is retried, at each step of a read") {
  Tested it;
  it.plan.opens = times(2, transient_failure("503"));
  const auto source = it.source();
  CHECK(it.plan.asked == 3);
  it.plan.reads = {std::nullopt, transient_failure("cut"), unreached_failure("refused"),
                   std::nullopt};
  CHECK(std::get<std::size_t>(read(*source)) == 3);
  it.plan.proofs = times(1, transient_failure("503"));
  CHECK(std::get<std::string>(source->identity()) == "planned:1");
  REQUIRE(it.waits.size() == 5);
  CHECK(it.waited == 5);
  CHECK(it.waits[0].place == "a");
  CHECK(it.waits[0].reason == "503");
  CHECK(it.waits[3].reason == "refused");
  for (const StoreWait& wait : it.waits) {
    CHECK(wait.time >= milliseconds(1));
    CHECK(wait.time <= milliseconds(4));
    CHECK_FALSE(wait.is_overloaded);
  }
  it.plan.opens = times(1, transient_failure("503"));
  CHECK(std::get<std::string>(
            it.store.identify({.scheme = "planned", .uri = "planned://a/object"})) == "planned:1");
}

TEST_CASE("an outage that does not end is given up after several tries") {
  Tested it;
  it.plan.opens = times(100, transient_failure("503"));
  const ReadFailure failure = it.failure();
  // It answered nobody: nothing is said of the image, and no other image waits as long.
  CHECK(failure.kind == FailureKind::place);
  CHECK_FALSE(failure.is_refusal);
  CHECK(failure.result == ImageResult::unreadable);
  CHECK(failure.reason == "503");
  CHECK(it.plan.asked == 4);
  CHECK(it.waits.size() == 3);
  CHECK(it.failure().kind == FailureKind::place);
  CHECK(it.plan.asked == 4);
}

TEST_CASE("a failure that stays while the place answers others belongs to the object") {
  Tested it;
  it.hooks.waiting = [&](const StoreWait&) {
    // Another object of the place, which is read meanwhile.
    const auto other = it.store.identify({.scheme = "planned", .uri = "planned://a/other"});
    CHECK(std::holds_alternative<std::string>(other));
  };
  for (int i = 0; i < 4; ++i) {
    it.plan.opens.emplace_back(transient_failure("503"));
    it.plan.opens.emplace_back();
  }
  const ReadFailure failure = it.failure();
  CHECK(failure.kind == FailureKind::transient);
  CHECK(failure.result == ImageResult::unreadable);
}

TEST_CASE("retries continue until the patience ends, however many fail") {
  RetryTerms terms = short_terms();
  terms.patience = hours(1);
  Tested it(terms);
  it.plan.opens = times(30, transient_failure("503"));
  CHECK(std::holds_alternative<std::unique_ptr<Source>>(it.open()));
  CHECK(it.plan.asked == 31);
}

TEST_CASE("each byte ends a row of failures") {
  Tested it;
  const auto source = it.source();
  for (int byte = 0; byte < 3; ++byte) {
    for (int i = 0; i < 3; ++i)
      it.plan.reads.emplace_back(transient_failure("cut"));
    it.plan.reads.emplace_back();
  }
  CHECK(std::get<std::size_t>(read(*source, 3)) == 3);
  it.plan.reads = times(4, transient_failure("cut"));
  CHECK(std::get<ReadFailure>(read(*source)).kind == FailureKind::place);
}

TEST_CASE("a place that never answered is given up soon, and is then away") {
  Tested it;
  it.plan.opens = times(100, unreached_failure("refused"));
  const ReadFailure failure = it.failure();
  CHECK(failure.kind == FailureKind::place);
  CHECK(failure.reason == "refused");
  CHECK(it.plan.asked == 3);
  // It is remembered: nobody asks again.
  CHECK(it.failure().kind == FailureKind::place);
  CHECK(it.failure().reason == "refused");
  CHECK(std::get<ReadFailure>(it.store.identify({.scheme = "planned", .uri = "planned://a/other"}))
            .kind == FailureKind::place);
  CHECK(it.plan.asked == 3);
  // Of this place only.
  it.plan.opens.clear();
  CHECK(std::holds_alternative<std::unique_ptr<Source>>(it.open("b")));
}

TEST_CASE("a place that has answered is given more tries before it is away") {
  Tested it;
  it.source();
  it.plan.asked = 0;
  it.plan.opens = times(100, unreached_failure("refused"));
  CHECK(it.failure().kind == FailureKind::place);
  CHECK(it.plan.asked == 4);
}

TEST_CASE("a missing object is an answer of its place") {
  Tested it;
  it.plan.opens = times(1, image_failure(ImageResult::missing, "404"));
  const ReadFailure failure = it.failure();
  CHECK(failure.kind == FailureKind::image);
  CHECK(failure.result == ImageResult::missing);
  CHECK(it.waits.empty());
  it.plan.asked = 0;
  it.plan.opens = times(100, unreached_failure("refused"));
  it.failure();
  CHECK(it.plan.asked == 4);
}

TEST_CASE("a place that refuses this host is not asked again until it has rested") {
  RetryTerms terms = short_terms();
  terms.rest = seconds(0);
  for (const bool rests : {true, false}) {
    Tested it(rests ? short_terms() : terms);
    it.plan.opens = times(1, place_failure("status 403"));
    const ReadFailure failure = it.failure();
    CHECK(failure.kind == FailureKind::place);
    CHECK(failure.is_refusal);
    CHECK(failure.reason == "status 403");
    CHECK(it.plan.asked == 1);
    CHECK(it.waits.empty());
    CHECK(std::holds_alternative<ReadFailure>(it.open()) == rests);
  }
}

TEST_CASE("a failure that gives up is not retried, and says nothing of the image or the place") {
  Tested it;
  AttemptFailure hopeless = transient_failure("refused");
  hopeless.gives_up = true;
  it.plan.opens = times(1, hopeless);
  const ReadFailure failure = it.failure();
  CHECK(failure.kind == FailureKind::transient);
  CHECK(failure.reason == "refused");
  CHECK(it.plan.asked == 1);
  CHECK(it.waits.empty());
  CHECK(std::holds_alternative<std::unique_ptr<Source>>(it.open()));
}

TEST_CASE("a place that was away counts as reachable after a success") {
  Tested it;
  const auto source = it.source();
  it.plan.opens = times(1, place_failure("status 403"));
  it.failure();
  // A read that had begun before goes on.
  CHECK(std::get<std::size_t>(read(*source)) == 3);
  CHECK(std::holds_alternative<std::unique_ptr<Source>>(it.open()));
}

TEST_CASE("a wait that the server asks for is kept, up to a limit") {
  AttemptFailure overloaded = transient_failure("429");
  overloaded.is_overloaded = true;
  RetryTerms terms = short_terms();
  terms.longest_asked = seconds(0);
  for (const bool is_limited : {true, false}) {
    Tested it(is_limited ? terms : short_terms());
    overloaded.retry_after = is_limited ? seconds(3600) : seconds(1);
    it.plan.opens = times(1, overloaded);
    it.source();
    REQUIRE(it.waits.size() == 1);
    CHECK(it.waits[0].is_overloaded);
    if (is_limited)
      CHECK(it.waits[0].time <= milliseconds(4));
    else
      CHECK(it.waits[0].time == seconds(1));
  }
}

TEST_CASE("a stop ends a wait, and a read") {
  RetryTerms terms = short_terms();
  terms.longest_asked = hours(1);
  Tested it(terms);
  AttemptFailure overloaded = transient_failure("429");
  overloaded.retry_after = hours(1);
  it.plan.opens = times(100, overloaded);
  it.hooks.waiting = [&](const StoreWait&) { it.stop = true; };
  CHECK(it.failure().kind == FailureKind::stopped);
  CHECK(it.plan.asked == 1);

  it.stop = false;
  it.plan.opens.clear();
  const auto source = it.source();
  it.plan.reads = times(1, stopped_failure());
  CHECK(std::get<ReadFailure>(read(*source)).kind == FailureKind::stopped);
  CHECK(it.plan.asked == 3);
}

TEST_CASE("a place that is away is known to all threads") {
  // Without a plan: it is asked by several threads.
  class Away : public ObjectStore {
   public:
    std::variant<std::unique_ptr<Object>, AttemptFailure> open(const Location&) override {
      return unreached_failure("refused");
    }
    std::variant<std::string, AttemptFailure> identify(const Location& location) override {
      if (location.uri == "away")
        return unreached_failure("refused");
      return "planned:1";
    }
    std::string place_of(const Location& location) const override { return location.uri; }
    std::optional<PlaceTraits> traits(const std::string&) const override { return std::nullopt; }
    std::vector<PlaceState> survey() override { return {}; }
  };
  std::atomic<int> waits = 0;
  const StoreHooks hooks{.should_stop = [] { return false; },
                         .waiting = [&](const StoreWait&) { ++waits; }};
  RetryingStore store(std::make_unique<Away>(), hooks, short_terms());
  std::atomic<int> away = 0;
  std::atomic<int> there = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        const auto failed = store.open({.scheme = "planned", .uri = "away"});
        const auto* const failure = std::get_if<ReadFailure>(&failed);
        away += failure != nullptr && failure->kind == FailureKind::place;
        there += std::holds_alternative<std::string>(
            store.identify({.scheme = "planned", .uri = "there"}));
      }
    });
  for (std::thread& thread : threads)
    thread.join();
  CHECK(away == 200);
  CHECK(there == 200);
  CHECK(waits <= 4 * 2);
}
