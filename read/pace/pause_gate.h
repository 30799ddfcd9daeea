// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace backglance {

// What holds a run up without ending it: a window that is shut, a database under load, a person.
// Each such source names its reason here and takes it back; while there is one, claimers and
// readers wait. Any thread, all of it.
class PauseGate {
 public:
  struct Reason {
    std::string source;  // one word: "window"
    std::string text;    // for people, one line, without secrets
  };

  // A reason to wait, or a new text of one that is there.
  void close(const std::string& source, const std::string& text);
  // The source has none any more.
  void open(const std::string& source);

  bool is_closed() const { return closed_.load(std::memory_order_acquire); }
  // In the order of their sources; none while the gate is open.
  std::vector<Reason> reasons() const;
  // The texts of all, with "; " between them; empty while the gate is open.
  std::string waiting_for() const;

  // Returns once the gate is open, or within 100 ms after `should_stop` began to say so.
  void wait(const std::function<bool()>& should_stop) const;

  // Called when a wait begins (with what waiting_for() says), when a source joins or leaves it, and
  // with nothing when it ends: not for each new text. By the thread that opens or closes, one call
  // at a time; it may ask the gate, and not open or close it. One observer; empty: none.
  using Observer = std::function<void(const std::string& waiting_for)>;
  void observe(Observer observer);

 private:
  void change(const std::function<bool(std::map<std::string, std::string>&)>& edit);

  std::mutex telling_;  // one change at a time, its observer's call included; taken before mutex_
  Observer observer_;   // under telling_
  mutable std::mutex mutex_;  // guards reasons_
  mutable std::condition_variable changed_;
  std::map<std::string, std::string> reasons_;
  std::atomic<bool> closed_{false};  // reasons_ is not empty; for a look between two chunks
};

}  // namespace backglance
