#pragma once

#include <string>
#include <string_view>

#include "glance/database_url.h"

namespace backglance {

// What differs between the databases, as data. Nothing else in the program asks which engine it is.
struct EngineFacts {
  Engine engine;
  std::string_view name;   // also the suffix of SQL files: "sqlite"
  std::string_view title;  // for people
  std::string_view true_literal;
  std::string_view false_literal;
  std::string_view now;           // unix seconds of the database's clock
  std::string_view now_datetime;  // that moment as Glance stores it: naive UTC
  std::string_view hour_ago;      // likewise
  std::string_view two_hours_ago;
  std::string_view day_ago;
  // For the row i of images: whether its id is one, which pages in the order of ids depend on, and
  // its size as a whole number, 0 if it is none or beyond belief.
  std::string_view has_id;
  std::string_view known_size;
  std::string_view text_type;  // what CAST turns any value into its text by
  // Before a column: keeps the planner off that column's index.
  std::string_view no_index;
  std::string_view begin_write;
  bool transactional_ddl;
  // How the catalogue spells the types of Glance's columns, lower case.
  std::string_view boolean_type;
  std::string_view boolean_false_default;
  std::string_view varchar_type;  // the length follows in parentheses
};

const EngineFacts& engine_facts(Engine engine);

// `sql` with each word in braces ({true}, {now}, {has_id}, ...; the list is in engine.cpp) replaced
// by the engine's own.
std::string in_dialect(std::string_view sql, const EngineFacts& facts);

}  // namespace backglance
