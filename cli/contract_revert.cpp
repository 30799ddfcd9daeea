// SPDX-License-Identifier: Apache-2.0
// contract --revert: puts back removed properties, from our own table or from an archive.
#include "cli/contract_revert.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "attest/key.h"
#include "base/stop.h"
#include "base/text.h"
#include "cli/console.h"
#include "cli/option_values.h"
#include "cli/output_file.h"
#include "contract/contract.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

using nlohmann::json;

std::string counts_text(const RestoreCounts& counts, const char* kept) {
  const std::string there = counts.there == 0
                                ? ""
                                : fmt::format("{} {} there already; ", grouped(counts.there),
                                              counts.there == 1 ? "is" : "are");
  const std::string gone =
      counts.gone == 0 ? ""
                       : fmt::format("; {} of images that no longer exist", grouped(counts.gone));
  return fmt::format("{}; {}{} {} that were changed since{}", properties_text(counts.restored),
                     there, kept, counts.kept - counts.there - counts.gone, gone);
}

ExitCode revert_from_table(const CommonOptions& common, Session& session) {
  if (common.dry_run) {
    require_expanded(read_schema_state(session));
    const RemovedCounts removed = removed_counts(session);
    const std::int64_t properties = removed.properties - removed.gone;
    if (common.json)
      print_json({{"dry_run", true}, {"properties", properties}, {"gone", removed.gone}});
    else
      print_out("would put back {}{}\n", properties_text(properties),
                removed.gone == 0
                    ? ""
                    : fmt::format("; {} of images that no longer exist", grouped(removed.gone)));
    return ExitCode::done;
  }
  const RestoreCounts counts = revert_contract(session);
  if (common.json)
    print_json({{"dry_run", false},
                {"restored", counts.restored},
                {"kept", counts.kept},
                {"already_there", counts.there},
                {"gone", counts.gone}});
  else if (counts.restored + counts.kept == 0)
    print_out(
        "nothing to put back: the ledger holds no removed property. After an uninstall, the "
        "archive "
        "still has them -- next: backglance contract --revert --archive FILE\n");
  else
    print_out("put back {}\n", counts_text(counts, "kept"));
  return ExitCode::done;
}

// Faults printed at most: with the wrong key, every line is one.
constexpr std::int64_t kMostFaults = 20;

void print_fault(const ArchiveFault& fault) {
  if (fault.line == 0)
    print_err("the archive: {}\n", fault.text);
  else
    print_err("line {}: {}\n", fault.line, fault.text);
}

// Before the first property is put back: what a full disk has cut off is half of an archive, and
// what it gives back looks like the whole. Reads the file once more. A file of which the key
// accepts no line gives nothing back, and its lines are named.
void require_complete(const std::filesystem::path& file, const SiteKey* key) {
  const std::string named = printable(file.native());
  // Of a pipe there is no second reading.
  std::error_code error;
  const auto kind = std::filesystem::status(file, error).type();
  if (kind == std::filesystem::file_type::fifo || kind == std::filesystem::file_type::socket)
    throw Error(ErrorKind::usage, named + ": it is a pipe and cannot be read twice; name a file");
  ArchiveReader archive(file, key);
  std::string first_fault;
  while (const auto found = archive.next()) {
    if (stop_requested())
      throw Error(ErrorKind::interrupted, "interrupted; nothing was put back",
                  "backglance contract --revert");
    if (const auto* const fault = std::get_if<ArchiveFault>(&*found);
        fault != nullptr && first_fault.empty())
      first_fault = fmt::format("line {}: {}", fault->line, fault->text);
  }
  const bool gives_nothing = archive.lines() > 0 && archive.accepted() == 0;
  if (archive.missing().empty() || (gives_nothing && key != nullptr))
    return;
  if (gives_nothing && !first_fault.empty())
    throw Error(ErrorKind::usage,
                fmt::format("{}: {}; nothing can be put back from it", named, first_fault));
  throw Error(ErrorKind::usage,
              fmt::format("{}: {}; nothing was put back. A full disk or a killed contract leaves "
                          "such a file, and so did versions before 0.2.0",
                          named, archive.missing()),
              "use a complete copy of it; if there is none, add --incomplete to put back what it "
              "still contains");
}

ExitCode revert_from_archive(const CommonOptions& common, Session& session,
                             const RevertFlags& flags) {
  std::optional<SiteKey> key;
  if (flags.key)
    key.emplace(key_option("--key", *flags.key, SiteKey::Part::open));
  std::optional<ArchiveReader> archive;
  require_no_stream("--archive", *flags.archive);
  try {
    if (!flags.is_incomplete)
      require_complete(*flags.archive, key ? &*key : nullptr);
    archive.emplace(*flags.archive, key ? &*key : nullptr);
  } catch (const Error& error) {
    throw error.within("--archive");
  }
  std::int64_t printed = 0;
  const ArchiveRevert revert = (common.dry_run ? plan_revert_from : revert_from)(
      session, *archive, [&](const ArchiveFault& fault) {
        if (++printed <= kMostFaults)
          print_fault(fault);
      });
  if (printed > kMostFaults)
    print_err("and {} more\n", counted(printed - kMostFaults, "fault"));
  // With a key this is among the faults.
  const std::string missing = key ? std::string() : archive->missing();
  if (!missing.empty())
    print_err("the archive: {}\n", missing);
  const RestoreCounts& counts = revert.properties;
  if (common.json)
    print_json({{"dry_run", common.dry_run},
                {"restored", counts.restored},
                {"kept", counts.kept},
                {"already_there", counts.there},
                {"gone", counts.gone},
                {"faults", revert.faults},
                {"whole", revert.whole ? json(*revert.whole) : json(nullptr)}});
  else
    print_out("{} {}{}\n", common.dry_run ? "would put back" : "put back",
              counts_text(counts, common.dry_run ? "keep" : "kept"),
              revert.faults > 0  ? "; " + counted(revert.faults, "fault") + " in the archive"
              : !missing.empty() ? "; the archive is incomplete"
              : revert.whole     ? "; the archive is complete"
                                 : "");
  return revert.faults > 0 || !missing.empty() ? ExitCode::findings : ExitCode::done;
}

}  // namespace

Option add_revert_options(Arguments& app, RevertFlags& flags) {
  Option revert = app.flag("--revert", flags.revert,
                           "Put back the properties that contract removed; cannot be used with "
                           "--settled or --attest")
                      .only_typed();
  Option archive = app.option("--archive", flags.archive,
                              "Put back the properties from this file, which contract wrote (an "
                              "archive), and not from the database; requires --revert")
                       .type("FILE")
                       .only_typed()
                       .needs(revert);
  Option key = app.option("--key", flags.key,
                          "Check the archive with this public key of the site, or its "
                          "certificate, in PEM; requires --archive")
                   .type("FILE")
                   .needs(archive);
  app.flag("--unsigned", flags.is_unsigned,
           "Accept an archive that was not signed; requires --archive, cannot be used with --key")
      .only_typed()
      .needs(archive)
      .excludes(key);
  app.flag("--incomplete", flags.is_incomplete,
           "Also accept an archive that was cut off, and put back what it still contains; requires "
           "--archive")
      .only_typed()
      .needs(archive);
  return revert;
}

ExitCode run_revert(const CommonOptions& common, Session& session, const RevertFlags& flags) {
  if (!flags.archive)
    return revert_from_table(common, session);
  if (!flags.key && !flags.is_unsigned)
    throw Error(ErrorKind::usage,
                "--archive requires --key, or --unsigned for an archive that was not signed");
  return revert_from_archive(common, session, flags);
}

std::string properties_text(std::int64_t number) {
  return fmt::format("{} {}", grouped(number),
                     number == 1 ? "legacy signature property" : "legacy signature properties");
}

}  // namespace backglance
