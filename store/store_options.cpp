// SPDX-License-Identifier: Apache-2.0
#include "store/store_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <stdexcept>
#include <system_error>

#include "base/error.h"
#include "base/text.h"

namespace backglance {

std::string StoreOptions::group() const {
  return fmt::format("[{}]", store_.id.empty() ? "glance_store" : printable(store_.id, 80));
}

std::string StoreOptions::text(std::string_view name) const {
  const auto row = std::ranges::find(options_, name, &StoreOption::name);
  // A fault of ours: documents and the list of secrets are made from the table.
  if (row == options_.end())
    throw std::logic_error(fmt::format("the option {} is not in its type's table", name));
  const auto value = store_.option ? store_.option(name) : std::nullopt;
  return value ? *value : std::string(row->default_value);
}

bool StoreOptions::flag(std::string_view name) const {
  const std::string value = lower_ascii(std::string(trim(text(name))));
  constexpr std::array<std::string_view, 4> kTrue = {"true", "1", "yes", "on"};
  constexpr std::array<std::string_view, 4> kFalse = {"false", "0", "no", "off"};
  if (std::ranges::find(kTrue, value) != kTrue.end())
    return true;
  if (std::ranges::find(kFalse, value) != kFalse.end())
    return false;
  throw Error(ErrorKind::usage, fmt::format("{} {} must be true or false", group(), name));
}

std::int64_t StoreOptions::number(std::string_view name) const {
  const std::string value(trim(text(name)));
  std::int64_t number = 0;
  const auto [used, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || error != std::errc() || used != value.data() + value.size())
    throw Error(ErrorKind::usage, fmt::format("{} {} must be a number", group(), name));
  return number;
}

}  // namespace backglance
