// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "version.h"

namespace backglance {
namespace {

constexpr const char* kFooter =
    "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 expand due; 4 migrate or backfill due; 5 "
    "contract due;\n"
    "10 done with findings (see report); 11 another run is at work; 12 a commit's outcome is "
    "unknown;\n"
    "130 interrupted, or ended by backglance stop.";

// The site as one side of the command names it.
struct SourceFlags {
  SiteSource source;
  std::vector<std::string> files;
  std::vector<std::string> directories;
};

void add_source(Arguments app, SourceFlags& flags) {
  SiteSource& source = flags.source;
  app.option("--config-file", flags.files,
             "Configuration file of Glance; may be repeated, later files win")
      .type("FILE")
      .repeatable();
  app.option("--config-dir", flags.directories,
             "Directory of *.conf files; may be repeated, among the files as well")
      .type("DIR")
      .repeatable();
  app.option("--database", source.database_url,
             "Database URL as SQLAlchemy writes it; wins over the configuration")
      .type("URL");
  app.option("--store-dir", source.store_dirs,
             "Directory of the file store; may be repeated; wins over the configuration")
      .type("DIR")
      .repeatable();
}

void add_common(Arguments app, CommonOptions& common, SourceFlags& source, bool changes) {
  add_source(app, source);
  app.flag("--json", common.json, "Print one JSON object (docs/json.md)");
  if (changes)
    app.flag("--dry-run", common.dry_run, "Say what would be done; change nothing");
}

// With files and directories in the order in which they were given, for the later wins.
SiteSource in_order(const CLI::App& app, const SourceFlags& flags) {
  SiteSource source = flags.source;
  std::size_t files = 0;
  std::size_t directories = 0;
  for (const CLI::Option* option : app.parse_order()) {
    if (option == app.get_option("--config-file"))
      source.config.push_back({flags.files.at(files++), false});
    else if (option == app.get_option("--config-dir"))
      source.config.push_back({flags.directories.at(directories++), true});
  }
  return source;
}

// The site may be named on either side of the command, glance-manage having taught people to name
// it in front. What stands in front counts as given first.
SiteSource joined(SiteSource before, const SiteSource& after) {
  const auto append = [](auto& list, const auto& more) {
    list.insert(list.end(), more.begin(), more.end());
  };
  append(before.config, after.config);
  append(before.store_dirs, after.store_dirs);
  if (after.database_url)
    before.database_url = after.database_url;
  return before;
}

// How many letters have to be left out, put in, changed or swapped with their neighbour to make one
// word of the other.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::vector<std::size_t>> cost(one.size() + 1,
                                             std::vector<std::size_t>(other.size() + 1));
  for (std::size_t i = 0; i <= one.size(); ++i)
    for (std::size_t j = 0; j <= other.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                             cost[i - 1][j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[one.size()][other.size()];
}

// CLI11 says of a command that it does not know no more than that there is none.
std::string usage_text(const CLI::App& app, const CLI::ParseError& error) {
  const auto is_word = [](const std::string& text) { return !text.starts_with('-'); };
  const auto rest = app.remaining();
  const auto word = std::find_if(rest.begin(), rest.end(), is_word);
  if (!app.get_subcommands().empty() || word == rest.end())
    return error.what();
  std::string text = fmt::format("there is no command {}", printable(*word, 80));
  constexpr std::size_t kTooLong = 40;
  if (word->size() > kTooLong)
    return text;
  const auto& table = commands();
  const auto nearest =
      std::min_element(table.begin(), table.end(), [&](const auto& a, const auto& b) {
        return distance(*word, a.name) < distance(*word, b.name);
      });
  // A third of the letters may be wrong.
  return distance(*word, nearest->name) * 3 > nearest->name.size()
             ? text
             : fmt::format("{}; did you mean {}?", text, nearest->name);
}

// "--tag --dry-run" would else be a tag of that name, and no dry run; and an option that may be
// repeated would take every word behind its value as another one.
void take_one_value(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    option->allow_extra_args(option->get_positional());
    if (option->get_items_expected_max() > 0)
      option->check([](const std::string& value) {
        return value.starts_with("--") ? "needs a value, and '" + value + "' is an option"
                                       : std::string();
      });
  }
  for (CLI::App* sub : app.get_subcommands({}))
    take_one_value(*sub);
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
  option_->check(CLI::Range(least, most));
  return *this;
}
Option& Option::at_least(std::int64_t least) {
  option_->check(CLI::Range(least, std::numeric_limits<std::int64_t>::max()));
  return *this;
}
Option& Option::one_of(const std::vector<std::string>& values) {
  option_->check(CLI::IsMember(values));
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
  return Option(app_.add_flag(name, value, help));
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
Arguments Arguments::subcommand(const std::string& name, const std::string& help, bool& is_given) {
  CLI::App* const sub = app_.add_subcommand(name, help);
  sub->fallthrough();
  sub->callback([&is_given] { is_given = true; });
  app_.require_subcommand(1);
  return Arguments(*sub);
}

std::optional<CommandLine> read_command_line(int argc, char** argv, int& exit_code) {
  CLI::App app("Brings an OpenStack Glance site up to date while it serves.", "backglance");
  app.set_version_flag("--version", "backglance " + std::string(kVersion));
  app.require_subcommand(1);
  app.footer(kFooter);
  SourceFlags before_command;
  add_source(Arguments(app), before_command);
  SourceFlags after_command;
  CommandLine line;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.help));
    sub->footer(kFooter);
    add_common(Arguments(*sub), line.common, after_command, command.changes);
    Arguments arguments(*sub);
    sub->callback([&line, run_command = command.add(arguments)] { line.run = run_command; });
  }
  take_one_value(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      exit_code = app.exit(error);
      return std::nullopt;
    }
    const auto given = app.get_subcommands();
    fmt::print(stderr, "backglance: {} -- next: backglance {}--help\n", usage_text(app, error),
               given.empty() ? "" : given.front()->get_name() + " ");
    exit_code = static_cast<int>(ExitCode::usage);
    return std::nullopt;
  }
  const CLI::App& sub = *app.get_subcommands().front();
  line.common.source = joined(in_order(app, before_command), in_order(sub, after_command));
  return line;
}

}  // namespace backglance
