// SPDX-License-Identifier: Apache-2.0
// What a statement costs on a large site, as SQLite's planner says it, without a clock.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "expand/expand.h"
#include "sql/row_list.h"
#include "sql/text.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;

namespace {

// Every parameter of the statement; the plan does not depend on what they hold.
SqlParameters parameters_of(const std::string& sql) {
  std::map<std::string, SqlValue> values;
  for (std::size_t at = sql.find(':'); at != std::string::npos; at = sql.find(':', at + 1)) {
    std::size_t end = at + 1;
    while (end < sql.size() &&
           (std::islower(static_cast<unsigned char>(sql[end])) != 0 || sql[end] == '_' ||
            std::isdigit(static_cast<unsigned char>(sql[end])) != 0))
      ++end;
    // A time's "%H:%M" has colons as well.
    if (end > at + 1 &&
        (std::isspace(static_cast<unsigned char>(sql[at - 1])) != 0 || sql[at - 1] == '('))
      values[sql.substr(at + 1, end - at - 1)] = std::int64_t{1};
  }
  SqlParameters parameters;
  for (const auto& [name, value] : values)
    parameters.push_back({name, value});
  return parameters;
}

// One line for each table that is visited: "SEARCH l USING INDEX ... (image_id=?)".
std::vector<std::string> plan_of(GlanceSite& site, const char* topic, const std::string& name) {
  const std::string sql = statement_for(sql_text(site.sql().engine(), topic, name), 2);
  std::vector<std::string> lines;
  site.sql().query("EXPLAIN QUERY PLAN " + sql, parameters_of(sql),
                   [&](const SqlRow& row) { lines.push_back(row.text_or_empty(3)); });
  REQUIRE_FALSE(lines.empty());
  return lines;
}

// The plan of a statement on PostgreSQL, every value a "1".
std::string postgresql_plan_of(GlanceSite& site, const char* topic, const std::string& name) {
  std::string sql = statement_for(sql_text(site.sql().engine(), topic, name), 64);
  auto parameters = parameters_of(sql);
  // The longest names first: ":id1" begins ":id10".
  std::sort(parameters.begin(), parameters.end(),
            [](const auto& a, const auto& b) { return a.name.size() > b.name.size(); });
  for (const auto& [parameter, value] : parameters)
    replace_all(sql, ":" + parameter, "'1'");
  std::string plan;
  for (const SqlRow& row : site.sql().rows("EXPLAIN " + sql))
    plan += row.text_or_empty(0) + "\n";
  return plan;
}

}  // namespace

TEST_CASE("a claim does not read the whole queue when the statistics are old", "[ledger]") {
  GlanceSite site;
  if (site.database().engine != Engine::postgresql)
    return;
  expand(site.sql());
  // A site whose images are all done, as the statistics have it, and since then as many new ones.
  const auto add = [&](const std::string& kind, const std::string& hash, const std::string& state) {
    site.sql().execute(
        "INSERT INTO images (id, status, created_at, deleted, min_disk, min_ram, protected, "
        "visibility, os_hidden, os_hash_algo, os_hash_value) SELECT '" +
        kind + "' || n, 'active', now(), FALSE, 0, 0, FALSE, 'shared', FALSE, 'sha512', " + hash +
        " FROM generate_series(1, 5000) n");
    site.sql().execute(
        "INSERT INTO image_locations (image_id, value, created_at, deleted, status) SELECT '" +
        kind + "' || n, '', now(), FALSE, 'active' FROM generate_series(1, 5000) n");
    site.sql().execute(
        "INSERT INTO backglance_item (image_id, state, size_bytes, queued_at) SELECT '" + kind +
        "' || n, '" + state + "', 1, 0 FROM generate_series(1, 5000) n");
  };
  add("old", "md5(n::text)", "done");
  for (const char* table : {"images", "image_locations", "backglance_item"})
    site.sql().execute(std::string("ANALYZE ") + table);
  add("new", "NULL", "queued");
  for (const auto& [topic, name] : {std::pair("queue", "claim_due"),
                                    {"queue", "claim_named"},
                                    {"queue", "claimed"},
                                    {"queue", "renew"},
                                    {"queue", "release_leased"},
                                    {"results", "finish"},
                                    {"results", "publish"},
                                    {"results", "settled"}}) {
    const std::string plan = postgresql_plan_of(site, topic, name);
    INFO(name << "\n" << plan);
    CHECK_THAT(plan, !Contains("backglance_item_state_idx") &&
                         !Contains("os_hash_value_image_idx") && !Contains("Seq Scan"));
  }
}

TEST_CASE("queries that page by id use the index of the id", "[plan]") {
  GlanceSite site;
  expand(site.sql());
  // By the state or by `deleted` a page would be a pass over the table, and the pages together the
  // square of it.
  for (const auto& [topic, name] : {std::pair("queue", "queue_page"),
                                    {"queue", "requeue_changed"},
                                    {"queue", "requeue_unreachable"},
                                    {"queue", "requeue_failed"},
                                    {"queue", "claim_due"},
                                    {"queue", "claim_named"},
                                    {"queue", "claimed"},
                                    {"queue", "renew"},
                                    {"queue", "release_leased"},
                                    {"results", "erased_page"},
                                    {"results", "settled"},
                                    {"results", "publish"}}) {
    INFO(name);
    const std::string plan = join(plan_of(site, topic, name), "\n");
    CHECK_THAT(plan, !Contains("(state=?)") && !Contains("(deleted=?)") && !Contains("SCAN"));
  }
  for (const char* name :
       {"untagged_page", "tagged_page", "due_page", "properties_of_page", "clear_unseen"}) {
    INFO(name);
    const std::string plan = join(plan_of(site, "signatures", name), "\n");
    CHECK_THAT(plan, !Contains("(deleted=?)") && !Contains("SCAN"));
  }
  for (const auto& [topic, name] : {std::pair("images", "unhashed_page"),
                                    {"images", "hashed_page"},
                                    {"removal", "archived_page"},
                                    {"removal", "settled_page"},
                                    {"removal", "restore_property"},
                                    {"removal", "restore_as_left"},
                                    {"removal", "recreate_removed"},
                                    {"removal", "is_restorable"}}) {
    INFO(name);
    CHECK_THAT(join(plan_of(site, topic, name), "\n"),
               !Contains("(deleted=?)") && !Contains("SCAN"));
  }
}

TEST_CASE("an image's locations and properties are found by the image", "[plan]") {
  GlanceSite site;
  expand(site.sql());
  for (const auto& [topic, name] : {std::pair("queue", "requeue_changed"),
                                    {"queue_figures", "site_figures"},
                                    {"images", "locations"},
                                    {"images", "busy_markers"},
                                    {"removal", "live_properties"},
                                    {"removal", "settled_state"}}) {
    INFO(name);
    const auto plan = plan_of(site, topic, name);
    CHECK_THAT(join(plan, "\n"), Contains("(image_id=?)") && !Contains("(deleted=?)"));
  }
}

TEST_CASE("queries that every run repeats every two seconds use primary keys", "[plan]") {
  GlanceSite site;
  expand(site.sql());
  const auto plan = plan_of(site, "control", "orders");
  CHECK(plan.size() == 2);
  for (const std::string& line : plan)
    CHECK_THAT(line, Contains("SEARCH") && (Contains("(run_id=?)") || Contains("(name=?)")));
}

TEST_CASE("all figures of a site take one pass over each table, and no look for each image",
          "[plan]") {
  GlanceSite site;
  expand(site.sql());
  for (const auto& [name, tables] : {std::pair("site_figures", 3), {"site_figures_by_store", 4}}) {
    std::vector<std::string> passes;
    std::string looks;
    for (const std::string& line : plan_of(site, "queue_figures", name)) {
      if (line.starts_with("SCAN") && line.find("subquery") == std::string::npos &&
          line.find("image") != 5)
        passes.push_back(line.substr(0, 6));
      // What a conditional subquery looks up is asked of few images.
      if (line.starts_with("SEARCH") && line.find("LEFT-JOIN") != std::string::npos)
        looks += line + "\n";
    }
    INFO(name);
    std::vector<std::string> expected = {"SCAN i", "SCAN t", "SCAN c", "SCAN l"};
    expected.resize(static_cast<std::size_t>(tables));
    CHECK(passes == expected);
    CHECK(looks.empty());
  }
}

TEST_CASE("what a run asks of its queue at its end is answered by the queue's index", "[plan]") {
  GlanceSite site;
  expand(site.sql());
  CHECK_THAT(join(plan_of(site, "queue_figures", "queued_totals"), "\n"),
             Contains("backglance_item_state_idx") && !Contains("SCAN"));
}
