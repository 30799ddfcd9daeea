// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/exit_code_text.h"
#include "cli/help_text.h"
#include "cli/settings.h"
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

// As help prints them.
std::string exit_codes_text(const Command* command) {
  std::string text = "Exit codes:";
  for (const ExitCodeText& one : exit_codes(command))
    text += fmt::format("\n  {:>3} {}", static_cast<int>(one.code), one.text);
  return text;
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
  std::optional<std::string> options;  // with_settings() reads the file before the words are parsed
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
  app.option(
         "--store-dir", source.store_dirs,
         "Use this directory of Glance's file store, instead of those in the configuration; may "
         "be repeated")
      .type("DIR")
      .repeatable();
  app.option("--options", flags.options,
             "Read options of backglance from this file; those that are typed, and variables "
             "BACKGLANCE_OPTION, count more (default: /etc/backglance/backglance.conf alone)")
      .type("FILE");
  app.option("--allow-http", source.allow_http,
             "Read images whose location is a URL at this server: a name or address with or "
             "without :PORT, a network (10.1.0.0/16), or public for every public address; may be "
             "repeated (default: such images are not read)")
      .type("RULE")
      .repeatable();
  app.flag("--through-api", source.through_api,
           "Read images through the Glance API if their store cannot be read here and Glance has a "
           "checksum of them; set OS_CLOUD for a cloud of clouds.yaml, or OS_AUTH_URL and so on");
  app.flag(
      "--through-api-unverified", source.through_api_unverified,
      "Read images through the Glance API as --through-api does, and images without a checksum "
      "too. Their hash is computed from what Glance sends; nothing proves that this is the "
      "whole image");
}

void add_common(Arguments app, CommonOptions& common, const Command& command) {
  app.flag("--json", common.json, "Print one JSON object, as docs/json.md describes it");
  if (command.changes)
    app.flag("--dry-run", common.dry_run, "Show what the command would do; change nothing")
        .only_typed();
  if (command.changes)
    app.flag("--quiet", common.quiet,
             "Print warnings and errors only, unless --json or --dry-run asks for output");
  if (command.may_find)
    app.flag("--findings-ok", common.findings_ok,
             "End with exit code 0 where it would be 10, done with findings: for a scheduler that "
             "takes 10 for a failure");
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

// "FILE" of "FILE:check", which is how CLI11 names a type and the checks of its values.
std::pair<std::string, std::string> type_and_choices(const CLI::Option* option) {
  const std::string whole = option->get_type_name();
  const std::size_t colon = std::min(whole.find(':'), whole.size());
  std::string choices = colon < whole.size() ? whole.substr(colon + 1) : "";
  if (choices.find('|') == std::string::npos)
    choices.clear();
  return {whole.substr(0, colon), choices};
}

KnownOption known_option(const CLI::App& app, const CLI::Option* option) {
  KnownOption out;
  for (const std::string& one : option->get_snames())
    out.names.push_back("-" + one);
  for (const std::string& one : option->get_lnames())
    out.names.push_back("--" + one);
  out.value = value_of(app, option);
  std::string choices;
  std::tie(out.type, choices) = type_and_choices(option);
  if (option->get_positional())
    out.names.push_back(out.type = option->get_name(true, false));
  while (!choices.empty()) {
    const std::size_t bar = std::min(choices.find('|'), choices.size());
    out.choices.push_back(choices.substr(0, bar));
    choices.erase(0, bar + 1);
  }
  out.text = option->get_description();
  if (!option->get_default_str().empty())
    out.text += " (default: " + option->get_default_str() + ")";
  if (option->get_required())
    out.text += " (required)";
  out.group = option->get_group();
  out.is_required = option->get_required();
  out.is_repeatable = option->get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  out.is_only_typed = !option->get_configurable() || option == app.get_help_ptr() ||
                      option == app.get_version_ptr();
  return out;
}

// `codes` are those of the command above, for a subcommand has no row in the table.
KnownCommand known(const CLI::App& app, const std::string& name,
                   std::vector<ExitCodeText> codes = exit_codes(nullptr)) {
  KnownCommand command;
  command.name = name;
  command.help = app.get_description();
  for (const Command& one : commands())
    if (one.name == name && app.get_parent() != nullptr &&
        app.get_parent()->get_parent() == nullptr)
      codes = exit_codes(&one);
  for (const ExitCodeText& one : codes)
    command.exit_codes.emplace_back(static_cast<int>(one.code), one.text);
  for (const CLI::Option* option : app.get_options()) {
    command.takes_words = command.takes_words || option->get_positional();
    (option->get_positional() ? command.words : command.options)
        .push_back(known_option(app, option));
  }
  for (const CLI::App* sub : app.get_subcommands({}))
    command.commands.push_back(known(*sub, sub->get_name(), codes));
  return command;
}

[[noreturn]] void refuse(const CLI::App& app, const std::string& why) {
  std::string path;
  for (auto given = app.get_subcommands(); !given.empty(); given = given.front()->get_subcommands())
    path += given.front()->get_name() + " ";
  throw Error(ErrorKind::usage, why, fmt::format("backglance {}--help", path));
}

}  // namespace

bool asks_for_json(const std::vector<std::string>& words) {
  return std::any_of(words.begin(), words.end(), [](const std::string& word) {
    return word == "--json" || word.starts_with("--json=");
  });
}

bool asks_for_nagios(const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), "--nagios") != words.end();
}

namespace {

// The parser with all commands and their options, and the variables that it fills in.
struct Parser {
  CLI::App app;
  SourceFlags before_command;
  SourceFlags after_command;
  CommandLine line;

  Parser()
      : app("Brings the images of an OpenStack Glance site up to date while Glance keeps serving: "
            "gives each image the hash that it lacks, and removes signatures over MD5.",
            "backglance") {
    app.formatter(std::make_shared<HelpFormatter>());
    app.set_version_flag("--version", "backglance " + std::string(kVersion),
                         "Print the version of the program");
    app.require_subcommand(1);
    app.footer(exit_codes_text(nullptr));
    add_source(Arguments(app), before_command);
    for (const Command& command : commands())
      add(command);
    take_one_value(app);
  }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  void add(const Command& command) {
    CLI::App* sub = app.add_subcommand(std::string(command.name), std::string(command.help));
    sub->footer(exit_codes_text(&command));
    sub->group("Commands");
    Arguments arguments(*sub);
    arguments.group(kMainGroup);
    if (command.is_about_site)
      add_common(arguments, line.common, command);
    const bool is_for_people = command.changes || command.name == "check";
    sub->callback([this, is_for_people, run_command = command.add(arguments)] {
      line.run = run_command;
      line.is_output_for_people = is_for_people;
    });
    if (command.is_about_site)
      add_source(arguments, after_command);
  }
};

}  // namespace

KnownCommand command_tree() {
  KnownCommand program = known(Parser().app, "");
  // The values of arguments that are words of the program itself.
  for (KnownCommand& command : program.commands)
    for (KnownOption& word : command.words)
      if (word.type == "COMMAND")
        for (const KnownCommand& one : program.commands)
          word.choices.push_back(one.name);
  return program;
}

std::string help_of(const std::vector<std::string>& path) {
  Parser parser;
  const CLI::App* at = &parser.app;
  std::string above;
  for (const std::string& word : path) {
    above += (above.empty() ? "" : " ") + at->get_name();
    const auto subs =
        at->get_subcommands([&](const CLI::App* sub) { return sub->get_name() == word; });
    if (subs.empty())
      throw Error(ErrorKind::usage, "there is no command " + printable(word, 80));
    at = subs.front();
  }
  return at->help(above);
}

std::optional<CommandLine> read_command_line(const std::vector<std::string>& words) {
  Parser parser;
  CLI::App& app = parser.app;
  const KnownCommand program = known(app, "");
  auto fault = usage_fault(program, words);
  CompletedWords completed{words, {}};
  if (!fault) {
    completed = with_settings(program, words);
    fault = usage_fault(program, completed.words);
  }
  if (fault)
    fault = with_sources(*fault, completed);
  try {
    // The parser takes the words from the end of the list.
    app.parse(std::vector<std::string>(completed.words.rbegin(), completed.words.rend()));
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
    refuse(app,
           fault ? *fault : with_sources(plain_refusal(error.get_name(), error.what()), completed));
  }
  // Nothing has run yet: the parser only noted the command.
  if (fault)
    refuse(app, *fault);
  const CLI::App& sub = *app.get_subcommands().front();
  CommandLine line = std::move(parser.line);
  if (sub.get_option_no_throw("--config-file") != nullptr)
    line.common.source =
        joined(in_order(app, parser.before_command), in_order(sub, parser.after_command));
  // Before anything is read: a rule that is none would be found by some commands only.
  require_http_rules(line.common.source.allow_http);
  return line;
}

}  // namespace backglance
