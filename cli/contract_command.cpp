#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "backfill/reader.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/command.h"
#include "contract/contract.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

using nlohmann::json;

struct ContractFlags {
  bool yes = false;
  bool revert = false;
  bool uninstall = false;
  std::filesystem::path directory;
};

std::string properties_text(std::int64_t number) {
  return fmt::format("{} {}", grouped(number),
                     number == 1 ? "legacy signature property" : "legacy signature properties");
}

// Returns once a line can be read or a stop was asked for. A plain read would miss a signal that
// comes just before it blocks.
void wait_for_answer() {
  constexpr int kLookMilliseconds = 200;
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  while (!stop_requested() && poll(&input, 1, kLookMilliseconds) <= 0) {
  }
}

// The confirmation that a destructive step needs: --yes, or the word typed at a terminal.
void confirm(const ContractFlags& flags, const std::string& what, const std::string& word) {
  if (flags.yes)
    return;
  if (isatty(STDIN_FILENO) != 1)
    throw Error(ErrorKind::usage, what + ": this needs --yes, or a terminal to confirm at");
  fmt::print(stderr, "{}. Type '{}' to go on: ", what, word);
  wait_for_answer();
  if (stop_requested())
    throw Error(ErrorKind::interrupted, "interrupted at the question; nothing was changed");
  std::string answer;
  std::getline(std::cin, answer);
  if (trim(answer) != word)
    throw Error(ErrorKind::usage, "not confirmed; nothing was changed");
}

std::filesystem::path output_directory(const ContractFlags& flags, const Site& site) {
  if (!flags.directory.empty())
    return flags.directory;
  if (site.database.engine != Engine::sqlite) {
    std::error_code gone;
    const auto here = std::filesystem::current_path(gone);
    return gone ? std::filesystem::path(".") : here;
  }
  const auto parent = std::filesystem::path(site.database.database).parent_path();
  return parent.empty() ? std::filesystem::path(".") : parent;
}

ExitCode run_revert(const CommonOptions& common, Session& session) {
  if (common.dry_run) {
    require_expanded(read_schema_state(session));
    const std::int64_t removed = removed_count(session);
    if (common.json)
      print_json({{"dry_run", true}, {"properties", removed}});
    else
      fmt::print("would put back {}\n", properties_text(removed));
    return ExitCode::done;
  }
  const RestoreCounts counts = revert_contract(session);
  if (common.json)
    print_json({{"dry_run", false}, {"restored", counts.restored}, {"kept", counts.kept}});
  else
    fmt::print("put back {}; left {} that were changed since\n", properties_text(counts.restored),
               counts.kept);
  return ExitCode::done;
}

std::string names_of(const Uninstall& ours) {
  std::vector<std::string> names = ours.tables;
  if (ours.guard)
    names.insert(names.begin(), "the trigger backglance_guard");
  return join(names, ", ");
}

ExitCode run_uninstall(const CommonOptions& common, Session& session, const ContractFlags& flags) {
  Uninstall ours = plan_uninstall(session);
  if (!common.dry_run && !ours.empty()) {
    confirm(
        flags,
        fmt::format(
            "This drops {}{}", names_of(ours),
            ours.tables.empty() ? "" : " with all flags, dates, results and removed properties"),
        "uninstall");
    ours = uninstall(session, [](const std::string& line) { fmt::print(stderr, "{}\n", line); });
  }
  if (common.json)
    print_json({{"dry_run", common.dry_run}, {"guard", ours.guard}, {"tables", ours.tables}});
  else
    fmt::print("{}: {}\n", common.dry_run ? "would drop" : "dropped",
               ours.empty() ? "nothing, backglance has no tables here" : names_of(ours));
  return ExitCode::done;
}

json plan_json(const ContractPlan& plan) {
  return {{"blocking_images", plan.blocking},
          {"first_blocking", plan.first_blocking},
          {"due_images", plan.due_images},
          {"due_properties", plan.due_properties}};
}

void print_blocking(const ContractPlan& plan) {
  for (const std::string& image_id : plan.first_blocking)
    fmt::print("  bars contract: {}\n", printable(image_id));
  const auto listed = static_cast<std::int64_t>(plan.first_blocking.size());
  if (plan.blocking > listed)
    fmt::print("  and {} more\n", plan.blocking - listed);
}

ExitCode run_removal(const CommonOptions& common, const Site& site, Session& session,
                     const ContractFlags& flags) {
  const ReadContext context(site, 0, {});
  if (!context.unavailable_directories().empty())
    throw Error(
        ErrorKind::gate,
        fmt::format("store directory {} cannot be opened: whether its images can be read is "
                    "not known",
                    printable(join(context.unavailable_directories(), ", "), 600)));
  const IsReadable is_readable = [&](const std::string& image_id) {
    return backglance::is_readable(read_locations(session, image_id), context);
  };
  const ContractPlan plan = plan_contract(session, is_readable);
  if (common.dry_run) {
    json object = plan_json(plan);
    object["dry_run"] = true;
    if (common.json)
      print_json(object);
    else
      fmt::print("readable without a hash: {}{}; would remove {} of {}\n",
                 counted(plan.blocking, "image"), plan.blocking > 0 ? ", which bars contract" : "",
                 properties_text(plan.due_properties), counted(plan.due_images, "image"));
    if (!common.json)
      print_blocking(plan);
    return plan.blocking > 0 ? exit_code_of(ErrorKind::gate) : ExitCode::done;
  }
  if (plan.blocking == 0 && plan.due_images > 0)
    confirm(flags,
            fmt::format("This removes {} of {}", properties_text(plan.due_properties),
                        counted(plan.due_images, "image")),
            "remove");
  const ContractResult result =
      contract(session, site.database, is_readable, output_directory(flags, site));
  if (common.json)
    print_json({{"dry_run", false},
                {"images", result.images},
                {"properties", result.properties},
                {"safety_copy", result.safety_copy.string()},
                {"archive", result.archive.string()}});
  else if (result.archive.empty())
    fmt::print("nothing to remove: no image's grace period has ended\n");
  else
    fmt::print("removed {} of {}\n{}archive      {}\n", properties_text(result.properties),
               counted(result.images, "image"),
               result.safety_copy.empty()
                   ? ""
                   : fmt::format("safety copy  {}\n", result.safety_copy.string()),
               result.archive.string());
  return ExitCode::done;
}

ExitCode run_contract(const CommonOptions& common, const ContractFlags& flags) {
  const Site site = read_site(common.source);
  Session session(site.database,
                  {.mode = common.dry_run ? OpenMode::read_only : OpenMode::read_write});
  if (flags.revert)
    return run_revert(common, session);
  if (flags.uninstall)
    return run_uninstall(common, session, flags);
  return run_removal(common, site, session, flags);
}

}  // namespace

Runner add_contract(CLI::App& app) {
  // Shared by the parser, which writes, and the runner, which reads: both live in closures of their
  // own.
  auto flags = std::make_shared<ContractFlags>();
  app.add_flag("--yes", flags->yes, "Do not ask");
  auto* revert = app.add_flag("--revert", flags->revert, "Put back what contract removed");
  app.add_flag("--uninstall", flags->uninstall,
               "Drop the guard and backglance's own tables, and nothing else")
      ->excludes(revert);
  app.add_option(
         "--archive-dir", flags->directory,
         "Where the safety copy and the archive go (default: beside an SQLite database, else here)")
      ->type_name("DIR");
  return [flags](const CommonOptions& common) { return run_contract(common, *flags); };
}

}  // namespace backglance
