// SPDX-License-Identifier: Apache-2.0
#include "cli/forecast.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace backglance {
namespace {

std::string bytes_text(std::int64_t bytes) {
  return human_bytes(static_cast<std::uint64_t>(bytes));
}

}  // namespace

std::chrono::seconds Forecast::time() const {
  // In floating point, because hosts times rate may be more than 64 bits.
  const double all = static_cast<double>(hosts) * static_cast<double>(rate);
  return std::chrono::seconds(std::llround(std::ceil(static_cast<double>(bytes) / all)));
}

std::string forecast_text(const Forecast& forecast) {
  std::string out =
      fmt::format("  forecast: {} at {}/s{} {} {} in {}\n", counted(forecast.hosts, "host"),
                  bytes_text(forecast.rate), forecast.hosts == 1 ? "" : " each",
                  forecast.hosts == 1 ? "reads" : "read", bytes_text(forecast.bytes),
                  human_duration(forecast.time()));
  if (forecast.rate_was_measured)
    out += "    an earlier run of one host reached this rate; --rate gives another one\n";
  if (forecast.unreadable > 0)
    out +=
        fmt::format("    without {} that this host cannot read\n", bytes_text(forecast.unreadable));
  if (forecast.unknown_size > 0)
    out += fmt::format("    without {} of unknown or no size\n",
                       counted(forecast.unknown_size, "image"));
  return out;
}

nlohmann::json forecast_json(const Forecast& forecast) {
  return {{"hosts", forecast.hosts},
          {"rate", forecast.rate},
          {"rate_from", forecast.rate_was_measured ? "earlier_run" : "option"},
          {"bytes", forecast.bytes},
          {"unreadable_bytes", forecast.unreadable},
          {"unknown_size", forecast.unknown_size},
          {"seconds", forecast.time().count()}};
}

}  // namespace backglance
