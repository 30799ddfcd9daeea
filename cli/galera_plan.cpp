// SPDX-License-Identifier: Apache-2.0
#include "cli/galera_plan.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "sql/galera.h"

namespace backglance {
namespace {

using nlohmann::json;

// What a statement does to the cluster while it runs.
enum class Stall { none, short_one, index, rebuild };

Stall stall_of(const StepStatement& statement, const SchemaState& state) {
  if (statement.kind == "revision")
    return Stall::none;
  if (statement.table != "images")
    return Stall::short_one;
  if (statement.kind == "index")
    return Stall::index;
  return statement.kind == "column" && !state.instant_columns ? Stall::rebuild : Stall::short_one;
}

std::int64_t count_of(Stall stall, const ExpandPlan& plan, const SchemaState& state) {
  std::int64_t number = 0;
  for (const PlannedStatement& planned : plan.statements)
    number += stall_of(planned.statement, state) == stall ? 1 : 0;
  return number;
}

double hundredths(std::chrono::duration<double> time) {
  return std::ceil(time.count() * 100) / 100;
}

}  // namespace

json galera_json(Session& session, const SchemaState& state, const ExpandPlan& plan) {
  const auto galera = read_galera(session);
  if (!galera)
    return nullptr;
  json object = {{"nodes", galera->nodes},
                 {"status", galera->status},
                 {"state", galera->state},
                 {"method", galera->method},
                 {"short_statements", count_of(Stall::short_one, plan, state)},
                 {"index_builds", count_of(Stall::index, plan, state)},
                 {"rebuilds", count_of(Stall::rebuild, plan, state)},
                 {"images", nullptr},
                 {"tried_on", nullptr},
                 {"index_seconds", nullptr}};
  if (object["index_builds"] == 0)
    return object;
  Session writer(session.url());
  if (const auto trial = try_index_build(writer)) {
    object["images"] = trial->images;
    object["tried_on"] = trial->tried;
    object["index_seconds"] = hundredths(trial->build);
  }
  return object;
}

void print_galera(const json& galera) {
  if (galera.is_null())
    return;
  const auto number = [&](const char* key) { return galera[key].get<std::int64_t>(); };
  fmt::print("\ngalera: {}, this one is {}, {}; wsrep_OSU_method is {}\n",
             counted(number("nodes"), "node"), galera["state"].get<std::string>(),
             galera["status"].get<std::string>(), galera["method"].get<std::string>());
  if (number("short_statements") + number("index_builds") + number("rebuilds") == 0)
    return;
  fmt::print(
      "  While a schema statement runs, no node can commit a change to any table. Reads continue.\n"
      "  A transaction that holds a lock on images then fails with a deadlock (1213), on any "
      "node.\n");
  if (number("short_statements") > 0)
    fmt::print("  {:>4}  short: a stall of some hundredths of a second each\n",
               number("short_statements"));
  if (number("index_builds") > 0)
    fmt::print("  {:>4}  {}: {}\n", number("index_builds"),
               number("index_builds") == 1 ? "index of images" : "indexes of images",
               galera["index_seconds"].is_null()
                   ? "the time is not known, because a trial in a temporary table failed"
                   : fmt::format("a stall of about {} s each (between half and twice that); tried "
                                 "with {} of {} on this node, but the slowest node counts",
                                 galera["index_seconds"].get<double>(), grouped(number("tried_on")),
                                 counted(number("images"), "image")));
  if (number("rebuilds") > 0)
    fmt::print("  {:>4}  that {} table images: longer than an index, by how much is not known\n",
               number("rebuilds"), number("rebuilds") == 1 ? "copies" : "copy");
}

}  // namespace backglance
