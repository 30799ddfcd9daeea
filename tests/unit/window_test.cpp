// SPDX-License-Identifier: Apache-2.0
#include "read/pace/window.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "base/error.h"

using namespace backglance;

namespace {

// Central European time by its rule, so that no zone files are needed: summer time from 2027-03-28
// 01:00 UTC to 2027-10-31 01:00 UTC.
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

class TimeZone {
 public:
  explicit TimeZone(const char* zone) {
    if (const char* before = std::getenv("TZ"))
      before_ = before;
    setenv("TZ", zone, 1);
    tzset();
  }
  ~TimeZone() {
    if (before_)
      setenv("TZ", before_->c_str(), 1);
    else
      unsetenv("TZ");
    tzset();
  }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;

 private:
  std::optional<std::string> before_;
};

std::time_t utc(int month, int day, int hour, int minute, int second = 0) {
  std::tm time = {};
  time.tm_year = 2027 - 1900;
  time.tm_mon = month - 1;
  time.tm_mday = day;
  time.tm_hour = hour;
  time.tm_min = minute;
  time.tm_sec = second;
  return timegm(&time);
}

}  // namespace

TEST_CASE("a window holds from its first minute to the one before its end") {
  const TimeZone zone("UTC0");
  const Windows windows("09:30-17:00");
  CHECK_FALSE(windows.contains(utc(1, 5, 9, 29, 59)));
  CHECK(windows.contains(utc(1, 5, 9, 30)));
  CHECK(windows.contains(utc(1, 5, 16, 59, 59)));
  CHECK_FALSE(windows.contains(utc(1, 5, 17, 0)));
  CHECK(windows.next_change(utc(1, 5, 9, 0, 17)) == utc(1, 5, 9, 30));
  CHECK(windows.next_change(utc(1, 5, 9, 30)) == utc(1, 5, 17, 0));
  CHECK(windows.next_change(utc(1, 5, 18, 0)) == utc(1, 6, 9, 30));
}

TEST_CASE("a window goes over midnight, and several are one") {
  const TimeZone zone("UTC0");
  const Windows windows(" 22:00-6:00, 12:00-13:00,06:00-06:30 ");
  CHECK(windows.text() == "22:00-6:00,12:00-13:00,06:00-06:30");
  CHECK(windows.contains(utc(1, 5, 23, 59, 59)));
  CHECK(windows.contains(utc(1, 6, 0, 0)));
  CHECK(windows.contains(utc(1, 6, 6, 15)));
  CHECK_FALSE(windows.contains(utc(1, 6, 6, 30)));
  CHECK(windows.contains(utc(1, 6, 12, 30)));
  CHECK(windows.next_change(utc(1, 5, 22, 0)) == utc(1, 6, 6, 30));
  CHECK(windows.next_change(utc(1, 6, 13, 0)) == utc(1, 6, 22, 0));
}

TEST_CASE("the whole day has no end") {
  const TimeZone zone("UTC0");
  const Windows windows("00:00-24:00");
  CHECK(windows.contains(utc(1, 5, 0, 0)));
  CHECK(windows.contains(utc(1, 5, 23, 59, 59)));
  CHECK_FALSE(windows.next_change(utc(1, 5, 3, 0)));
}

TEST_CASE("windows follow local time, on the days of a clock change too") {
  const TimeZone zone(kBerlin);
  const Windows night("22:00-06:00");
  // Winter: UTC + 1. Summer: UTC + 2.
  CHECK(night.next_change(utc(1, 5, 12, 0)) == utc(1, 5, 21, 0));
  CHECK(night.next_change(utc(7, 5, 12, 0)) == utc(7, 5, 20, 0));
  // From 22:00 of the evening before: seven hours in spring, nine in autumn.
  CHECK(night.next_change(utc(3, 27, 21, 0)) == utc(3, 28, 4, 0));
  CHECK(night.next_change(utc(10, 30, 20, 0)) == utc(10, 31, 5, 0));

  const Windows early("02:10-02:40");
  // 02:00 to 03:00 is not there on 28 March, and is there twice on 31 October.
  CHECK(early.next_change(utc(3, 27, 2, 0)) == utc(3, 29, 0, 10));
  CHECK(early.next_change(utc(10, 30, 22, 0)) == utc(10, 31, 0, 10));
  CHECK(early.next_change(utc(10, 31, 0, 40)) == utc(10, 31, 1, 10));
}

TEST_CASE("a text that is not a window is refused") {
  for (const char* text : {"",
                           ",",
                           "22",
                           "22-06",
                           "22:00",
                           "22:00-",
                           "-06:00",
                           "22:00-06:00-07:00",
                           "25:00-06:00",
                           "22:60-06:00",
                           "22:00-24:01",
                           "24:00-06:00",
                           "22:0-06:00",
                           "22:00-06:000",
                           "2 2:00-06:00",
                           "+2:00-06:00",
                           "22:00-06:00,",
                           "08:00-08:00",
                           "22:00 06:00",
                           "22:00-0x:00"})
    CHECK_THROWS_AS(Windows(text), Error);
}

TEST_CASE("the gate is shut outside the window and open within") {
  PauseGate gate;
  const std::time_t now = std::time(nullptr);
  // The zone is chosen so that it is 12:00 and some seconds now.
  const auto past_noon = static_cast<int>((now + 43200 - 30) % 86400);
  const std::string offset = std::to_string(past_noon / 3600) + ":" +
                             std::to_string(past_noon / 60 % 60) + ":" +
                             std::to_string(past_noon % 60);
  const TimeZone zone(("XXX" + offset).c_str());
  {
    const WindowWatch inside(Windows("11:00-13:00"), gate);
    CHECK_FALSE(gate.is_closed());
  }
  {
    const WindowWatch outside(Windows("13:00-11:00"), gate);
    CHECK(gate.waiting_for() == "outside the window 13:00-11:00, which opens at 13:00");
  }
  CHECK_FALSE(gate.is_closed());
}
