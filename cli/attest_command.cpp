// attest: what was stated of images, held against the key and the database.
#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "attest/envelope.h"
#include "attest/statement.h"
#include "base/text.h"
#include "cli/command.h"
#include "sql/images.h"
#include "sql/retry.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

struct AttestFlags {
  std::string file;
  std::string key;
};

// What became of the statements of a file.
struct Verified {
  std::int64_t agree = 0;
  std::int64_t gone = 0;        // the image is no longer in Glance
  std::int64_t unbelieved = 0;  // no valid signature by the key, or no such statement
  std::int64_t differ = 0;
};

// What Glance has now that the statement does not say; empty if they agree.
std::string difference(const StoredImage& stated, const ImageRow& image) {
  std::vector<std::string> names;
  const auto differs = [&](bool unlike, const char* name) {
    if (unlike)
      names.emplace_back(name);
  };
  differs(image.size.value_or(stated.size) != stated.size, "size");
  differs(!image.checksum.empty() && lower_ascii(image.checksum) != stated.md5, "checksum");
  // Another algorithm says nothing against it.
  differs(image.os_hash_algo == stated.algorithm && !image.os_hash_value.empty() &&
              lower_ascii(image.os_hash_value) != stated.digest,
          "os_hash_value");
  return join(names, ", ");
}

class Verification {
 public:
  Verification(const SiteKey& key, Session& session) : key_(key), session_(session) {}

  void line(std::int64_t number, const std::string& text) {
    const auto opened = open_sealed(key_, text);
    if (const auto* const why = std::get_if<std::string>(&opened))
      return unbelieved(number, *why);
    const Opened& envelope = std::get<Opened>(opened);
    if (envelope.payload_type != kStatementPayloadType)
      return unbelieved(number, "it is no in-toto statement");
    const auto read = read_statement(envelope.payload);
    if (const auto* const why = std::get_if<std::string>(&read))
      return unbelieved(number, *why);
    const StoredImage& stated = std::get<StoredImage>(read);
    const auto image = retry(session_, [&] { return read_image(session_, stated.id); });
    if (!image || !image->hashable) {
      ++found_.gone;
      return;
    }
    const std::string unlike = difference(stated, *image);
    if (unlike.empty()) {
      ++found_.agree;
      return;
    }
    ++found_.differ;
    fmt::print(stderr, "line {}: image {}: what Glance has differs from what was read at {}: {}\n",
               number, printable(stated.id), printable(stated.read_at, 40), unlike);
  }

  const Verified& found() const { return found_; }

 private:
  void unbelieved(std::int64_t number, const std::string& why) {
    ++found_.unbelieved;
    fmt::print(stderr, "line {}: {}\n", number, why);
  }

  const SiteKey& key_;
  Session& session_;
  Verified found_;
};

ExitCode run_attest(const CommonOptions& common, const AttestFlags& flags) {
  const SiteKey key = SiteKey::read(flags.key, SiteKey::Part::open);
  std::ifstream file(flags.file);
  if (!file)
    throw Error(ErrorKind::usage, "there is no file " + printable(flags.file) + " to read");
  const Site site = read_site(common.source);
  Session session(site.database, {.mode = OpenMode::read_only});
  require_os_hash(read_schema_state(session));
  Verification verification(key, session);
  std::string text;
  for (std::int64_t number = 1; std::getline(file, text); ++number)
    if (!text.empty())
      verification.line(number, text);
  if (file.bad())
    throw Error(ErrorKind::io, printable(flags.file) + " cannot be read to its end");
  const Verified& found = verification.found();
  if (common.json)
    print_json({{"agree", found.agree},
                {"gone", found.gone},
                {"unbelieved", found.unbelieved},
                {"differ", found.differ}});
  else
    fmt::print("{} agree; {} of images that are gone; {} differ; {} cannot be believed\n",
               counted(found.agree, "statement"), grouped(found.gone), grouped(found.differ),
               grouped(found.unbelieved));
  return found.differ + found.unbelieved > 0 ? ExitCode::findings : ExitCode::done;
}

}  // namespace

Runner add_attest(CLI::App& app) {
  auto flags = std::make_shared<AttestFlags>();
  // Of this command, not the command of that name.
  auto* const verify = app.add_subcommand(
      "verify", "Hold each statement of a file against the key and the database");
  verify->fallthrough();
  verify->add_option("FILE", flags->file, "What backfill --attest has written")->required();
  verify->add_option("--key", flags->key, "The site's public key, or a certificate of it, in PEM")
      ->type_name("FILE")
      ->required();
  app.require_subcommand(1);
  return [flags](const CommonOptions& common) { return run_attest(common, *flags); };
}

}  // namespace backglance
