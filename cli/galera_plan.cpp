// SPDX-License-Identifier: Apache-2.0
#include "cli/galera_plan.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace backglance {
namespace {

using nlohmann::json;

// The effect of a statement on the cluster while it runs.
enum class Stall { none, short_one, index, rebuild };

Stall stall_of(const StepStatement& statement, const SchemaState& state) {
  // These write one row, which is replicated like any other write.
  if (statement.kind == "revision" || statement.kind == "ledger")
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

// In seconds, rounded up to hundredths.
double hundredths(std::chrono::duration<double> time) {
  return std::ceil(time.count() * 100) / 100;
}

}  // namespace

std::optional<GaleraPlan> collect_galera(Session& session, const SchemaState& state,
                                         const ExpandPlan& plan) {
  const auto node = read_galera(session);
  if (!node)
    return std::nullopt;
  GaleraPlan galera{.node = *node,
                    .short_statements = count_of(Stall::short_one, plan, state),
                    .index_builds = count_of(Stall::index, plan, state),
                    .rebuilds = count_of(Stall::rebuild, plan, state),
                    .trial = std::nullopt};
  if (galera.index_builds > 0) {
    // The caller's session is read-only, and the trial makes a temporary table.
    Session writer(session.url());
    galera.trial = try_index_build(writer);
  }
  return galera;
}

std::string galera_text(const GaleraPlan& galera) {
  std::string out = fmt::format("\ngalera: {}, this one is {}, {}; wsrep_OSU_method is {}\n",
                                counted(galera.node.nodes, "node"), galera.node.state,
                                galera.node.status, galera.node.method);
  if (galera.short_statements + galera.index_builds + galera.rebuilds == 0)
    return out;
  out +=
      "  While a schema statement runs, no node can commit a change to any table. Reads continue.\n"
      "  A transaction that holds a lock on images then fails with a deadlock (1213), on any "
      "node.\n";
  if (galera.short_statements > 0)
    out += fmt::format("  {:>4}  short: a stall of some hundredths of a second each\n",
                       galera.short_statements);
  if (galera.index_builds > 0)
    out += fmt::format(
        "  {:>4}  {}: {}\n", galera.index_builds,
        galera.index_builds == 1 ? "index of images" : "indexes of images",
        !galera.trial
            ? "the time is not known, because a trial in a temporary table failed"
            : fmt::format(
                  "a stall of about {} s each (between half and twice that); tried with {} of "
                  "{} on this node, but the slowest node counts",
                  hundredths(galera.trial->build), grouped(galera.trial->tried),
                  counted(galera.trial->images, "image")));
  if (galera.rebuilds > 0)
    out += fmt::format(
        "  {:>4}  {} the table images: longer than an index; how much longer is not known\n",
        galera.rebuilds, galera.rebuilds == 1 ? "copies" : "copy");
  return out;
}

json galera_json(const GaleraPlan& galera) {
  json object = {{"nodes", galera.node.nodes},
                 {"status", galera.node.status},
                 {"state", galera.node.state},
                 {"method", galera.node.method},
                 {"short_statements", galera.short_statements},
                 {"index_builds", galera.index_builds},
                 {"rebuilds", galera.rebuilds},
                 {"images", nullptr},
                 {"tried_on", nullptr},
                 {"index_seconds", nullptr}};
  if (galera.trial) {
    object["images"] = galera.trial->images;
    object["tried_on"] = galera.trial->tried;
    object["index_seconds"] = hundredths(galera.trial->build);
  }
  return object;
}

}  // namespace backglance
