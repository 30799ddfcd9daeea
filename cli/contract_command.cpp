// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "attest/key.h"
#include "base/bounded.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/contract_revert.h"
#include "cli/option_values.h"
#include "cli/output_file.h"
#include "cli/readiness.h"
#include "cli/settled_view.h"
#include "cli/without_store.h"
#include "contract/blocking.h"
#include "contract/contract.h"
#include "ledger/signatures.h"
#include "read/read_context.h"
#include "read/store_view.h"
#include "sql/schema_state.h"
#include "store/stores.h"

namespace backglance {
namespace {

using nlohmann::json;

constexpr std::size_t kLongestPath = 4096;

struct ContractFlags {
  bool yes = false;
  bool settled = false;
  bool uninstall = false;
  std::filesystem::path directory;
  std::optional<std::string> key;
  std::vector<std::string> without_stores;
  RevertFlags revert;
};

// Waits until a line can be read or a stop was requested. A plain read would miss a signal that
// comes just before it blocks.
void wait_for_answer() {
  constexpr int kLookMilliseconds = 200;
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  while (!stop_requested() && poll(&input, 1, kLookMilliseconds) <= 0) {
  }
}

// Asks for the confirmation of a destructive step: --yes, or the word typed at a terminal.
void confirm(const ContractFlags& flags, const std::string& what, const std::string& word) {
  if (flags.yes)
    return;
  if (isatty(STDIN_FILENO) != 1)
    throw Error(ErrorKind::usage,
                what + "; confirm it with --yes, or run the command at a terminal");
  // Standard output may be redirected.
  print_err("{}. Type '{}' to continue: ", what, word);
  wait_for_answer();
  if (stop_requested())
    throw Error(ErrorKind::interrupted, "interrupted at the question; nothing was changed");
  std::string answer;
  std::getline(std::cin, answer);
  if (trim(answer) != word)
    throw Error(ErrorKind::usage, "not confirmed; nothing was changed");
}

// Beside an SQLite database; with a server, the current directory.
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
    ours = uninstall(session, [](const std::string& line) { say_line(line); });
  }
  if (common.json)
    print_json({{"dry_run", common.dry_run}, {"guard", ours.guard}, {"tables", ours.tables}});
  else
    print_out("{}: {}\n", common.dry_run ? "would drop" : "dropped",
              ours.empty() ? "nothing, backglance has no tables in this database" : names_of(ours));
  return ExitCode::done;
}

json settled_json(const ContractPlan& plan) {
  json unknown = json::array();
  for (const UnseenImages::Group& one : plan.unseen.groups)
    unknown.push_back({{"reason", one.reason},
                       {"store", ""},
                       {"images", one.images},
                       {"example", printable(one.example)}});
  return {
      {"settled_images", plan.settled_images},   {"settled_properties", plan.settled_properties},
      {"outdated_images", plan.outdated_images}, {"unarchivable_images", plan.unarchivable},
      {"unknown_images", plan.unseen.images},    {"unknown", unknown}};
}

json plan_json(const ContractPlan& plan, const std::vector<BlockingImage>& first_blocking) {
  json needs = json::array();
  for (const BlockingImage& image : first_blocking)
    needs.push_back(image.need);
  json object = settled_json(plan);
  json unknown = json::array();
  for (const GateFindings::Unknown& one : plan.gate.unknown)
    unknown.push_back({{"reason", one.reason},
                       {"store", one.store},
                       {"images", one.images},
                       {"example", printable(one.example)}});
  object.update({{"blocking_images", plan.gate.readable},
                 {"first_blocking", plan.gate.first_readable},
                 {"first_needs", needs},
                 {"unknown_images", plan.gate.unknown_images},
                 {"unknown", unknown},
                 {"gone_images", plan.gate.gone},
                 {"left_out_images", plan.gate.left_out},
                 {"due_images", plan.due_images},
                 {"due_properties", plan.due_properties}});
  return object;
}

void print_blocking(const GateFindings& gate, const std::vector<BlockingImage>& first) {
  for (const BlockingImage& image : first)
    print_out("  blocks contract: {}: {}\n", printable(image.id), image.need);
  const auto listed = static_cast<std::int64_t>(gate.first_readable.size());
  if (gate.readable > listed)
    print_out("  and {} more\n", gate.readable - listed);
  for (const GateFindings::Unknown& one : gate.unknown)
    print_out("  may still be readable: {}, for example {}: {}{}\n", counted(one.images, "image"),
              printable(one.example), one.reason,
              one.store.empty() ? ""
                                : fmt::format(" -- next: backglance contract --dry-run "
                                              "--without-store {}, if {} may stay without a hash",
                                              one.store, one.images == 1 ? "it" : "they"));
  // Said, because an old copy of a store looks like this as well.
  if (gate.gone > 0)
    print_out("  without a hash, and their data is not in the store: {}\n",
              counted(gate.gone, "image"));
  if (gate.left_out > 0)
    print_out("  left out by --without-store: {}\n", counted(gate.left_out, "image"));
}

void print_outdated(const ContractPlan& plan) {
  if (plan.outdated_images > 0)
    print_out(
        "  changed since {} verified: {} -- next: backglance verify --signatures "
        "--certificates DIR\n",
        plan.outdated_images == 1 ? "it was" : "they were", counted(plan.outdated_images, "image"));
}

void print_due(const ContractPlan& plan, const std::vector<BlockingImage>& first_blocking) {
  const std::string blocked =
      plan.gate.is_open()
          ? ""
          : fmt::format("contract is blocked: {}; once unblocked, it ", what_blocks(plan.gate));
  print_out("{}would remove {} of {}\n", blocked, properties_text(plan.due_properties),
            counted(plan.due_images, "image"));
  print_blocking(plan.gate, first_blocking);
  if (plan.settled_images > 0)
    print_out("  settled: {}, {} -- next: backglance contract --settled\n",
              counted(plan.settled_images, "image"), properties_text(plan.settled_properties));
}

// Why no image is due.
std::string nothing_due(Session& session) {
  if (const std::int64_t unflagged = unflagged_count(session); unflagged > 0)
    return fmt::format(
        "{} with signature properties {} not flagged yet -- next: backglance migrate",
        counted(unflagged, "image"), unflagged == 1 ? "is" : "are");
  const auto deadline = first_deadline(session);
  if (!deadline)
    return "no image has a deprecated signature property any more";
  return fmt::format("no image's grace period has ended; the first one ends on {} UTC",
                     utc_time(within_calendar(*deadline)));
}

void warn_of_clock(Session& session) {
  const WrongClock wrong = flags_of_wrong_clock(session);
  if (wrong.ahead > 0)
    print_err(
        "warning: {} flagged while the database's clock was ahead, and {} not due before "
        "that date -- next: see docs/ledger.md, \"A clock that was wrong\"\n",
        wrong.ahead == 1 ? "1 image was" : grouped(wrong.ahead) + " images were",
        wrong.ahead == 1 ? "is" : "are");
  if (wrong.unset > 0)
    print_err(
        "warning: {} flagged while the database's clock was not set, and no grace period "
        "counts that began then -- next: backglance migrate\n",
        wrong.unset == 1 ? "1 image was" : grouped(wrong.unset) + " images were");
}

// Each image keeps all of its properties.
template <typename Found>
ExitCode tell_unarchivable(const Found& found) {
  if (found.unarchivable == 0)
    return ExitCode::done;
  const auto listed = static_cast<std::int64_t>(found.first_unarchivable.size());
  std::vector<std::string> ids;
  for (const std::string& id : found.first_unarchivable)
    ids.push_back(printable(id));
  print_err(
      "not removed: {} a legacy signature property that the archive cannot hold (longer than "
      "{}, or not valid text): {}{} -- next: delete that property in Glance\n",
      found.unarchivable == 1 ? "1 image has" : grouped(found.unarchivable) + " images have",
      human_bytes(kLongestArchiveObject), join(ids, ", "),
      found.unarchivable > listed ? ", ..." : "");
  return ExitCode::findings;
}

// These images keep all of their properties too.
ExitCode tell_unseen(const UnseenImages& unseen) {
  if (unseen.images == 0)
    return ExitCode::done;
  print_err("not removed: {} cannot be read on this host: {}; for example {}\n",
            counted(unseen.images, "settled image"), unseen.reasons(),
            printable(unseen.groups.front().example));
  return ExitCode::findings;
}

void print_removed(const ContractResult& result, const std::string& nothing) {
  if (result.archive.empty())
    print_out("nothing to remove{}{}\n", nothing.empty() ? "" : ": ", nothing);
  else
    print_out("removed {} of {}\n{}archive      {}\n", properties_text(result.properties),
              counted(result.images, "image"),
              result.safety_copy.empty()
                  ? ""
                  : fmt::format("safety copy  {}\n",
                                printable(result.safety_copy.string(), kLongestPath)),
              printable(result.archive.string(), kLongestPath));
}

ExitCode say_removed(const CommonOptions& common, const ContractResult& result,
                     const std::string& nothing) {
  if (common.json)
    print_json({{"dry_run", false},
                {"images", result.images},
                {"properties", result.properties},
                {"safety_copy", result.safety_copy.string()},
                {"archive", result.archive.string()},
                {"unarchivable_images", result.unarchivable},
                {"unknown_images", result.unseen.images}});
  else
    print_removed(result, nothing);
  const ExitCode unseen = tell_unseen(result.unseen);
  const ExitCode unarchivable = tell_unarchivable(result);
  return unseen == ExitCode::done ? unarchivable : unseen;
}

void print_dry_run(const CommonOptions& common, json object, const ContractPlan& plan,
                   const std::function<void(const ContractPlan&)>& print) {
  object["dry_run"] = true;
  if (common.json)
    return print_json(object);
  print(plan);
  print_outdated(plan);
}

// Of a dry run: what the run would end on before it removes anything.
void warn_of_directory(const std::filesystem::path& directory) {
  // EACCES and the like; as root only what is not there, or no directory.
  const std::filesystem::path inside = directory / ".";
  const int failed = access(inside.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
  if (failed != 0)
    print_err("warning: the run itself would end at once: {} -- next: contract --archive-dir DIR\n",
              io_error("archive directory " + printable(directory.string(), kLongestPath), failed)
                  .what());
}

ExitCode run_due(const CommonOptions& common, const Site& site, Session& session,
                 const ContractFlags& flags, const ContractOptions& options) {
  const std::set<std::string> left_out = stores_left_out(flags.without_stores);
  const Stores stores(site, left_out.empty() ? Stores::AllAway::refuse : Stores::AllAway::accept);
  if (!left_out.empty()) {
    require_expanded(read_schema_state(session));
    require_known_stores(session, site, stores, left_out);
  }
  StoreView view(session, stores, left_out);
  if (const auto unavailable = view.unavailable(); !unavailable.empty())
    throw Error(ErrorKind::gate,
                fmt::format("{}: it is not known whether its images can be read",
                            bounded(join(unavailable, "; "), 600)),
                "make it readable, then backglance contract --dry-run");
  const StoreQuestions questions = view.questions();
  const ContractPlan plan = plan_contract(session, questions);
  warn_of_clock(session);
  if (common.dry_run) {
    const auto first = needs_of(session, plan.gate.first_readable);
    print_dry_run(common, plan_json(plan, first), plan,
                  [&](const ContractPlan& of) { print_due(of, first); });
    if (plan.due_images > 0)
      warn_of_directory(options.directory);
    const ExitCode unarchivable = tell_unarchivable(plan);
    if (plan.gate.is_open() && plan.due_images > 0)
      require_agreeing_clocks(session);
    return plan.gate.is_open() ? unarchivable : exit_code_of(ErrorKind::gate);
  }
  if (plan.gate.is_open() && plan.due_images > 0)
    confirm(flags,
            fmt::format("This removes {} of {}", properties_text(plan.due_properties),
                        counted(plan.due_images, "image")),
            "remove");
  return say_removed(common, contract(session, site.database, questions, options),
                     plan.due_images + plan.unarchivable > 0 ? "" : nothing_due(session));
}

ExitCode run_settled(const CommonOptions& common, const Site& site, Session& session,
                     const ContractFlags& flags, const ContractOptions& options) {
  SettledView view(session, site);
  const StoreQuestions questions = view.questions();
  const ContractPlan plan = plan_settled(session, questions);
  if (common.dry_run) {
    print_dry_run(common, settled_json(plan), plan, [](const ContractPlan& of) {
      print_out("would remove {} of {}\n", properties_text(of.settled_properties),
                counted(of.settled_images, "settled image"));
    });
    if (plan.settled_images > 0)
      warn_of_directory(options.directory);
    const ExitCode unarchivable = tell_unarchivable(plan);
    const ExitCode unseen = tell_unseen(plan.unseen);
    if (unseen == ExitCode::done)
      return unarchivable;
    // Then the run refuses.
    return plan.settled_images == 0 ? exit_code_of(ErrorKind::gate) : unseen;
  }
  if (plan.settled_images > 0)
    confirm(flags,
            fmt::format("This removes {} of {}", properties_text(plan.settled_properties),
                        counted(plan.settled_images, "settled image")),
            "remove");
  return say_removed(common, contract_settled(session, site.database, questions, options),
                     plan.unarchivable > 0 ? "" : "no image is settled");
}

ExitCode run_contract(const CommonOptions& common, const ContractFlags& flags) {
  std::optional<SiteKey> key;
  if (flags.key)
    key.emplace(key_option("--attest", *flags.key, SiteKey::Part::secret));
  const Site site = read_site(common.source);
  Session session(site.database,
                  {.mode = common.dry_run ? OpenMode::read_only : OpenMode::read_write});
  if (common.dry_run)
    warn_of_write_obstacles(session, site, {flags.uninstall ? RightsFor::ledger : RightsFor::rows});
  if (flags.revert.revert)
    return run_revert(common, session, flags.revert);
  if (flags.uninstall)
    return run_uninstall(common, session, flags);
  // Nothing irreversible by a configuration with which backfill refuses to read.
  required_algorithm(site);
  // Glance serves what lies in a store directory, and its owner may read it.
  require_no_data(site, "--archive-dir", output_directory(flags, site).native());
  const ContractOptions options = {.directory = output_directory(flags, site),
                                   .key = key ? &*key : nullptr};
  return (flags.settled ? run_settled : run_due)(common, site, session, flags, options);
}

}  // namespace

Runner add_contract(Arguments& app) {
  // Shared by two functions: the parser writes the flags, the runner reads them later.
  auto flags = std::make_shared<ContractFlags>();
  app.flag("--yes", flags->yes, "Do not ask for confirmation").only_typed();
  Option settled =
      app.flag(
             "--settled", flags->settled,
             "Remove legacy signature properties now, before the grace period has ended, but only "
             "from images that were signed again (img_signature) and verified")
          .only_typed();
  Option without = app.option("--without-store", flags->without_stores,
                              "Let the images in this store stay without a hash, because the store "
                              "cannot be read. NAME is the id of the store, its type (for example "
                              "rbd) or a store directory; may be repeated")
                       .type("NAME")
                       .repeatable()
                       .only_typed()
                       .excludes(settled);
  Option key = app.option("--attest", flags->key,
                          "Sign each line of the archive with this private key: Ed25519, ECDSA "
                          "P-384 or RSA, in PEM")
                   .type("KEY");
  Option revert =
      add_revert_options(app, flags->revert).excludes(settled).excludes(key).excludes(without);
  app.flag("--uninstall", flags->uninstall,
           "Only remove the guard and backglance's own tables from the database; cannot be used "
           "with --settled, --revert, --without-store or --attest")
      .only_typed()
      .excludes(revert)
      .excludes(without)
      .excludes(settled)
      .excludes(key);
  app.option("--archive-dir", flags->directory,
             "Directory for the new archive of the removed properties and, with SQLite, for a "
             "safety copy of the database (default: the directory of the SQLite database; with a "
             "server, the current directory)")
      .type("DIR");
  return [flags](const CommonOptions& common) { return run_contract(common, *flags); };
}

}  // namespace backglance
