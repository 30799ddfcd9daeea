// SPDX-License-Identifier: Apache-2.0
#include "report/columns.h"
#include "report/render.h"

namespace backglance {
namespace {

void add_findings(std::string& out, std::string_view source,
                  const std::vector<SiteReport::Result>& findings) {
  for (const SiteReport::Result& result : findings)
    add_csv_row(out, result_columns(), ResultRow{source, result});
}

}  // namespace

// All of them, deleted images and removed signatures too: a spreadsheet filters.
std::string render_signatures_csv(const SiteReport& report) {
  std::string out;
  add_csv_header(out, signature_columns());
  for (const SiteReport::Signature& signature : report.signatures)
    add_csv_row(out, signature_columns(), SignatureRow{report, signature});
  return out;
}

std::string render_findings_csv(const SiteReport& report) {
  std::string out;
  add_csv_header(out, result_columns());
  // One file for both: the first column says which of them found it.
  add_findings(out, "backfill", report.findings);
  add_findings(out, "verify", report.verify_findings);
  return out;
}

}  // namespace backglance
