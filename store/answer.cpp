// SPDX-License-Identifier: Apache-2.0
#include "store/answer.h"

#include <fmt/format.h>
#include <unistd.h>

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/stop.h"
#include "base/text.h"

namespace backglance {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTellAfter{5};
constexpr std::chrono::seconds kTellAgain{60};
constexpr std::chrono::seconds kEndAfter{5};
constexpr std::chrono::milliseconds kBetweenLooks{500};
constexpr int kInterrupted = 130;

// The open questions, and the thread that looks after them. Never destroyed: a thread that is left
// behind may still be in a question when the process ends.
class Questions {
 public:
  static Questions& all() {
    static auto* const questions = new Questions;
    return *questions;
  }

  void tell_by(std::function<void(const std::string&)> tell) {
    const std::lock_guard lock(mutex_);
    tell_ = std::move(tell);
  }

  void open(const FileQuestion* question, const std::string& directory) {
    const std::lock_guard lock(mutex_);
    open_[question] = {&directory, Clock::now()};
    if (!std::exchange(is_watched_, true))
      std::thread([this] { watch(); }).detach();
  }

  void close(const FileQuestion* question) {
    const std::lock_guard lock(mutex_);
    open_.erase(question);
  }

 private:
  struct Open {
    const std::string* directory = nullptr;
    Clock::time_point began;
  };

  void watch() {
    for (;;) {
      std::this_thread::sleep_for(kBetweenLooks);
      const std::lock_guard lock(mutex_);
      const auto now = Clock::now();
      if (!stop_requested())
        stop_seen_ = now;
      for (const auto& [question, open] : open_)
        if (now - open.began >= kTellAfter)
          look(*open.directory, open.began, now);
    }
  }

  void look(const std::string& directory, Clock::time_point began, Clock::time_point now) {
    const std::string named = "store directory " + printable(directory);
    if (now - stop_seen_ >= kEndAfter) {
      tell(named +
           " still does not answer; this process ends without it. What was read is saved, and "
           "other runs get the images of this one when its leases end, in two minutes");
      _exit(kInterrupted);
    }
    const auto told = told_.find(directory);
    if (told != told_.end() && now - told->second < kTellAgain)
      return;
    told_[directory] = now;
    tell(fmt::format("{} has not answered for {} s; waiting for it (is its server down?)", named,
                     std::chrono::duration_cast<std::chrono::seconds>(now - began).count()));
  }

  void tell(const std::string& text) const {
    if (tell_)
      tell_(text);
  }

  std::mutex mutex_;
  std::map<const FileQuestion*, Open> open_;
  std::map<std::string, Clock::time_point> told_;
  Clock::time_point stop_seen_ = Clock::now();  // the last look at which nobody had asked to stop
  std::function<void(const std::string&)> tell_;
  bool is_watched_ = false;
};

}  // namespace

std::optional<std::string> answer_within(std::chrono::milliseconds time,
                                         std::function<std::string()> ask) {
  struct Answer {
    std::mutex mutex;
    std::condition_variable given;
    std::optional<std::string> text;
  };
  const auto answer = std::make_shared<Answer>();
  std::thread([answer, ask = std::move(ask)] {
    std::string text;
    try {
      text = ask();
    } catch (const std::exception&) {
      text.clear();
    }
    const std::lock_guard lock(answer->mutex);
    answer->text = std::move(text);
    answer->given.notify_all();
  }).detach();
  std::unique_lock lock(answer->mutex);
  answer->given.wait_for(lock, time, [&] { return answer->text.has_value(); });
  return answer->text;
}

FileQuestion::FileQuestion(const std::string& directory) {
  Questions::all().open(this, directory);
}

FileQuestion::~FileQuestion() {
  Questions::all().close(this);
}

void tell_file_waits_by(std::function<void(const std::string& text)> tell) {
  Questions::all().tell_by(std::move(tell));
}

}  // namespace backglance
