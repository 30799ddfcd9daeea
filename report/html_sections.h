// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html.h"
#include "report/site_report.h"
#include "report/summary.h"

namespace backglance {

// The sections of the report, in this order. A section is empty if it has nothing to show.
Html coverage_section(const SiteReport& report, const Summary& summary);
Html results_section(const SiteReport& report);
Html signatures_section(const SiteReport& report, const Summary& summary);
Html findings_section(const SiteReport& report, const Summary& summary);
Html signature_list_section(const SiteReport& report);
Html runs_section(const SiteReport& report);

// The style rules for the cards of these tables.
Html html_sections_style();

}  // namespace backglance
