// SPDX-License-Identifier: Apache-2.0
#include "cli/assess.h"

#include <fmt/format.h>

#include "base/text.h"
#include "expand/expand.h"
#include "ledger/signatures.h"
#include "ledger/verifications.h"

namespace backglance {

namespace {

Due phase_due(Session& session, const SchemaState& state, const std::optional<SiteFigures>& known) {
  const ExpandPlan schema = plan_expand(state, session.engine());
  const auto statements = schema.statements.size();
  if (!schema.builds.empty())
    return {ExitCode::expand_due, schema.builds.front(), "backglance expand"};
  if (statements > 0) {
    const std::string count =
        counted(static_cast<std::int64_t>(statements), "schema statement") + " to run";
    const bool upgrade = state.has_ledger && state.ledger_version < known_ledger_version();
    return {ExitCode::expand_due,
            upgrade ? fmt::format("the ledger (backglance's own tables) has version {}, and this "
                                  "program needs version {}: {}",
                                  state.ledger_version, known_ledger_version(), count)
                    : count,
            "backglance expand"};
  }

  // In the order of the phases: the first one that is due is the answer.
  const SiteFigures figures = known ? *known : site_figures(session, state);
  const std::int64_t unqueued = figures.unqueued.images + figures.changed.images;
  const std::int64_t unflagged = unflagged_count(session);
  if (unqueued > 0 || unflagged > 0)
    return {ExitCode::migrate_due,
            fmt::format("{} to queue, {} with signature properties to flag",
                        counted(unqueued, "image"), unflagged),
            "backglance migrate"};
  // A hash that is erased and in doubt is not put back: the image is read.
  const std::int64_t to_read = figures.queued.images + figures.doubted.images;
  const std::int64_t erased = figures.erased;
  if (to_read > 0 || erased > 0) {
    // Nothing can be claimed now; a later run reads these images.
    const bool later = erased == 0 && figures.doubted.images == 0 && figures.claimable.images == 0;
    return {
        ExitCode::migrate_due,
        fmt::format(
            "{} to read{}, {} to restore", counted(to_read, "image"),
            later ? " (none of them can be read now: they are busy in Glance, changed while they "
                    "were read, or claimed by another run)"
                  : "",
            counted(erased, "hash")),
        "backglance backfill"};
  }
  const std::int64_t due = due_count(session);
  const QueueTotals failed = figures.failed;
  if (due > 0)
    return {ExitCode::contract_due,
            fmt::format("the grace period of {} with deprecated signatures has ended{}",
                        counted(due, "image"),
                        failed.images == 0 ? ""
                                           : fmt::format("; {} could not be hashed, and contract "
                                                         "is blocked unless their data is gone",
                                                         counted(failed.images, "image"))),
            failed.images == 0 ? "backglance contract" : "backglance contract --dry-run"};
  if (failed.images > 0)
    return {ExitCode::done,
            fmt::format("nothing is due; {} could not be hashed", counted(failed.images, "image")),
            "backglance report"};
  return {ExitCode::done, "nothing is due", ""};
}

// "verify has findings for 2 images (1 missing, 1 hash differs)"
std::string verify_text(const std::vector<std::pair<ImageResult, std::int64_t>>& found) {
  std::vector<std::string> each;
  std::int64_t images = 0;
  for (const auto& [result, number] : found) {
    each.push_back(fmt::format("{} {}", grouped(number), result_text(result)));
    images += number;
  }
  return fmt::format("verify has findings for {} ({})", counted(images, "image"), join(each, ", "));
}

}  // namespace

Due assess(Session& session, const SchemaState& state, const std::optional<SiteFigures>& figures) {
  Due due = phase_due(session, state, figures);
  // Until expand is through, our tables may be there in part.
  if (due.code == ExitCode::expand_due)
    return due;
  const auto verify = verify_finding_counts(session);
  const std::int64_t signatures = signature_finding_count(session);
  if (!verify.empty())
    due.why += "; " + verify_text(verify);
  if (signatures > 0)
    due.why += fmt::format("; img_signature does not verify for {}", counted(signatures, "image"));
  for (const auto& [result, images] : verify)
    due.findings += images;
  due.findings += signatures;
  // A phase that is due comes first; its own code and command lead on.
  if (due.code == ExitCode::done && due.findings > 0) {
    due.code = ExitCode::findings;
    due.next = "backglance report";
  }
  return due;
}

}  // namespace backglance
