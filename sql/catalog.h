// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sql/session.h"

namespace backglance {

// What the database's catalogue says about tables, columns and indexes. What is done and what is
// due is decided only from this, not from a version row or a journal.
struct CatalogColumn {
  std::string name;
  std::string type;  // in the engine's spelling, lower case
  bool nullable = true;
  std::optional<std::string> default_value;

  bool operator==(const CatalogColumn&) const = default;
};

struct CatalogIndex {
  std::string name;
  std::vector<std::string> columns;
  bool unique = false;
  bool partial = false;
  bool valid = true;  // false: a CREATE INDEX CONCURRENTLY is running, or was interrupted
  // Of an invalid index: the session that is building it, and how far it is. Empty: no session is.
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

// All tables of the database with their columns and indexes. Names are in lower case if the engine
// ignores case in names. Takes only the locks of a read.
Catalog read_catalog(Session& session);

std::vector<std::string> view_names(Session& session);

// A trigger, or a function of one of our triggers.
struct CatalogRoutine {
  std::string kind;   // "trigger" or "function"
  std::string table;  // of a trigger; for a function, its own name
  std::string name;
  std::string definition;  // the statement that would create it, with any spacing
};

// All triggers of the database's tables, and all functions with one of our names. Some engines show
// triggers only to roles that may create them; then only what this role may see.
std::vector<CatalogRoutine> read_routines(Session& session);

// "varchar(64), nullable, default none", for messages.
std::string describe(const CatalogColumn& column);
std::string describe(const CatalogIndex& index);

}  // namespace backglance
