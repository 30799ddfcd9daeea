// What a statement costs on a large site, as SQLite's planner says it, without a clock.
#include <fmt/format.h>

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

}  // namespace

TEST_CASE("what is taken by pages of ids is found by the id", "[plan]") {
  GlanceSite site;
  expand(site.sql());
  // By the state or by `deleted` a page would be a pass over the table, and the pages together the
  // square of it.
  for (const char* name :
       {"queue_page", "requeue_changed", "requeue_unreachable", "requeue_failed", "erased_page",
        "claim_due", "claim_named", "claimed", "settled", "publish_settled"}) {
    INFO(name);
    const std::string plan = join(plan_of(site, "items", name), "\n");
    CHECK_THAT(plan, !Contains("(state=?)") && !Contains("(deleted=?)") && !Contains("SCAN"));
  }
  for (const char* name : {"untagged_page", "tagged_page", "due_page", "properties_of_page",
                           "clear_unseen", "archived_page"}) {
    INFO(name);
    const std::string plan = join(plan_of(site, "signatures", name), "\n");
    CHECK_THAT(plan, !Contains("(deleted=?)") && !Contains("SCAN"));
  }
  CHECK_THAT(join(plan_of(site, "images", "unhashed_page"), "\n"),
             !Contains("(deleted=?)") && !Contains("SCAN"));
}

TEST_CASE("an image's locations and properties are found by the image", "[plan]") {
  GlanceSite site;
  expand(site.sql());
  for (const auto& [topic, name] : {std::pair("items", "requeue_changed"),
                                    {"items", "changed_totals"},
                                    {"images", "locations"},
                                    {"images", "busy_marker"},
                                    {"signatures", "live_properties"}}) {
    INFO(name);
    const auto plan = plan_of(site, topic, name);
    CHECK_THAT(join(plan, "\n"), Contains("(image_id=?)") && !Contains("(deleted=?)"));
  }
}

TEST_CASE("what every run asks every other second is found by primary keys", "[plan]") {
  GlanceSite site;
  expand(site.sql());
  const auto plan = plan_of(site, "control", "orders");
  CHECK(plan.size() == 2);
  for (const std::string& line : plan)
    CHECK_THAT(line, Contains("SEARCH") && (Contains("(run_id=?)") || Contains("(name=?)")));
}

TEST_CASE("what has come back is counted by the state", "[plan]") {
  GlanceSite site;
  expand(site.sql());
  CHECK_THAT(join(plan_of(site, "items", "changed_totals"), "\n"),
             Contains("backglance_item_state_idx") && !Contains("SCAN"));
}
