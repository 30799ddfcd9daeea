#include "sql/engine.h"

#include <array>
#include <utility>

#include "base/error.h"

namespace backglance {
namespace {

// SQLite's %f has milliseconds; SQLAlchemy writes six digits and reads any text of that shape.
constexpr EngineFacts kSqlite = {
    .engine = Engine::sqlite,
    .name = "sqlite",
    .title = "SQLite",
    .true_literal = "1",
    .false_literal = "0",
    .now = "CAST(strftime('%s', 'now') AS INTEGER)",
    .now_datetime = "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')",
    .hour_ago = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 hours')",
    .two_hours_ago = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-2 hours')",
    .day_ago = "strftime('%Y-%m-%d %H:%M:%f', 'now', '-1 days')",
    // A column takes values of any type. Text sorts before every blob, so that a blob would be the
    // end of each page; no text is at or before an empty one.
    .has_id = "(typeof(i.id) = 'text' AND i.id <> '')",
    // 64 TiB, so that a sum of very many is still an integer; Glance's own cap is 1 TiB.
    .known_size =
        "CAST(CASE WHEN i.size BETWEEN 0 AND 70368744177664 THEN i.size ELSE 0 END AS INTEGER)",
    .text_type = "TEXT",
    // Without statistics (ANALYZE), which are not ours to make, an index on `deleted`, where nearly
    // all rows are alike, seems as good to SQLite as one on image_id.
    .no_index = "+",
    .begin_write = "BEGIN IMMEDIATE",
    .transactional_ddl = true,
    .boolean_type = "boolean",
    .boolean_false_default = "0",
    .varchar_type = "varchar",
};

}  // namespace

const EngineFacts& engine_facts(Engine engine) {
  if (engine != Engine::sqlite)
    throw Error(
        ErrorKind::usage,
        "this release works on SQLite; PostgreSQL and MariaDB databases are not supported yet");
  return kSqlite;
}

std::string in_dialect(std::string_view sql, const EngineFacts& facts) {
  const std::array<std::pair<std::string_view, std::string_view>, 11> words = {{
      {"{true}", facts.true_literal},
      {"{false}", facts.false_literal},
      {"{now}", facts.now},
      {"{now_datetime}", facts.now_datetime},
      {"{hour_ago}", facts.hour_ago},
      {"{two_hours_ago}", facts.two_hours_ago},
      {"{day_ago}", facts.day_ago},
      {"{has_id}", facts.has_id},
      {"{no_index}", facts.no_index},
      {"{known_size}", facts.known_size},
      {"{text_type}", facts.text_type},
  }};
  std::string out;
  while (!sql.empty()) {
    const auto brace = sql.find('{');
    out += sql.substr(0, brace);
    if (brace == std::string_view::npos)
      break;
    sql.remove_prefix(brace);
    bool replaced = false;
    for (const auto& [word, text] : words) {
      if (sql.starts_with(word)) {
        out += text;
        sql.remove_prefix(word.size());
        replaced = true;
        break;
      }
    }
    if (!replaced) {
      out += '{';
      sql.remove_prefix(1);
    }
  }
  return out;
}

}  // namespace backglance
