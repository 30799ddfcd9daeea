// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "cli/assess.h"
#include "expand/expand.h"
#include "ledger/control.h"
#include "ledger/queue_figures.h"
#include "ledger/runs.h"
#include "ledger/signatures.h"
#include "read/read_options.h"
#include "read/read_result.h"

namespace backglance {

// Parts of JSON objects that several commands share; docs/json.md documents them. Times are ISO
// 8601 in UTC; text may have bytes that are not UTF-8, which print_json() replaces.
nlohmann::json totals_json(const QueueTotals& totals);
nlohmann::json schemes_json(const std::vector<SchemeCount>& counts);
nlohmann::json run_json(const RunRow& run);
nlohmann::json live_run_json(const LiveRun& run);
nlohmann::json fleet_json(const FleetState& fleet);
nlohmann::json statements_json(const ExpandPlan& plan);
nlohmann::json due_json(const Due& due);
nlohmann::json read_result_json(const ReadResult& result);
// Name of a run's end: "complete", "out_of_time".
std::string_view run_end_name(RunEnd end);

}  // namespace backglance
