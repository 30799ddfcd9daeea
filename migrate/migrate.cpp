// SPDX-License-Identifier: Apache-2.0
#include "migrate/migrate.h"

#include <fmt/format.h>

#include <map>

#include "base/stop.h"
#include "base/text.h"
#include "base/utf8.h"
#include "ledger/queue.h"
#include "ledger/runs.h"
#include "sql/images.h"
#include "sql/retry.h"
#include "sql/schema_state.h"

namespace backglance {
namespace {

// Flags written in one transaction; see kQueuePage in ledger/queue.cpp for why not more.
constexpr std::size_t kFlagBatch = 500;

// image_tags.value and images.owner are varchar(255).
constexpr std::size_t kMostBytes = 255;

void check_tag(const std::string& option, const std::optional<std::string>& tag) {
  if (tag && (trim(*tag).empty() || tag->size() > kMostBytes))
    throw Error(ErrorKind::usage,
                option + ": the name of a tag must have 1 to 255 bytes, and not only spaces");
  if (tag && (!is_utf8(*tag) || tag->find('\0') != std::string::npos))
    throw Error(ErrorKind::usage,
                fmt::format("{} {}: the name of a tag must be UTF-8", option, printable(*tag)));
}

// The owners that have a grace period of their own, by id.
using Owners = std::map<std::string, OwnerDeadlines, std::less<>>;

Owners owners_of(const MigrateOptions& options) {
  Owners owners;
  for (const auto& [owner, grace] : options.owner_grace)
    owners[owner] = {owner, grace};
  return owners;
}

void count_deadline(Owners& owners, const SignedImage& image, bool kept) {
  const auto owner = owners.find(image.owner);
  if (owner != owners.end() && is_deprecated(image.finding.scheme) && !image.deleted)
    ++(kept ? owner->second.kept : owner->second.dated);
}

std::chrono::seconds grace_of(const MigrateOptions& options, const SignedImage& image) {
  const auto owner = options.owner_grace.find(image.owner);
  return owner == options.owner_grace.end() ? options.grace : owner->second;
}

std::vector<OwnerDeadlines> in_order(Session& session, const Owners& owners) {
  std::vector<OwnerDeadlines> out;
  // An id that Glance has no image of is most likely mistyped, so the result says it.
  for (const auto& [id, owner] : owners) {
    out.push_back(owner);
    out.back().has_images = images_of_owner(session, id) > 0;
  }
  return out;
}

// `what`: what was done to the images so far.
void require_no_stop(Run& run, const char* what) {
  run.look_at_orders();
  if (stop_requested())
    throw Error(ErrorKind::interrupted,
                fmt::format("interrupted; images already {0} stay {0}", what),
                "backglance migrate");
}

// Flags one batch in one transaction. Counts are added only after the COMMIT.
void write_flags(Session& session, Run& run, const std::vector<SignedImage>& batch,
                 const MigrateOptions& options, MigrateResult& result, Owners& owners) {
  if (batch.empty())
    return;
  require_no_stop(run, "flagged");
  std::map<FlagChange, std::int64_t> changes;
  Owners counted;
  retry(session, [&] {
    Transaction transaction(session);
    // An earlier attempt was committed, and the answer to its COMMIT was lost.
    if (is_flagged_by(session, run.id(), batch.front().image_id))
      return;
    // An attempt that failed may have counted already.
    changes.clear();
    counted = owners;
    for (const SignedImage& image : batch) {
      const Flagged flagged = flag_image(session, run.id(), image, grace_of(options, image));
      ++changes[flagged.change];
      count_deadline(counted, image, flagged.kept_deadline);
    }
    transaction.commit();
  });
  result.flagged += changes[FlagChange::added];
  result.changed += changes[FlagChange::changed];
  owners = std::move(counted);
}

void flag_all(Session& session, Run& run, const MigrateOptions& options, MigrateResult& result) {
  std::vector<SignedImage> batch;
  Owners owners = owners_of(options);
  for_each_signed_image(session, [&](const SignedImage& image) {
    batch.push_back(image);
    if (batch.size() >= kFlagBatch) {
      write_flags(session, run, batch, options, result, owners);
      batch.clear();
    }
  });
  write_flags(session, run, batch, options, result, owners);
  result.owners = retry(session, [&] { return in_order(session, owners); });
  require_no_stop(run, "flagged");
  // Last: only a run that has seen every image knows which flags have lost theirs.
  result.cleared = clear_unseen_flags(session, run.id());
}

}  // namespace

void require_tags(const MigrateOptions& options) {
  check_tag("--tag", options.tag);
  check_tag("--untag", options.untag);
  for (const auto& [owner, grace] : options.owner_grace)
    if (owner.size() > kMostBytes || owner.find('\0') != std::string::npos)
      throw Error(ErrorKind::usage,
                  fmt::format("--owner-grace {}: the id of a project has at most 255 bytes",
                              printable(owner)));
}

// Before the first change: a server refuses a character that its column cannot hold only in the
// statement that writes it or compares with it, after flags were set.
void require_storable(Session& session, const MigrateOptions& options) {
  const auto require = [&](const char* option, const char* table, const char* column,
                           const std::string& text) {
    if (!column_holds(session, table, column, text))
      throw Error(ErrorKind::usage,
                  fmt::format("{} {}: this database cannot store a character of it: the column {} "
                              "of {} has a smaller character set; nothing was changed",
                              option, printable(text), column, table));
  };
  if (options.tag)
    require("--tag", "image_tags", "value", *options.tag);
  if (options.untag)
    require("--untag", "image_tags", "value", *options.untag);
  for (const auto& [owner, grace] : options.owner_grace)
    require("--owner-grace", "images", "owner", owner);
}

MigrateResult migrate(Session& session, const MigrateOptions& options) {
  // Before the first change: a server refuses a tag that is too long, but only after flags were
  // written.
  require_tags(options);
  require_writable(read_schema_state(session));
  require_storable(session, options);
  // From here on status shows the run.
  Run run(session, "migrate");
  MigrateResult result;
  if (options.untag) {
    result.tagged = untag(session, *options.untag);
  } else {
    result.queued = Queue(session).queue_new([&] {
      run.look_at_orders();
      return !stop_requested();
    });
    require_no_stop(run, "queued");
    flag_all(session, run, options, result);
    if (options.tag)
      result.tagged = tag_flagged(session, *options.tag);
  }
  retry(session, [&] {
    result.schemes = scheme_counts(session);
    result.first_deadline = first_deadline(session);
    result.flagged_ahead = flags_of_wrong_clock(session).ahead;
  });
  run.finish("done", result.queued);
  return result;
}

MigrateResult plan_migrate(Session& session, const MigrateOptions& options,
                           const std::optional<SiteFigures>& known) {
  const SchemaState state = read_schema_state(session);
  require_glance(state);
  require_storable(session, options);
  MigrateResult result;
  const bool ledger = state.has_ledger && state.has_os_hash;
  const SiteFigures figures = known ? *known : site_figures(session, state);
  result.queued = figures.unqueued.images + figures.changed.images + figures.reachable.images;
  std::map<SignatureScheme, std::int64_t> schemes;
  Owners owners = owners_of(options);
  for_each_signed_image(session, [&](const SignedImage& image) {
    ++schemes[image.finding.scheme];
    const auto flag = ledger ? flag_of(session, image.image_id) : std::nullopt;
    result.flagged += flag ? 0 : 1;
    count_deadline(owners, image, flag && flag->has_deadline);
  });
  result.owners = in_order(session, owners);
  for (const auto& [scheme, images] : schemes)
    result.schemes.push_back({scheme, images});
  return result;
}

}  // namespace backglance
