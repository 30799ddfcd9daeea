// SPDX-License-Identifier: Apache-2.0
#include "read/pace/throttle.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace backglance;

TEST_CASE("a brake holds above its limit at once, and releases after three calm checks") {
  Brake brake(10);
  CHECK_FALSE(brake.holds(10));
  CHECK(brake.holds(11));
  CHECK(brake.holds(9));  // not calm yet
  CHECK(brake.holds(8));
  CHECK(brake.holds(8));
  CHECK_FALSE(brake.holds(8));
  CHECK_FALSE(brake.holds(10));
}

TEST_CASE("a brake starts to count anew when the figure rises") {
  Brake brake(10);
  for (const double value : {11.0, 1.0, 1.0, 9.0, 1.0, 1.0, 11.0, 1.0, 1.0})
    CHECK(brake.holds(value));
  CHECK_FALSE(brake.holds(1));
}

TEST_CASE("a limit of zero waits above zero and continues at zero") {
  Brake brake(0);
  CHECK_FALSE(brake.holds(0));
  CHECK(brake.holds(1));
  CHECK(brake.holds(0));
  CHECK(brake.holds(0));
  CHECK_FALSE(brake.holds(0));
}

TEST_CASE("a limit that the database cannot measure is refused") {
  const auto refused = [](const char* url, const ThrottleOptions& options) {
    PauseGate gate;
    try {
      const ThrottleWatch watch(parse_database_url(url), options, gate, {});
    } catch (const Error& error) {
      return error.kind() == ErrorKind::usage;
    }
    return false;
  };
  ThrottleOptions load;
  load.max_load = 1;
  CHECK(refused("sqlite:////tmp/x", load));
  ThrottleOptions lag;
  lag.max_lag = std::chrono::seconds{1};
  CHECK(refused("sqlite:////tmp/x", lag));
  CHECK(refused("mysql://u:p@h/glance", lag));
  lag.lag_databases.push_back(parse_database_url("sqlite:////tmp/x"));
  CHECK(refused("postgresql://u:p@h/glance", lag));
  PauseGate gate;
  const ThrottleWatch nothing(parse_database_url("sqlite:////tmp/x"), {}, gate, {});
  CHECK_FALSE(gate.is_closed());
}
