// SPDX-License-Identifier: Apache-2.0
// list: ids for a pipe.
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json_text.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/usage_text.h"
#include "report/listing.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

constexpr std::string_view kFindings = "findings";

// As options are spelt: "checksum-differs".
std::string word_of(std::string_view name) {
  std::string word(name);
  std::replace(word.begin(), word.end(), '_', '-');
  return word;
}

std::vector<std::string> all_words() {
  std::vector<std::string> words = {std::string(kFindings)};
  for (const ResultFacts& row : kResults)
    words.push_back(word_of(row.name));
  return words;
}

// The result that a person names as the ledger does, as the report prints it, or with dashes;
// nothing: all findings.
std::optional<ImageResult> wanted_result(const std::string& given) {
  std::string word = lower_ascii(trim(given));
  std::replace(word.begin(), word.end(), ' ', '-');
  word = word_of(word);
  if (word == kFindings)
    return std::nullopt;
  for (const ResultFacts& row : kResults) {
    std::string text = lower_ascii(row.text);
    std::replace(text.begin(), text.end(), ' ', '-');
    if (word == word_of(row.name) || word == text)
      return row.result;
  }
  const std::string meant = did_you_mean(word, all_words());
  throw Error(ErrorKind::usage,
              fmt::format("list: there is no result '{}'{}", printable(given, 80),
                          meant.empty() ? "; there are " + join(all_words(), ", ") : meant),
              "backglance list --help");
}

// JSON text of one image; ids are written by Glance, but anybody may have changed the database.
std::string object_of(const ListedImage& image, bool in_backfill, bool in_verify) {
  const auto name = [](bool is_listed, const std::optional<ImageResult>& result) {
    return is_listed ? nlohmann::ordered_json(result_name(*result)) : nlohmann::ordered_json();
  };
  const nlohmann::ordered_json object = {{"image_id", image.image_id},
                                         {"backfill", name(in_backfill, image.backfill)},
                                         {"verify", name(in_verify, image.verify)}};
  return "    " +
         safe_json(object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

ExitCode run_list(const CommonOptions& common, const std::string& given) {
  const std::optional<ImageResult> wanted = wanted_result(given);
  const Site site = read_site(common.source);
  Session session(site.database, {.mode = OpenMode::read_only});
  const SchemaState state = read_schema_state(session);
  require_expanded(state);
  const auto is_wanted = [&](const std::optional<ImageResult>& result) {
    return result && (wanted ? *result == *wanted : is_finding(*result));
  };
  if (common.json)
    print_out("{{\n  \"result\": \"{}\",\n  \"images\": [",
              wanted ? result_name(*wanted) : kFindings);
  bool is_first = true;
  list_images(session, [&](const ListedImage& image) {
    const bool in_backfill = is_wanted(image.backfill);
    const bool in_verify = is_wanted(image.verify);
    if (!in_backfill && !in_verify)
      return;
    if (common.json)
      write_out((is_first ? "\n" : ",\n") + object_of(image, in_backfill, in_verify));
    else
      print_out("{}\n", printable(image.image_id));
    is_first = false;
  });
  if (common.json)
    print_out("{}]\n}}\n", is_first ? "" : "\n  ");
  return ExitCode::done;
}

}  // namespace

Runner add_list(Arguments& app) {
  auto result = std::make_shared<std::string>();
  app.option("RESULT", *result,
             "A result as report prints it (checksum-differs), or findings for all results that a "
             "person should look at")
      .required()
      .suggests(all_words());
  return [result](const CommonOptions& common) { return run_list(common, *result); };
}

}  // namespace backglance
