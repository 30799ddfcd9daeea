// SPDX-License-Identifier: Apache-2.0
#include "sql/schema_names.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace backglance {
namespace {

constexpr std::string_view kLetters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

bool is_one_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// A word after FROM may be a common table expression or a function, so only these count there.
bool is_known_table(std::string_view word) {
  return word.starts_with("backglance_") || word.starts_with("image_") ||
         is_one_of(word, {"images", "tasks", "task_info", "alembic_version", "migrate_version",
                          "node_reference", "cached_images"});
}

// The bytes of the first token of `sql`: a word, a quoted text, a comment, or one character.
std::size_t token_size(std::string_view sql) {
  const auto up_to = [&](std::string_view end, std::size_t from) {
    const auto found = sql.find(end, from);
    return found == std::string_view::npos ? sql.size() : found + end.size();
  };
  if (sql.starts_with("--"))
    return up_to("\n", 2);
  if (sql.front() == '\'' || sql.front() == '"')
    return up_to(sql.substr(0, 1), 1);
  if (sql.front() == '$') {
    const auto tag = std::min(sql.find_first_not_of(kLetters, 1), sql.size() - 1);
    return sql[tag] == '$' ? up_to(sql.substr(0, tag + 1), tag + 1) : 1;
  }
  return std::max<std::size_t>(1, std::min(sql.find_first_not_of(kLetters), sql.size()));
}

// Which names get the schema at this place of the statement.
enum class Wanted { none, known_table, any };

class Place {
 public:
  // Whether the schema belongs before `word`, which may be a keyword too. A name in quotes is none.
  bool wants(std::string_view word) const {
    return wanted_ == Wanted::any ||
           (wanted_ == Wanted::known_table && (word.starts_with('"') || is_known_table(word)));
  }
  bool is_filler(std::string_view word) const {
    return wanted_ != Wanted::none &&
           is_one_of(word, {"if", "not", "exists", "only", "concurrently"});
  }
  void pass(std::string_view word) {
    wanted_ = Wanted::none;
    if (is_one_of(word, {"from", "join", "into", "update", "on", "references", "truncate",
                         "analyze", "vacuum"}))
      wanted_ = Wanted::known_table;
    // A temporary table has its own schema, and a new index that of its table.
    else if (is_one_of(word, {"table", "view", "function"}) || (word == "index" && last_ == "drop"))
      wanted_ = is_one_of(last_, {"temporary", "temp"}) ? Wanted::none : Wanted::any;
    // Of an index or a trigger, which belongs to any table.
    if (word == "on" && is_one_of(first_, {"create", "drop"}))
      wanted_ = Wanted::any;
    last_ = word;
    if (first_.empty())
      first_ = word;
  }
  void end() { wanted_ = Wanted::none; }

 private:
  Wanted wanted_ = Wanted::none;
  std::string first_;
  std::string last_;
};

}  // namespace

std::string in_schema(std::string_view sql, std::string_view schema) {
  if (schema.empty())
    return std::string(sql);
  std::string out;
  Place place;
  for (char before = ' '; !sql.empty();) {
    const std::string_view token = sql.substr(0, token_size(sql));
    sql.remove_prefix(token.size());
    const bool is_word =
        token.front() == '"' || kLetters.find(token.front()) != std::string_view::npos;
    // After a '.' it is a column; after a ':' a parameter.
    if (is_word && before != '.' && before != ':') {
      const std::string word = lower_ascii(token);
      if (!place.is_filler(word)) {
        if (place.wants(word) && !sql.starts_with('.'))
          out.append(schema) += '.';
        place.pass(word);
      }
    } else if (token.find_first_not_of(" \n\t") != std::string_view::npos &&
               !token.starts_with("--")) {
      place.end();
    }
    out += token;
    before = token.back();
  }
  return out;
}

}  // namespace backglance
