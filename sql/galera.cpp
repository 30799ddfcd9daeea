// SPDX-License-Identifier: Apache-2.0
#include "sql/galera.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "sql/text.h"

namespace backglance {
namespace {

const std::string& galera_sql(Session& session, std::string_view name) {
  return sql_text(session.engine(), "galera", name);
}

}  // namespace

bool is_galera_node(Session& session) {
  if (!session.engine().may_be_galera)
    return false;
  const auto on = session.first_row(galera_sql(session, "wsrep_on"));
  return on && lower_ascii(on->text_or_empty(1)) == "on";
}

std::optional<Galera> read_galera(Session& session) {
  if (!is_galera_node(session))
    return std::nullopt;
  Galera galera;
  session.query(galera_sql(session, "state"), {}, [&](const SqlRow& row) {
    const std::string name = lower_ascii(row.text_or_empty(0));
    if (name == "wsrep_cluster_size")
      galera.nodes = row.integer_or(1, 0);
    else
      (name == "wsrep_cluster_status" ? galera.status : galera.state) =
          printable(row.text_or_empty(1));
  });
  if (const auto method = session.first_row(galera_sql(session, "method")))
    galera.method = printable(method->text_or_empty(1));
  return galera;
}

void require_total_order(Session& session) {
  const auto galera = read_galera(session);
  if (galera && galera->method != "TOI")
    throw Error(ErrorKind::gate,
                fmt::format("wsrep_OSU_method is {} on this node: each schema statement would "
                            "change only this node, not the cluster",
                            galera->method),
                "SET GLOBAL wsrep_OSU_method = 'TOI'");
}

std::optional<IndexTrial> try_index_build(Session& session) {
  // Some tenths of a second where it was measured, and enough to be no matter of chance.
  constexpr std::int64_t kRows = 50'000;
  using Clock = std::chrono::steady_clock;
  IndexTrial trial;
  trial.images = session.count(galera_sql(session, "images"));
  trial.tried = std::min(trial.images, kRows);
  try {
    session.execute(galera_sql(session, "begin_trial"), {{"rows", kRows}});
    const auto began = Clock::now();
    session.execute(galera_sql(session, "trial"));
    trial.build = Clock::now() - began;
    session.execute(galera_sql(session, "end_trial"));
  } catch (const Error&) {
    // A right, room for temporary tables, a node that is behind: a plan that lacks this one figure
    // is worth more than none. The table goes with the session.
    return std::nullopt;
  }
  if (trial.tried > 0)
    trial.build *= static_cast<double>(trial.images) / static_cast<double>(trial.tried);
  return trial;
}

}  // namespace backglance
