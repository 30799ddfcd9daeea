// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "store/attempt.h"
#include "store/source.h"
#include "store/store_settings.h"

namespace backglance {

// How long a transient failure is retried. The defaults bear an outage of a minute.
struct RetryTerms {
  // The wait before the n-th retry is a random time up to `first` * 2^(n-1), at most `longest`.
  // What a server asks for (Retry-After) counts more, up to `longest_asked`.
  std::chrono::milliseconds first{1000};
  std::chrono::milliseconds longest{60'000};
  std::chrono::seconds longest_asked{300};
  // Given up after this many failures in a row and this time since the last byte or answer.
  int tries = 8;
  std::chrono::seconds patience{120};
  // Whatever the number of failures: a request may itself take minutes to fail.
  std::chrono::seconds longest_row{600};
  // The same for a place that has never answered this process: a wrong host name must not look like
  // a slow one.
  int first_tries = 3;
  // For this time after a place failed, it is not asked again, and its failure is repeated.
  std::chrono::seconds rest{30};
};

// A SourceOpener for a network store: repeats attempts that may go well soon, tells
// StoreHooks::waiting and ::waited of each wait, ends each wait when the run must stop, and
// remembers places that are away. A transient failure that stays is of the place, unless the place
// has answered other requests meanwhile: then it is of this object. Thread-safe.
class RetryingStore : public SourceOpener {
 public:
  // `hooks` must live longer than this.
  RetryingStore(std::unique_ptr<ObjectStore> store, const StoreHooks& hooks, RetryTerms terms = {});
  ~RetryingStore() override;

  // The Source must not live longer than this.
  std::variant<std::unique_ptr<Source>, ReadFailure> open(const Location& location) override;
  std::variant<std::string, ReadFailure> identify(const Location& location) override;
  std::string place_of(const Location& location) const override;
  std::optional<PlaceTraits> traits(const std::string& place) const override;
  bool is_empty(const std::string&) const override { return false; }
  std::string unusable() const override { return store_->unusable(); }
  std::vector<PlaceState> survey() const override;

 private:
  class RetryingSource;
  // Failures of one object or one question in a row.
  struct Row {
    int failures = 0;
    std::chrono::steady_clock::time_point since;  // the last success, or the beginning
  };
  struct Place {
    bool has_answered = false;
    std::chrono::steady_clock::time_point last_answer;
    std::optional<ReadFailure> away;
    std::chrono::steady_clock::time_point away_since;
  };

  template <typename Answer, typename Ask>
  std::variant<Answer, ReadFailure> repeat(const std::string& place, Row& row, const Ask& ask);
  // Waits before the next attempt. Returns the failure with which to give up instead.
  std::optional<ReadFailure> wait(const std::string& place, Row& row, AttemptFailure failure);
  std::optional<ReadFailure> known_to_be_away(const std::string& place);
  void answered(const std::string& place);

  std::unique_ptr<ObjectStore> store_;
  const StoreHooks& hooks_;
  RetryTerms terms_;
  std::mutex mutex_;  // guards places_
  std::map<std::string, Place> places_;
};

}  // namespace backglance
