// SPDX-License-Identifier: Apache-2.0
// attest: checks statements about images against the public key and the database.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <nlohmann/json.hpp>

#include "attest/envelope.h"
#include "attest/stated_images.h"
#include "attest/statement.h"
#include "base/json_text.h"
#include "base/line_reader.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/option_values.h"
#include "cli/output_file.h"
#include "contract/archive.h"
#include "sql/images.h"
#include "sql/retry.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

// Bytes. A statement has about a thousand.
constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr std::int64_t kPage = 1000;
constexpr std::size_t kListed = 10;
constexpr std::int64_t kMostTold = 20;  // messages; with the wrong key every line is invalid

struct AttestFlags {
  bool verify = false;  // which of the two subcommands was given
  bool missing = false;
  bool complete = false;  // of verify: each image with a hash needs a statement
  std::vector<std::string> files;
  std::string key;
};

// The number of statements, by result.
struct Verified {
  std::int64_t agree = 0;
  std::int64_t gone = 0;        // the image is no longer in Glance
  std::int64_t unbelieved = 0;  // not signed by the key, or not a statement
  std::int64_t differ = 0;
  std::int64_t uncompared = 0;  // Glance has no hash now to compare with
};

// Names the values that differ from the statement's; empty if none does.
std::string difference(const StoredImage& stated, const ImageRow& image) {
  std::vector<std::string> names;
  const auto differs = [&](bool unlike, const char* name) {
    if (unlike)
      names.emplace_back(name);
  };
  differs(image.size.value_or(stated.size) != stated.size, "size");
  differs(!image.checksum.empty() && lower_ascii(image.checksum) != stated.md5, "checksum");
  // backglance never replaces the hash of an image, not even by another algorithm.
  if (!image.os_hash_value.empty()) {
    differs(image.os_hash_algo != stated.algorithm, "os_hash_algo");
    differs(
        image.os_hash_algo == stated.algorithm && lower_ascii(image.os_hash_value) != stated.digest,
        "os_hash_value");
  }
  return join(names, ", ");
}

std::string quoted(const std::string& text) {
  return safe_json(
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

// An archive of contract is recognised by its first line, whoever has signed it.
void require_statements(const std::string& file, const std::string& first_line) {
  const nlohmann::json line = parse_json(first_line);
  const std::string type = text_member(line, "payloadType");
  const bool is_signed = type == kRemovedPayloadType || type == kArchiveEndPayloadType;
  if (is_signed || (line.is_object() && line.contains("property_id")))
    throw Error(ErrorKind::usage,
                printable(file) + " is not a file of statements; it is an archive of contract",
                fmt::format("backglance contract --revert --dry-run --archive {} {}",
                            printable(file), is_signed ? "--key FILE" : "--unsigned"));
}

using OnStatement = std::function<void(const std::string& where, const StoredImage& stated)>;
using OnUnbelieved = std::function<void(const std::string& where, const std::string& why)>;
using OnEmpty = std::function<void(const std::string& file)>;

std::variant<StoredImage, std::string> read_line(const SiteKey& key, const std::string& line) {
  auto opened = open_sealed(key, line);
  if (auto* const why = std::get_if<std::string>(&opened))
    return std::move(*why);
  const OpenedEnvelope& envelope = std::get<OpenedEnvelope>(opened);
  if (envelope.payload_type != kStatementPayloadType)
    return "it is not an in-toto statement";
  return read_statement(envelope.payload);
}

// Reads each line of the files: passes it on as a statement of the key's owner, or as an invalid
// line. A file without any goes to `on_empty`: whoever empties a file of statements, or cuts it off
// before its first line, must not make a check agree.
void read_statements(const SiteKey& key, const AttestFlags& flags, const OnStatement& on_statement,
                     const OnUnbelieved& on_unbelieved, const OnEmpty& on_empty) {
  std::string line;
  for (const std::string& file : flags.files) {
    LineReader lines(file, kLongestLine);
    bool is_empty = true;
    const auto where = [&] {
      return (flags.files.size() > 1 ? printable(file) + ": " : "") +
             fmt::format("line {}", lines.number());
    };
    for (auto found = lines.next(line); found != LineReader::Found::end; found = lines.next(line)) {
      if (found == LineReader::Found::too_long) {
        is_empty = false;
        on_unbelieved(where(), "it has more than " + human_bytes(kLongestLine));
        continue;
      }
      if (line.empty())
        continue;
      is_empty = false;
      // The first line decides what kind of file this is.
      if (lines.number() == 1)
        require_statements(file, line);
      auto read = read_line(key, line);
      if (const auto* const why = std::get_if<std::string>(&read))
        on_unbelieved(where(), *why + (lines.is_cut() ? "; the file ends within this line" : ""));
      else
        on_statement(where(), std::get<StoredImage>(read));
    }
    if (is_empty)
      on_empty(file);
  }
}

void hold_against_glance(Session& session, const std::string& where, const StoredImage& stated,
                         Verified& found) {
  const auto image = retry(session, [&] { return read_image(session, stated.id); });
  if (!image || !image->hashable) {
    ++found.gone;
    return;
  }
  const std::string unlike = difference(stated, *image);
  if (unlike.empty()) {
    ++(image->os_hash_value.empty() ? found.uncompared : found.agree);
    return;
  }
  ++found.differ;
  print_err("{}: image {}: what Glance has differs from what was read at {}: {}\n", where,
            printable(stated.id), printable(stated.read_at, 40), unlike);
}

// Live images that have a hash and no statement.
void for_each_missing(Session& session, const StatedImages& stated,
                      const std::function<void(const std::string& image_id)>& on_missing) {
  std::string after;
  for (;;) {
    const auto page = retry(session, [&] { return hashed_page(session, after, kPage); });
    if (page.empty())
      return;
    for (const std::string& image_id : page)
      if (!stated.contains(image_id))
        on_missing(image_id);
    after = page.back();
  }
}

void print_verified(const Verified& found, std::int64_t missing,
                    const std::vector<std::string>& first_missing) {
  print_out("{} agree; {} are of images that no longer exist; {} differ; {} are not valid\n",
            counted(found.agree, "statement"), grouped(found.gone), grouped(found.differ),
            grouped(found.unbelieved));
  if (found.uncompared > 0)
    print_out("{} of images that have no hash now -- next: backglance backfill\n",
              counted(found.uncompared, "statement"));
  if (missing == 0)
    return;
  print_out(
      "{} with a hash but without a statement -- next: backglance verify --attest KEY "
      "--image ID\n",
      counted(missing, "image"));
  for (const std::string& image_id : first_missing)
    print_out("  {}\n", printable(image_id));
  const auto listed = static_cast<std::int64_t>(first_missing.size());
  if (missing > listed)
    print_out("  and {} more, which backglance attest missing lists\n", grouped(missing - listed));
}

ExitCode run_verify(const CommonOptions& common, Session& session, const SiteKey& key,
                    const AttestFlags& flags) {
  Verified found;
  StatedImages stated;
  read_statements(
      key, flags,
      [&](const std::string& where, const StoredImage& image) {
        stated.add(image.id);
        hold_against_glance(session, where, image, found);
      },
      [&](const std::string& where, const std::string& why) {
        if (++found.unbelieved <= kMostTold)
          print_err("{}: {}\n", where, why);
      },
      // At once: nothing that follows could be taken for a proof.
      [](const std::string& file) {
        throw Error(ErrorKind::io,
                    printable(file) + ": the file contains no statement, so it proves nothing",
                    "restore it from a copy, or make new statements with backglance verify "
                    "--attest KEY");
      });
  if (found.unbelieved > kMostTold)
    print_err("and {}\n", counted(found.unbelieved - kMostTold, "more invalid line"));
  stated.sort();
  std::int64_t missing = 0;
  std::vector<std::string> first_missing;
  for_each_missing(session, stated, [&](const std::string& image_id) {
    if (++missing <= static_cast<std::int64_t>(kListed))
      first_missing.push_back(image_id);
  });
  if (common.json)
    print_json({{"agree", found.agree},
                {"gone", found.gone},
                {"unbelieved", found.unbelieved},
                {"differ", found.differ},
                {"uncompared", found.uncompared},
                {"missing", missing},
                {"first_missing", first_missing}});
  else
    print_verified(found, missing, first_missing);
  const std::int64_t lacking = flags.complete ? missing : 0;
  return found.differ + found.unbelieved + lacking > 0 ? ExitCode::findings : ExitCode::done;
}

// Prints each image at once, so memory does not grow with their number.
ExitCode run_missing(const CommonOptions& common, Session& session, const SiteKey& key,
                     const AttestFlags& flags) {
  StatedImages stated;
  std::int64_t unbelieved = 0;
  read_statements(
      key, flags, [&](const std::string&, const StoredImage& image) { stated.add(image.id); },
      [&](const std::string&, const std::string&) { ++unbelieved; },
      [](const std::string& file) {
        print_err("warning: {}: the file contains no statement\n", printable(file));
      });
  stated.sort();
  std::int64_t missing = 0;
  if (common.json)
    print_out("{{\n  \"images\": [");
  for_each_missing(session, stated, [&](const std::string& image_id) {
    ++missing;
    if (common.json)
      print_out("{}\n    {}", missing > 1 ? "," : "", quoted(image_id));
    else
      print_out("{}\n", printable(image_id));
  });
  if (common.json)
    print_out("\n  ],\n  \"missing\": {},\n  \"unbelieved\": {}\n}}\n", missing, unbelieved);
  if (unbelieved > 0)
    print_err("left out {} -- next: backglance attest verify\n",
              counted(unbelieved, "invalid line"));
  return unbelieved > 0 ? ExitCode::findings : ExitCode::done;
}

ExitCode run_attest(const CommonOptions& common, const AttestFlags& flags,
                    ExitCode (*run)(const CommonOptions&, Session&, const SiteKey&,
                                    const AttestFlags&)) {
  // A file that is missing is named before anything is checked.
  const SiteKey key = key_option("--key", flags.key, SiteKey::Part::open);
  for (const std::string& file : flags.files)
    if (access(file.c_str(), R_OK) != 0)
      throw Error(ErrorKind::usage, io_error(printable(file), errno).what());
  for (const std::string& file : flags.files)
    require_no_stream("FILE", file);
  const Site site = read_site(common.source);
  Session session(site.database, {.mode = OpenMode::read_only});
  require_os_hash(read_schema_state(session));
  return run(common, session, key, flags);
}

Arguments add_verb(Arguments& app, AttestFlags& flags, const char* name, const char* help,
                   bool& is_given) {
  Arguments verb = app.subcommand(name, help, is_given);
  verb.option("FILE", flags.files, "Files of statements that --attest wrote, one or more")
      .required();
  verb.option("--key", flags.key, "Public key of the site, or its certificate, in PEM")
      .type("FILE")
      .required();
  return verb;
}

}  // namespace

Runner add_attest(Arguments& app) {
  auto flags = std::make_shared<AttestFlags>();
  // Subcommands of attest, not the commands with these names.
  Arguments verify =
      add_verb(app, *flags, "verify",
               "Check each statement against the public key and the database", flags->verify);
  verify.flag("--complete", flags->complete,
              "Images that have a hash but no statement are findings too (exit code 10)");
  add_verb(app, *flags, "missing",
           "List the images that have a hash but no statement in these files", flags->missing);
  return [flags](const CommonOptions& common) {
    return run_attest(common, *flags, flags->missing ? run_missing : run_verify);
  };
}

}  // namespace backglance
