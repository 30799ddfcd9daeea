// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "report/csv.h"
#include "report/render.h"
#include "report/summary.h"
#include "report/wording.h"

namespace backglance {
namespace {

void add_findings(std::string& out, const std::string& source,
                  const std::vector<SiteReport::Result>& findings) {
  for (const SiteReport::Result& result : findings)
    add_csv_row(out,
                {source, csv_text(result.image_id), csv_text(result.name), csv_text(result.owner),
                 std::to_string(result.size), std::string(read_class_name(result.read_class)),
                 csv_text(result.reason), iso_time(result.finished_at)});
}

std::string csv_chain(const std::optional<bool>& is_trusted) {
  return is_trusted ? std::string(chain_name(*is_trusted)) : "";
}

}  // namespace

std::string render_signatures_csv(const SiteReport& report) {
  std::string out;
  add_csv_row(out, {"image_id", "name", "owner", "status", "deleted", "hidden", "snapshot",
                    "scheme", "present", "missing", "flagged_at", "deadline_at", "removed_at",
                    "verdict", "legacy_verdict", "verdict_reason", "verified_at", "chain"});
  for (const SiteReport::Signature& signature : report.signatures)
    add_csv_row(
        out,
        {csv_text(signature.image_id), csv_text(signature.name), csv_text(signature.owner),
         csv_text(signature.status), csv_yes_no(signature.deleted), csv_yes_no(signature.hidden),
         csv_yes_no(signature.snapshot), std::string(signature_scheme_name(signature.scheme)),
         csv_text(join(signature.present, " ")), csv_text(join(signature.missing, " ")),
         iso_time(signature.flagged_at), csv_time(signature.deadline_at),
         csv_time(signature.removed_at), csv_verdict(signature.verdict),
         csv_verdict(signature.legacy_verdict), csv_text(reasons_text(signature)),
         csv_time(signature.verified_at), csv_chain(signature.is_trusted)});
  return out;
}

std::string render_findings_csv(const SiteReport& report) {
  std::string out;
  add_csv_row(out,
              {"source", "image_id", "name", "owner", "size", "class", "reason", "finished_at"});
  add_findings(out, "backfill", report.findings);
  add_findings(out, "verify", report.verify_findings);
  return out;
}

}  // namespace backglance
