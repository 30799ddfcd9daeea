// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <limits>

#include "base/text.h"

namespace backglance {
namespace {

// A whole number in decimal, without a sign. CLI11 also reads "010", as 8, and takes a number that
// is too large for the largest one.
std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t number = 0;
  const auto end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc() || rest != end || text[0] == '-' || (text[0] == '0' && text.size() > 1))
    return std::nullopt;
  return number;
}

void limit_number(CLI::Option& option, std::int64_t least, std::int64_t most) {
  option.check([least, most](const std::string& value) {
    const auto number = whole_number(value);
    return number && *number >= least && *number <= most
               ? std::string()
               : fmt::format("must be a whole number from {} to {}, not '{}'", least, most,
                             printable(value, 80));
  });
}

}  // namespace

Option& Option::type(const std::string& name) {
  option_->type_name(name);
  return *this;
}
Option& Option::required() {
  option_->required();
  return *this;
}
Option& Option::shows_default() {
  option_->capture_default_str();
  return *this;
}
Option& Option::repeatable() {
  option_->expected(1)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  return *this;
}
Option& Option::range(int least, int most) {
  limit_number(*option_, least, most);
  return *this;
}
Option& Option::at_least(std::int64_t least) {
  limit_number(*option_, least, std::numeric_limits<std::int64_t>::max());
  return *this;
}
Option& Option::one_of(const std::vector<std::string>& values) {
  // The description of the check is where command_tree() finds the values.
  option_->check(
      [values](const std::string& value) {
        return std::find(values.begin(), values.end(), value) != values.end()
                   ? std::string()
                   : fmt::format("must be one of {}, not '{}'", join(values, ", "),
                                 printable(value, 80));
      },
      join(values, "|"));
  return *this;
}
Option& Option::suggests(const std::vector<std::string>& values) {
  option_->check([](const std::string&) { return std::string(); }, join(values, "|"));
  return *this;
}
Option& Option::only_typed() {
  option_->configurable(false);
  return *this;
}
Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}
Option& Option::needs(const Option& other) {
  option_->needs(other.option_);
  return *this;
}

Option Arguments::flag(const std::string& name, bool& value, const std::string& help) {
  return Option(app_.add_flag(name, value, help)->disable_flag_override());
}
Option Arguments::flag(const std::string& name, const std::string& if_bare, std::string& value,
                       const std::string& help) {
  return Option(app_.add_flag(name + "{" + if_bare + "}", value, help));
}
Option Arguments::option(const std::string& name, std::string& value, const std::string& help) {
  return Option(app_.add_option(name, value, help));
}
Option Arguments::option(const std::string& name, std::optional<std::string>& value,
                         const std::string& help) {
  return Option(app_.add_option(name, value, help));
}
Option Arguments::option(const std::string& name, std::filesystem::path& value,
                         const std::string& help) {
  return Option(app_.add_option(name, value, help));
}
Option Arguments::option(const std::string& name, std::vector<std::string>& value,
                         const std::string& help) {
  return Option(app_.add_option(name, value, help));
}
Option Arguments::option(const std::string& name, std::vector<std::filesystem::path>& value,
                         const std::string& help) {
  return Option(app_.add_option(name, value, help));
}
Option Arguments::option(const std::string& name, int& value, const std::string& help) {
  return Option(app_.add_option(name, value, help));
}
Option Arguments::option(const std::string& name, std::optional<std::int64_t>& value,
                         const std::string& help) {
  return Option(app_.add_option(name, value, help));
}
Option Arguments::find(const std::string& name) const {
  return Option(app_.get_option(name));
}
void Arguments::group(const std::string& heading) {
  app_.option_defaults()->group(heading);
}
Arguments Arguments::subcommand(const std::string& name, const std::string& help, bool& is_given) {
  CLI::App* const sub = app_.add_subcommand(name, help);
  sub->group("Commands");
  // Options of the command may follow the name of the subcommand.
  sub->fallthrough();
  sub->callback([&is_given] { is_given = true; });
  app_.require_subcommand(1);
  return Arguments(*sub);
}

}  // namespace backglance
