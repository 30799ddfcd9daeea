// SPDX-License-Identifier: Apache-2.0
#include "sql/text.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <map>
#include <stdexcept>

#include "base/hex.h"
#include "base/image_result.h"
#include "base/text.h"

namespace backglance {
namespace {

// The file of that name in whichever folder; `name` may begin with the last of its folders.
const EmbeddedFile* find_file(std::string_view name) {
  for (const EmbeddedFile& file : sql_files())
    if (file.name.ends_with(name) && file.name[file.name.size() - name.size() - 1] == '/')
      return &file;
  return nullptr;
}

using Statements = std::map<std::string, std::string, std::less<>>;

void add_statements(Statements& statements, std::string_view text) {
  constexpr std::string_view kName = "-- name: ";
  std::string* current = nullptr;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with(kName)) {
      current = &statements[std::string(trim(line.substr(kName.size())))];
      current->clear();
    } else if (current != nullptr && !line.starts_with("--")) {
      *current += line + '\n';
    }
  }
}

std::string_view without_end(std::string_view sql) {
  sql = trim(sql);
  if (sql.ends_with(';'))
    sql.remove_suffix(1);
  return sql;
}

// `sql` with each fragment's name in braces replaced by the fragment, which may name others, and
// each list of results by the names that it holds.
std::string with_fragments(std::string_view sql, const Statements& fragments) {
  std::string out;
  for (;;) {
    const auto open = sql.find('{');
    out += sql.substr(0, open);
    if (open == std::string_view::npos)
      return out;
    const auto close = sql.find('}', open);
    const auto name = close == std::string_view::npos ? std::string_view()
                                                      : sql.substr(open + 1, close - open - 1);
    const auto found = fragments.find(name);
    if (found != fragments.end()) {
      out += with_fragments(trim(found->second), fragments);
    } else if (const auto list = sql_result_list(name)) {
      out += *list;
    } else {
      out += '{';
      sql.remove_prefix(open + 1);
      continue;
    }
    sql.remove_prefix(close + 1);
  }
}

Statements read_statements(const EngineFacts& engine, std::string_view topic) {
  Statements fragments;
  add_statements(fragments, find_file("fragments.sql")->text);
  Statements statements;
  bool found = false;
  for (const std::string& name :
       {fmt::format("{}.sql", topic), fmt::format("{}.{}.sql", topic, engine.name)}) {
    if (const EmbeddedFile* file = find_file(name)) {
      add_statements(statements, file->text);
      found = true;
    }
  }
  if (!found)
    throw std::logic_error(fmt::format("no SQL file for {}", topic));
  for (auto& [name, sql] : statements)
    sql = in_dialect(with_fragments(without_end(sql), fragments), engine);
  return statements;
}

void read_annotation(StepStatement& statement, std::string_view key, std::string_view value) {
  if (key == "makes") {
    const auto words = split(value, ' ');
    statement.kind = words.at(0);
    statement.name = words.back();
    if (statement.kind != "revision")
      statement.table = words.at(1);
    statement.names.push_back(statement.name);
  } else if (key == "replaces") {
    statement.replaces = value;
  } else if (key == "lock") {
    statement.lock = value;
  } else if (key == "cost") {
    statement.cost = value;
  } else if (key == "waits") {
    statement.unbounded = value == "unbounded";
  }
}

}  // namespace

const std::string& sql_text(const EngineFacts& engine, std::string_view topic,
                            std::string_view name) {
  // Filled once per thread: sessions of several threads look statements up on every claim and
  // publish.
  thread_local std::map<std::pair<Engine, std::string>, Statements> topics;
  auto [at, fresh] = topics.try_emplace({engine.engine, std::string(topic)});
  if (fresh)
    at->second = read_statements(engine, topic);
  const auto found = at->second.find(name);
  if (found == at->second.end())
    throw std::logic_error(fmt::format("no SQL statement {} in {}", name, topic));
  return found->second;
}

std::vector<StepStatement> step_statements(const EngineFacts& engine, std::string_view step,
                                           std::string_view verb) {
  const EmbeddedFile* file = find_file(fmt::format("{}/{}.{}.sql", step, verb, engine.name));
  if (file == nullptr)
    file = find_file(fmt::format("{}/{}.sql", step, verb));
  if (file == nullptr)
    throw std::logic_error(fmt::format("no SQL file for {} of {}", verb, step));

  constexpr std::string_view kBody = "$body$";
  std::vector<StepStatement> statements;
  StepStatement current;
  bool in_body = false;
  for (const std::string& line : split(file->text, '\n')) {
    if (line.starts_with("-- ")) {
      const auto colon = line.find(": ");
      if (colon != std::string::npos)
        read_annotation(current, line.substr(3, colon - 3), trim(line.substr(colon + 2)));
      continue;
    }
    current.sql += line + '\n';
    if (line.find(kBody) != std::string::npos)
      in_body = !in_body;
    if (line.ends_with(';') && !in_body) {
      current.sql = std::string(trim(current.sql));
      current.sql.pop_back();
      current.sql = in_dialect(current.sql, engine);
      current.cost = in_dialect(current.cost, engine);
      current.number = static_cast<int>(statements.size()) + 1;
      statements.push_back(std::move(current));
      current = StepStatement();
    }
  }
  return statements;
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr);
  return hex({digest.data(), length});
}

}  // namespace backglance
