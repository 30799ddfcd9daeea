// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/help_text.h"
#include "cli/usage_check.h"
#include "cli/usage_text.h"
#include "store/store_settings.h"
#include "version.h"

namespace backglance {
namespace {

// The units of values, once for each help that has such an option.
constexpr const char* kSizeUnits =
    "SIZE: number and unit B, K, M, G, T or P (powers of 1024): 65536B, 500M, 2T";
constexpr const char* kTimeUnits =
    "TIME: number and unit s, m, h, d or w (seconds to weeks): 90s, 30m, 8h, 180d";

// The exit codes with which a command may end; of the program (null), all.
std::string exit_codes(const Command* command) {
  const std::string_view name = command == nullptr ? std::string_view() : command->name;
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return command == nullptr || std::find(names.begin(), names.end(), name) != names.end();
  };
  const bool changes = command == nullptr || command->changes;
  const bool is_order = command != nullptr && is_one_of({"pause", "resume", "stop"});
  std::string text = "Exit codes:\n    0 done\n    1 failed\n    2 wrong usage\n";
  if (is_one_of({"check"}))
    text += "    3 expand is due\n    4 migrate or backfill is due\n    5 contract is due\n";
  if (is_one_of({"backfill", "verify", "sync", "contract", "attest", "check"}))
    text += "   10 done, with findings: a person should look\n";
  if (changes && !is_order)
    text += "   11 another run is at work\n";
  if (changes)
    text += "   12 unknown whether a commit succeeded\n";
  return text + "  130 interrupted" + (changes && !is_order ? ", or ended by backglance stop" : "");
}

// CLI11's own layout prints each text in one line of any length, and after the name of a value the
// names of its checks.
class HelpFormatter : public CLI::Formatter {
 public:
  HelpFormatter() {
    label("SUBCOMMAND", "COMMAND");
    label("Positionals", "Arguments");
  }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    std::string text = wrapped(app->get_description()) + "\n" + make_usage(app, std::move(name)) +
                       make_positionals(app);
    for (const std::string& group : app->get_groups()) {
      const auto options = app->get_options([&](const CLI::Option* option) {
        return option->nonpositional() && option->get_group() == group;
      });
      if (!options.empty())
        text += make_group(group, false, options);
    }
    text += make_units(app);
    const CLI::App* const above = app->get_parent();
    if (above != nullptr && above->get_parent() != nullptr)
      text += "\n" + wrapped(fmt::format(
                         "All options of backglance {0} work here too: backglance {0} --help",
                         above->get_name()));
    return text + make_subcommands(app, mode) + "\n" + make_footer(app);
  }

  std::string make_option(const CLI::Option* option, bool is_positional) const override {
    // CLI11 writes a flag that may have a value as "--csv{signatures}".
    std::string name = option->get_name(is_positional, !is_positional);
    name.resize(std::min(name.size(), name.find('{')));
    // After a ':', CLI11 lists the checks of the value.
    std::string type = option->get_type_name();
    type.resize(std::min(type.size(), type.find(':')));
    if (!type.empty() && !is_positional)
      name += (type.front() == '[' ? "" : " ") + type;
    std::string text = option->get_description();
    if (!option->get_default_str().empty())
      text += " (default: " + option->get_default_str() + ")";
    if (option->get_required())
      text += " (required)";
    return help_entry(name, text);
  }

  static std::string make_units(const CLI::App* app) {
    const auto has_value = [&](const std::string& type) {
      const auto options = app->get_options();
      return std::any_of(options.begin(), options.end(), [&](const CLI::Option* option) {
        return option->get_type_name().starts_with(type + ":") || option->get_type_name() == type ||
               option->get_type_name().ends_with("=" + type);
      });
    };
    std::string text;
    if (has_value("SIZE"))
      text += "\n" + wrapped(kSizeUnits, 2);
    if (has_value("TIME"))
      text += (text.empty() ? "\n" : "") + wrapped(kTimeUnits, 2);
    return text;
  }

  std::string make_subcommand(const CLI::App* command) const override {
    return help_entry(command->get_name(), command->get_description());
  }
};

// The site, as the options on one side of the command describe it.
struct SourceFlags {
  SiteSource source;
  std::vector<std::string> files;
  std::vector<std::string> directories;
};

// The options that name the site. They exist before and after the command.
void add_source(Arguments app, SourceFlags& flags) {
  SiteSource& source = flags.source;
  app.group(kSiteGroup);
  app.option("--config-file", flags.files,
             "Read Glance's settings from this configuration file; may be repeated, and a later "
             "file overrides an earlier one (default: the files that glance-api reads)")
      .type("FILE")
      .repeatable();
  app.option("--config-dir", flags.directories,
             "Read every *.conf file of this directory, in the order of their names; may be "
             "repeated, and mixed with --config-file")
      .type("DIR")
      .repeatable();
  app.option("--database", source.database_url,
             "Use this database URL, in SQLAlchemy's form, instead of the one in the configuration")
      .type("URL");
  app.option("--store-dir", source.store_dirs,
             "Use this directory of Glance's file store, instead of those in the configuration; may "
             "be repeated")
      .type("DIR")
      .repeatable();
  app.option("--allow-http", source.allow_http,
             "Read images whose location is a URL at this server: a name or address with or "
             "without :PORT, a network (10.1.0.0/16), or public for every public address; may be "
             "repeated (default: such images are not read)")
      .type("RULE")
      .repeatable();
  app.flag("--through-api", source.through_api,
           "Read images through the Glance API if their store cannot be read here and Glance has a "
           "checksum of them; set OS_CLOUD for a cloud of clouds.yaml, or OS_AUTH_URL and so on");
  app.flag("--through-api-unverified", source.through_api_unverified,
           "Read images through the Glance API as --through-api does, and images without a checksum "
           "too. Their hash is computed from what Glance sends; nothing proves that this is the "
           "whole image");
}

void add_common(Arguments app, CommonOptions& common, bool changes) {
  app.flag("--json", common.json, "Print one JSON object, as docs/json.md describes it");
  if (changes)
    app.flag("--dry-run", common.dry_run, "Show what the command would do; change nothing");
}

// Files and directories in the order in which they were given, because a later one overrides an
// earlier one.
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

// The options of the site may be given before or after the command, because glance-manage has them
// before it. Those before it count as given first.
SiteSource joined(SiteSource before, const SiteSource& after) {
  const auto append = [](auto& list, const auto& more) {
    list.insert(list.end(), more.begin(), more.end());
  };
  append(before.config, after.config);
  append(before.store_dirs, after.store_dirs);
  append(before.allow_http, after.allow_http);
  before.through_api = before.through_api || after.through_api;
  before.through_api_unverified = before.through_api_unverified || after.through_api_unverified;
  if (after.database_url)
    before.database_url = after.database_url;
  return before;
}

// An option that may be repeated would take every word after its value as another value.
void take_one_value(CLI::App& app) {
  for (CLI::Option* option : app.get_options())
    option->allow_extra_args(option->get_positional());
  for (CLI::App* sub : app.get_subcommands({}))
    take_one_value(*sub);
}

KnownOption::Value value_of(const CLI::App& app, const CLI::Option* option) {
  if (option->get_items_expected_max() > 0)
    return KnownOption::Value::required;
  const bool is_bare = option->get_disable_flag_override() || option == app.get_help_ptr() ||
                       option == app.get_version_ptr();
  return is_bare ? KnownOption::Value::none : KnownOption::Value::optional;
}

KnownCommand known(const CLI::App& app, const std::string& name) {
  KnownCommand command;
  command.name = name;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.takes_words = true;
      continue;
    }
    KnownOption& out = command.options.emplace_back();
    for (const std::string& one : option->get_snames())
      out.names.push_back("-" + one);
    for (const std::string& one : option->get_lnames())
      out.names.push_back("--" + one);
    out.value = value_of(app, option);
  }
  for (const CLI::App* sub : app.get_subcommands({}))
    command.commands.push_back(known(*sub, sub->get_name()));
  return command;
}

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

[[noreturn]] void refuse(const CLI::App& app, const std::string& why) {
  std::string path;
  for (auto given = app.get_subcommands(); !given.empty(); given = given.front()->get_subcommands())
    path += given.front()->get_name() + " ";
  throw Error(ErrorKind::usage, why, fmt::format("backglance {}--help", path));
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
  option_->check([values](const std::string& value) {
    return std::find(values.begin(), values.end(), value) != values.end()
               ? std::string()
               : fmt::format("must be one of {}, not '{}'", join(values, ", "),
                             printable(value, 80));
  });
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

bool asks_for_json(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "--json" || word.starts_with("--json=");
  });
}

std::optional<CommandLine> read_command_line(const std::vector<std::string>& words) {
  CLI::App app(
      "Brings the images of an OpenStack Glance site up to date while Glance keeps serving: gives "
      "each image the hash that it lacks, and removes signatures over MD5.",
      "backglance");
  app.formatter(std::make_shared<HelpFormatter>());
  app.set_version_flag("--version", "backglance " + std::string(kVersion));
  app.require_subcommand(1);
  app.footer(exit_codes(nullptr));
  SourceFlags before_command;
  add_source(Arguments(app), before_command);
  SourceFlags after_command;
  CommandLine line;
  for (const Command& command : commands()) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.help));
    sub->footer(exit_codes(&command));
    sub->group("Commands");
    Arguments arguments(*sub);
    arguments.group(kMainGroup);
    add_common(arguments, line.common, command.changes);
    const bool is_for_people = command.changes || command.name == "check";
    sub->callback([&line, is_for_people, run_command = command.add(arguments)] {
      line.run = run_command;
      line.is_output_for_people = is_for_people;
    });
    add_source(arguments, after_command);
  }
  take_one_value(app);
  const auto fault = usage_fault(known(app, ""), words);
  try {
    // The parser takes the words from the end of the list.
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::ParseError& error) {
    // CLI11 also throws for --help and --version.
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      std::ostringstream text;
      app.exit(error, text, text);
      write_out(text.str());
      if (const int failed = out_failure(); failed != 0)
        throw io_error("standard output cannot be written", failed);
      return std::nullopt;
    }
    refuse(app, fault ? *fault : plain_refusal(error.get_name(), error.what()));
  }
  // Nothing has run yet: the parser only noted the command.
  if (fault)
    refuse(app, *fault);
  const CLI::App& sub = *app.get_subcommands().front();
  line.common.source = joined(in_order(app, before_command), in_order(sub, after_command));
  // Before anything is read: a rule that is none would be found by some commands only.
  require_http_rules(line.common.source.allow_http);
  return line;
}

}  // namespace backglance
