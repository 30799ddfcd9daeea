// SPDX-License-Identifier: Apache-2.0
#include "store/retrying.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

namespace backglance {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// "Full jitter": hosts that failed together do not come back together.
milliseconds random_up_to(milliseconds most) {
  thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds(std::uniform_int_distribution<milliseconds::rep>(
      1, std::max<milliseconds::rep>(1, most.count()))(random));
}

milliseconds backoff(const RetryTerms& terms, int failures) {
  milliseconds most = terms.first;
  for (int i = 1; i < failures && most < terms.longest; ++i)
    most *= 2;
  return random_up_to(std::min(most, terms.longest));
}

}  // namespace

// Retries each read; an Object goes on where it failed.
class RetryingStore::RetryingSource : public Source {
 public:
  RetryingSource(RetryingStore& store, std::string place, std::unique_ptr<Object> object)
      : store_(store), place_(std::move(place)), object_(std::move(object)) {}

  std::optional<std::uint64_t> length() const override { return object_->length(); }
  bool skip_to(std::uint64_t offset) override { return object_->skip_to(offset); }
  std::optional<std::string> identity_when_opened() const override {
    return object_->identity_when_opened();
  }
  std::optional<std::string> stored_md5() const override { return object_->stored_md5(); }
  bool proves_its_end() const override { return object_->proves_its_end(); }
  bool needs_checksum() const override { return object_->needs_checksum(); }

  std::optional<ReadFailure> confirm_length() override {
    Row row{.since = Clock::now()};
    auto asked = store_.repeat<bool>(place_, row, [&]() -> std::variant<bool, AttemptFailure> {
      if (auto failure = object_->confirm_length())
        return std::move(*failure);
      return true;
    });
    if (auto* const failure = std::get_if<ReadFailure>(&asked))
      return std::move(*failure);
    return std::nullopt;
  }

  std::variant<std::size_t, ReadFailure> read(std::span<std::byte> buffer) override {
    std::size_t filled = 0;
    while (filled < buffer.size()) {
      // A new row for each piece: bytes that arrived are no failure of the place.
      Row row{.since = Clock::now()};
      auto got = store_.repeat<std::size_t>(
          place_, row, [&] { return object_->read_some(buffer.subspan(filled)); });
      if (auto* const failure = std::get_if<ReadFailure>(&got))
        return std::move(*failure);
      if (std::get<std::size_t>(got) == 0)
        break;
      filled += std::get<std::size_t>(got);
    }
    return filled;
  }

  std::variant<std::string, ReadFailure> identity() override {
    Row row{.since = Clock::now()};
    return store_.repeat<std::string>(place_, row, [&] { return object_->identity(); });
  }

 private:
  RetryingStore& store_;
  std::string place_;
  std::unique_ptr<Object> object_;
};

RetryingStore::RetryingStore(std::unique_ptr<ObjectStore> store, const StoreHooks& hooks,
                             RetryTerms terms)
    : store_(std::move(store)), hooks_(hooks), terms_(terms) {}

RetryingStore::~RetryingStore() = default;

std::variant<std::unique_ptr<Source>, ReadFailure> RetryingStore::open(const Location& location) {
  const std::string place = store_->place_of(location);
  if (auto away = known_to_be_away(place))
    return std::move(*away);
  Row row{.since = Clock::now()};
  auto opened = repeat<std::unique_ptr<Object>>(place, row, [&] { return store_->open(location); });
  if (auto* const failure = std::get_if<ReadFailure>(&opened))
    return std::move(*failure);
  return std::make_unique<RetryingSource>(*this, place,
                                          std::get<std::unique_ptr<Object>>(std::move(opened)));
}

std::variant<std::string, ReadFailure> RetryingStore::identify(const Location& location) {
  const std::string place = store_->place_of(location);
  if (auto away = known_to_be_away(place))
    return std::move(*away);
  Row row{.since = Clock::now()};
  return repeat<std::string>(place, row, [&] { return store_->identify(location); });
}

std::string RetryingStore::place_of(const Location& location) const {
  return store_->place_of(location);
}

std::optional<PlaceTraits> RetryingStore::traits(const std::string& place) const {
  return store_->traits(place);
}

std::vector<PlaceState> RetryingStore::survey() const {
  return store_->survey();
}

template <typename Answer, typename Ask>
std::variant<Answer, ReadFailure> RetryingStore::repeat(const std::string& place, Row& row,
                                                        const Ask& ask) {
  for (;;) {
    std::variant<Answer, AttemptFailure> answer = ask();
    auto* const failure = std::get_if<AttemptFailure>(&answer);
    if (failure == nullptr) {
      answered(place);
      return std::get<Answer>(std::move(answer));
    }
    // That an object is missing is an answer too: the place is there.
    if (failure->kind == FailureKind::image)
      answered(place);
    if (auto last = wait(place, row, std::move(*failure)))
      return std::move(*last);
  }
}

std::optional<ReadFailure> RetryingStore::wait(const std::string& place, Row& row,
                                               AttemptFailure failure) {
  if (failure.kind == FailureKind::image || failure.kind == FailureKind::stopped)
    return failure;
  ++row.failures;
  failure.is_refusal = failure.kind == FailureKind::place;
  bool give_up = failure.is_refusal || failure.gives_up;
  {
    const std::lock_guard lock(mutex_);
    Place& there = places_[place];
    if (!give_up) {
      const auto now = Clock::now();
      // A place that never answered is probably configured wrongly: no image waits long for it.
      const bool is_first_contact = failure.is_unreached && !there.has_answered;
      give_up = is_first_contact
                    ? row.failures >= terms_.first_tries
                    : (row.failures >= terms_.tries && now - row.since >= terms_.patience) ||
                          now - row.since >= terms_.longest_row;
      // Nobody is there, or what is there answers nobody: nothing is said of the image.
      const bool answers_nobody = !there.has_answered || there.last_answer <= row.since;
      if (give_up && (failure.is_unreached || answers_nobody))
        failure.kind = FailureKind::place;
    }
    // Other locations of the place may have other keys, so refused keys say nothing about it.
    if (give_up && failure.kind == FailureKind::place && !failure.is_of_keys) {
      there.away = static_cast<const ReadFailure&>(failure);
      there.away_since = Clock::now();
    }
  }
  if (give_up)
    return failure;
  // The lock is free by now: the wait of one image must not hold up the others.
  const milliseconds asked = std::min(failure.retry_after, terms_.longest_asked);
  const milliseconds time = std::max(asked, backoff(terms_, row.failures));
  const StoreWait told{place, failure.reason, time, failure.is_overloaded};
  hooks_.waiting(told);
  sleep_unless(hooks_.should_stop, time);
  hooks_.waited(told);
  if (hooks_.should_stop())
    return stopped_failure();
  return std::nullopt;
}

std::optional<ReadFailure> RetryingStore::known_to_be_away(const std::string& place) {
  const std::lock_guard lock(mutex_);
  Place& there = places_[place];
  if (there.away && Clock::now() - there.away_since >= terms_.rest)
    there.away.reset();
  return there.away;
}

void RetryingStore::answered(const std::string& place) {
  const std::lock_guard lock(mutex_);
  Place& there = places_[place];
  there.has_answered = true;
  there.last_answer = Clock::now();
  there.away.reset();
}

}  // namespace backglance
