// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "report/html.h"
#include "report/site_report.h"
#include "report/summary.h"

namespace backglance {

// Charts, each an <svg> with a title and a description that holds its numbers. Their colours come
// from the style sheet; series differ in texture too.
Html coverage_ring(const Summary& summary);
Html coverage_bars(const Summary& summary);
// What stands for the algorithm of summary.coverage[row] in coverage_bars.
Html coverage_swatch(const Summary& summary, std::size_t row);
Html deadline_chart(const SiteReport& report);  // empty without a deadline
// Patterns that the charts refer to: once in the page, before them.
Html chart_patterns();

}  // namespace backglance
