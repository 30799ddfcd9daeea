// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/html.h"
#include "report/site_report.h"
#include "report/summary.h"

namespace backglance {

// The report's sections in their order; empty if there is nothing to say.
Html coverage_section(const Summary& summary);
Html results_section(const SiteReport& report);
Html signatures_section(const SiteReport& report, const Summary& summary);
Html findings_section(const SiteReport& report, const Summary& summary);
Html signature_list_section(const SiteReport& report);
Html runs_section(const SiteReport& report);

// What the style sheet needs for the cards of the sections' tables.
Html html_sections_style();

}  // namespace backglance
