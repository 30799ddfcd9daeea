#include "migrate/migrate.h"

#include <map>

#include "base/stop.h"
#include "base/text.h"
#include "sql/items.h"
#include "sql/retry.h"
#include "sql/runs.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

// Flags written in one transaction; see kQueuePage in sql/items.cpp for why not more.
constexpr std::size_t kFlagBatch = 500;

// image_tags.value is varchar(255).
constexpr std::size_t kMaxTagBytes = 255;

void check_tag(const std::optional<std::string>& tag) {
  if (tag && (trim(*tag).empty() || tag->size() > kMaxTagBytes))
    throw Error(ErrorKind::usage, "a tag has 1 to 255 bytes");
}

void write_flags(Session& session, const Run& run, const std::vector<SignedImage>& batch,
                 const MigrateOptions& options, MigrateResult& result) {
  if (batch.empty())
    return;
  std::map<FlagChange, std::int64_t> changes;
  retry(session, [&] {
    Transaction transaction(session);
    // By an attempt before this one, which was committed though its answer was lost.
    if (is_flagged_by(session, run.id(), batch.front().image_id))
      return;
    changes.clear();
    for (const SignedImage& image : batch)
      ++changes[flag_image(session, run.id(), image, options.grace)];
    transaction.commit();
  });
  result.flagged += changes[FlagChange::added];
  result.changed += changes[FlagChange::changed];
}

void flag_all(Session& session, const Run& run, const MigrateOptions& options,
              MigrateResult& result) {
  std::vector<SignedImage> batch;
  for_each_signed_image(session, [&](const SignedImage& image) {
    if (stop_requested())
      throw Error(ErrorKind::interrupted, "interrupted; what was flagged stays flagged",
                  "backglance migrate");
    batch.push_back(image);
    if (batch.size() >= kFlagBatch) {
      write_flags(session, run, batch, options, result);
      batch.clear();
    }
  });
  write_flags(session, run, batch, options, result);
  result.cleared = clear_unseen_flags(session, run.id());
}

}  // namespace

MigrateResult migrate(Session& session, const MigrateOptions& options) {
  check_tag(options.tag);
  check_tag(options.untag);
  require_expanded(read_schema_state(session));
  Run run(session, "migrate");
  MigrateResult result;
  if (options.untag) {
    result.tagged = untag(session, *options.untag);
  } else {
    result.queued = Items(session).queue_new();
    if (stop_requested())
      throw Error(ErrorKind::interrupted, "interrupted; what was queued stays queued",
                  "backglance migrate");
    flag_all(session, run, options, result);
    if (options.tag)
      result.tagged = tag_flagged(session, *options.tag);
  }
  retry(session, [&] {
    result.schemes = scheme_counts(session);
    result.first_deadline = first_deadline(session);
  });
  run.finish("done", result.queued);
  return result;
}

MigrateResult plan_migrate(Session& session) {
  const SchemaState state = read_schema_state(session);
  require_glance(state);
  MigrateResult result;
  const bool ledger = state.has_ledger && state.has_os_hash;
  result.queued = ledger ? Items(session).unqueued().images + Items(session).changed().images
                         : pending_totals(session, state.has_os_hash).images;
  std::map<SignatureScheme, std::int64_t> schemes;
  for_each_signed_image(session, [&](const SignedImage& image) {
    ++schemes[image.finding.scheme];
    result.flagged += ledger && has_flag(session, image.image_id) ? 0 : 1;
  });
  for (const auto& [scheme, images] : schemes)
    result.schemes.push_back({scheme, images});
  return result;
}

}  // namespace backglance
