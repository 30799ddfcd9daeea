// SPDX-License-Identifier: Apache-2.0
#include "read/pace/pause_gate.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

using namespace backglance;
using namespace std::chrono_literals;

namespace {

using Clock = std::chrono::steady_clock;

const auto kNever = [] { return false; };

}  // namespace

TEST_CASE("the gate is shut while one source has a reason, and names all of them") {
  PauseGate gate;
  CHECK_FALSE(gate.is_closed());
  CHECK(gate.waiting_for().empty());
  gate.close("window", "the window opens at 22:00");
  gate.close("load", "load 45");
  CHECK(gate.is_closed());
  CHECK(gate.waiting_for() == "load 45; the window opens at 22:00");
  gate.close("load", "load 46");
  REQUIRE(gate.reasons().size() == 2);
  CHECK(gate.reasons()[0].source == "load");
  CHECK(gate.reasons()[0].text == "load 46");
  gate.open("load");
  CHECK(gate.is_closed());
  gate.open("window");
  CHECK_FALSE(gate.is_closed());
  gate.open("window");
  gate.wait(kNever);
}

TEST_CASE("a thread that waits at the gate continues when it opens") {
  PauseGate gate;
  gate.close("window", "w");
  std::atomic<int> through{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      gate.wait(kNever);
      ++through;
    });
  std::this_thread::sleep_for(100ms);
  CHECK(through == 0);
  gate.open("window");
  threads.clear();
  CHECK(through == 4);
}

TEST_CASE("a thread that waits at the gate notices a stop within 100 ms") {
  PauseGate gate;
  gate.close("window", "w");
  std::atomic<bool> stop{false};
  Clock::time_point asked;
  Clock::time_point left;
  {
    const std::jthread waiter([&] {
      gate.wait([&] { return stop.load(); });
      left = Clock::now();
    });
    std::this_thread::sleep_for(120ms);
    asked = Clock::now();
    stop = true;
  }
  CHECK(left - asked < 100ms);
}

TEST_CASE("the observer hears of the wait, not of each new text") {
  PauseGate gate;
  std::vector<std::string> heard;
  gate.observe([&](const std::string& waiting_for) {
    CHECK(waiting_for == gate.waiting_for());
    heard.push_back(waiting_for);
  });
  gate.open("load");
  gate.close("load", "load 45");
  gate.close("load", "load 46");
  gate.close("window", "w");
  gate.open("load");
  gate.open("window");
  CHECK(heard == std::vector<std::string>{"load 45", "load 46; w", "w", ""});
}

TEST_CASE("sources may come and go at once") {
  PauseGate gate;
  std::vector<std::jthread> threads;
  for (const char* source : {"a", "b", "c"})
    threads.emplace_back([&gate, source] {
      for (int i = 0; i < 500; ++i) {
        gate.close(source, "x");
        gate.open(source);
      }
    });
  threads.clear();
  CHECK_FALSE(gate.is_closed());
}
