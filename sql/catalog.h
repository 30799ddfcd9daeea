// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/session.h"

namespace backglance {

// What the database's catalogue says of tables, columns and indexes: the one source for what is
// done and what is due, whatever a version row or a journal claims.
struct CatalogColumn {
  std::string name;
  std::string type;  // as the engine spells it, lower case
  bool nullable = true;
  std::optional<std::string> default_value;

  bool operator==(const CatalogColumn&) const = default;
};

struct CatalogIndex {
  std::string name;
  std::vector<std::string> columns;
  bool unique = false;
  bool partial = false;
  bool valid = true;  // false for what a CREATE INDEX CONCURRENTLY left that has not ended
  // Of one that is not valid: which session is building it, and how far that is; empty: none is.
  std::string builder = {};

  bool operator==(const CatalogIndex&) const = default;
};

struct CatalogTable {
  std::vector<CatalogColumn> columns;  // in table order
  std::vector<CatalogIndex> indexes;   // by name

  const CatalogColumn* column(std::string_view name) const;
  const CatalogIndex* index(std::string_view name) const;
};

using Catalog = std::map<std::string, CatalogTable, std::less<>>;

// All tables of the database with their columns and indexes. Names are in lower case where the
// engine takes them without regard to case. Takes no lock beyond that of a read.
Catalog read_catalog(Session& session);

std::vector<std::string> view_names(Session& session);

// A trigger, or a function that one of ours runs.
struct CatalogRoutine {
  std::string kind;   // "trigger" or "function"
  std::string table;  // of a trigger; of a function its own name
  std::string name;
  std::string definition;  // as one would write it to make it, of whatever spacing
};

// All triggers of the database's tables, and functions with a name of ours. Where the engine shows
// a trigger to those alone who may make one, those that this role may see.
std::vector<CatalogRoutine> read_routines(Session& session);

// "varchar(64), nullable, default none", for messages.
std::string describe(const CatalogColumn& column);
std::string describe(const CatalogIndex& index);

}  // namespace backglance
