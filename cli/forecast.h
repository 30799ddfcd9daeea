// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

namespace backglance {

// How long a fleet reads, by bytes alone: what one image costs besides its bytes (opening it, a
// commit) is not in it, so images of a few KiB take longer. docs/capacity.md says how much.
struct Forecast {
  std::int64_t hosts = 1;
  std::int64_t rate = 0;          // bytes per second of one host
  bool rate_was_measured = true;  // by an earlier run; false: it was given
  std::int64_t bytes = 0;         // to read, of stores that this host can read
  std::int64_t unreadable = 0;    // bytes that are left out: of stores that it cannot read
  std::int64_t unknown_size = 0;  // images whose bytes are not known, and not counted

  // Rounded up.
  std::chrono::seconds time() const;
};

// What a person asks for. No `rate`: as measured by an earlier run.
struct ForecastWish {
  std::optional<std::int64_t> hosts = {};
  std::optional<std::int64_t> rate = {};

  bool is_given() const { return hosts || rate; }
};

// One line for a person, ended by a newline.
std::string forecast_text(const Forecast& forecast);
nlohmann::json forecast_json(const Forecast& forecast);

}  // namespace backglance
