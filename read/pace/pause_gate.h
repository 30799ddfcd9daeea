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

// Makes a run wait without ending it: outside its window, while the database is busy, after a
// person's pause. Each such source closes the gate with its reason and opens it again. While one
// reason is there, claimers and readers wait. Thread-safe.
class PauseGate {
 public:
  struct Reason {
    std::string source;  // one word: "window"
    std::string text;    // for people, one line, without secrets
  };

  // Adds the source's reason to wait, or replaces its text.
  void close(const std::string& source, const std::string& text);
  // Removes the source's reason.
  void open(const std::string& source);

  bool is_closed() const { return closed_.load(std::memory_order_acquire); }
  // Sorted by source; empty while the gate is open.
  std::vector<Reason> reasons() const;
  // All texts, joined by "; "; empty while the gate is open.
  std::string waiting_for() const;

  // Waits until the gate is open. Returns within 100 ms after `should_stop` becomes true.
  void wait(const std::function<bool()>& should_stop) const;

  // Sets one observer; empty: none. It is called when a wait begins (with the text of
  // waiting_for()), when a source joins or leaves it, and with an empty text when it ends, but not
  // for a new text of the same source. The thread that opens or closes calls it, one call at a
  // time. It may read the gate, but must not open or close it: that would deadlock.
  using Observer = std::function<void(const std::string& waiting_for)>;
  void observe(Observer observer);

 private:
  void change(const std::function<bool(std::map<std::string, std::string>&)>& edit);

  std::mutex telling_;        // one change at a time, with its observer's call; taken before mutex_
  Observer observer_;         // guarded by telling_
  mutable std::mutex mutex_;  // guards reasons_
  mutable std::condition_variable changed_;
  std::map<std::string, std::string> reasons_;
  // True if reasons_ is not empty: for a check without the lock, between two chunks.
  std::atomic<bool> closed_{false};
};

}  // namespace backglance
