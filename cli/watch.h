// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "glance/site.h"
#include "ledger/control.h"
#include "ledger/queue_figures.h"
#include "ledger/runs.h"

namespace backglance {

// status --watch: the runs of the site at this moment. Text is as in the database: the functions
// below make it safe.
struct FleetView {
  std::int64_t at = 0;  // unix seconds
  FleetState fleet;
  std::vector<LiveRun> runs;  // in the order of their hosts
  QueueTotals queued;         // still to be read, images under way included
};

// A picture of at most `columns` x `rows` characters: lines that end in '\n'. Runs that do not fit
// are counted. From 60 columns on each run has one line, and a second one if it waits; a narrower
// picture leaves out the command and the images.
std::string watch_picture(const FleetView& view, int columns, int rows);

// The same on one line, for a log: the sums, and what each host waits for.
std::string watch_line(const FleetView& view);

// Shows the site every 2 s until the process is asked to stop: on a terminal as a picture that is
// redrawn, otherwise a line each 10 s. Throws what a Session throws; a lost connection is made
// again, and Error{schema_state} if there is no ledger.
void watch_fleet(const Site& site);

}  // namespace backglance
