// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "report/html.h"
#include "report/site_report.h"
#include "report/summary.h"

namespace backglance {

// Charts. Each is an <svg> with a title, and with a description that contains its numbers. Their
// colours come from the style sheet; series also differ in texture, for people who cannot tell the
// colours apart.
Html coverage_ring(const Summary& summary);
Html coverage_bars(const Summary& summary);
// The sample of colour and texture that coverage_bars uses for summary.coverage[row].
Html coverage_swatch(const Summary& summary, std::size_t row);
Html deadline_chart(const SiteReport& report);  // empty if there is no deadline
// Patterns that the charts refer to. Put them into the page once, before the charts.
Html chart_patterns();

}  // namespace backglance
