// SPDX-License-Identifier: Apache-2.0
// migrate, backfill, verify and sync: the commands that work on images.
#include "cli/data_commands.h"

#include "backfill/backfill.h"
#include "verify/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "cli/assess.h"
#include "cli/console.h"
#include "cli/json.h"
#include "cli/option_values.h"
#include "cli/owner_grace.h"
#include "cli/readiness.h"
#include "cli/site_plan.h"
#include "cli/store_lines.h"
#include "digest/digest_engine.h"
#include "sql/images.h"
#include "sql/retry.h"

namespace backglance {
namespace {

using nlohmann::json;

constexpr int kMaxJobs = 1024;

// What the run itself would end on before its first read. Throws it, as the run does; a directory
// that only some images need is a warning.
void require_ready(const Site& site, const ReadOptions& options) {
  for (const std::string& warning : require_readable(site))
    print_err("warning: {}\n", warning);
  if (options.certificates)
    options.certificates->prepare();
}

// Asks the servers of the throttle once, of a run that would ask them before its first read. Throws
// what the run would end on.
void try_throttle(const Site& site, const JobOptions& job) {
  if (!job.throttle.max_load && !job.throttle.max_lag)
    return;
  PauseGate gate;
  const ThrottleWatch once(site.database, job.throttle, gate,
                           [](const std::string& text) { print_err("warning: {}\n", text); });
}

// A schema for which `require` throws does not refuse a dry run: its figures help to decide when to
// expand. After them, because a database that is not Glance's has none.
void warn_of_schema(const Site& site, void (*require)(const SchemaState&)) {
  Session session(site.database, {.mode = OpenMode::read_only});
  warn_of_write_obstacles(session, site);
  try {
    require(read_schema_state(session));
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::schema_state)
      throw;
    print_err("warning: the run itself would end at once: {}{}{}\n", error.what(),
              error.next().empty() ? "" : " -- next: ", error.next());
  }
}

// "3 images, 4.0 KiB", or "3 images, 4.0 KiB and 1 of unknown size (at most 1.0 MiB in all)".
std::string reads_text(const PendingTotals& totals, const ReadOptions& options) {
  std::string out = fmt::format("{}, {}", counted(totals.images, "image"),
                                human_bytes(static_cast<std::uint64_t>(totals.bytes)));
  if (totals.unknown_size > 0)
    out += fmt::format(
        " and {} of unknown size{}", grouped(totals.unknown_size),
        options.max_bytes ? fmt::format(" (at most {} in all)",
                                        human_bytes(static_cast<std::uint64_t>(*options.max_bytes)))
                          : "");
  return out;
}

std::string reads_text(const BackfillPlan& plan, const ReadOptions& options) {
  return reads_text(PendingTotals{plan.images, plan.bytes, plan.unknown_size}, options);
}

// Where the images without a hash lie, whatever the limits of the run are.
std::vector<StoreShare> shares_of(const Site& site) {
  Session session(site.database, {.mode = OpenMode::read_only});
  const bool expanded = read_schema_state(session).has_os_hash;
  return store_shares(session, site, Stores(site, Stores::AllAway::accept), expanded,
                      location_groups(session, expanded));
}

// The sweep as a ReadCommand.
ReadResult sweep_command(const Site& site, ReadContext& context, const ReadOptions&,
                         const OnResult& on_result) {
  return sweep(site, context, on_result);
}

ExitCode dry_run_backfill(const CommonOptions& common, const Site& site, const ReadOptions& options,
                          bool sweep) {
  require_ready(site, options);
  BackfillPlan plan = plan_backfill(site, options);
  const std::vector<StoreShare> shares = sweep ? std::vector<StoreShare>() : shares_of(site);
  if (sweep)
    plan.images = plan.bytes = plan.unknown_size = 0;
  if (common.json)
    print_json({{"dry_run", true},
                {"images", plan.images},
                {"bytes", plan.bytes},
                {"unknown_size", plan.unknown_size},
                {"failed_before", plan.failed},
                {"to_restore", plan.erased},
                {"stores", store_shares_json(shares)}});
  else if (sweep)
    print_out("would restore {} and read no image\n", counted(plan.erased, "hash"));
  else
    print_out("would read {}; would restore {}; {} failed in earlier runs{}\n",
              reads_text(plan, options), counted(plan.erased, "hash"),
              counted(plan.failed, "image"),
              options.forget ? fmt::format("; would forget what the ledger holds of {}",
                                           counted(std::ssize(options.images), "image"))
                             : "");
  if (!common.json)
    print_out("{}", store_shares_text(shares));
  warn_of_schema(site, require_writable);
  return ExitCode::done;
}

ExitCode run_backfill_command(const CommonOptions& common, const ReadFlags& flags) {
  const ReadOptions options = read_options(flags);
  const JobOptions job = job_options(flags.job);
  const Site site = read_site(common.source);
  require_usable(job, site);
  if (common.dry_run) {
    try_throttle(site, job);
    return dry_run_backfill(common, site, options, flags.sweep);
  }
  const ReadResult result =
      run_job("backfill", site, options, job, flags.sweep ? sweep_command : backfill);
  if (common.json)
    print_json(read_result_json(result));
  else
    print_read_result(result, flags.sweep ? "sweep" : "backfill");
  return exit_code_of(result);
}

ExitCode run_verify(const CommonOptions& common, const ReadFlags& flags) {
  const ReadOptions options = read_options(flags);
  const JobOptions job = job_options(flags.job);
  const Site site = read_site(common.source);
  require_usable(job, site);
  if (common.dry_run) {
    try_throttle(site, job);
    require_ready(site, options);
    Session session(site.database, {.mode = OpenMode::read_only});
    const PendingTotals totals = plan_verify(session, options);
    if (common.json)
      print_json({{"dry_run", true},
                  {"images", totals.images},
                  {"bytes", totals.bytes},
                  {"unknown_size", totals.unknown_size}});
    else
      print_out("would read {}\n", reads_text(totals, options));
    warn_of_schema(site, require_writable_ledger);
    return ExitCode::done;
  }
  const ReadResult result = run_job("verify", site, options, job, verify);
  if (common.json)
    print_json(read_result_json(result));
  else
    print_read_result(result, "verify");
  return exit_code_of(result);
}

struct MigrateFlags {
  std::string grace = "180d";
  std::vector<std::string> owner_grace;
  std::optional<std::string> tag;
  std::optional<std::string> untag;
};

MigrateOptions migrate_options(const MigrateFlags& flags) {
  MigrateOptions options;
  options.grace = duration_option("--grace", flags.grace);
  options.owner_grace = owner_grace(flags.owner_grace);
  options.tag = flags.tag;
  options.untag = flags.untag;
  require_tags(options);
  return options;
}

json migrate_json(const MigrateResult& result, bool dry_run) {
  return {{"dry_run", dry_run},
          {"queued", result.queued},
          {"flagged", result.flagged},
          {"changed", result.changed},
          {"cleared", result.cleared},
          {"tags", result.tagged},
          {"flagged_ahead", result.flagged_ahead},
          {"signatures", schemes_json(result.schemes)},
          {"owners", owners_json(result.owners)}};
}

std::string untag_text(const std::string& tag, std::int64_t images, bool dry_run) {
  if (images == 0)
    return fmt::format("nothing to remove: backglance has set the tag {} on no image",
                       printable(tag));
  return fmt::format("{} the tag {} from {}", dry_run ? "would remove" : "removed", printable(tag),
                     counted(images, "image"));
}

ExitCode run_migrate(const CommonOptions& common, const MigrateFlags& flags) {
  const MigrateOptions options = migrate_options(flags);
  const Site site = read_site(common.source);
  Session session(site.database,
                  {.mode = common.dry_run ? OpenMode::read_only : OpenMode::read_write});
  if (common.dry_run)
    warn_of_write_obstacles(session, site);
  if (common.dry_run && options.untag) {
    require_expanded(read_schema_state(session));
    require_storable(session, options);
    const std::int64_t tags = tag_count(session, *options.untag);
    if (common.json)
      print_json({{"dry_run", true}, {"tags", tags}});
    else
      print_out("{}\n", untag_text(*options.untag, tags, true));
    return ExitCode::done;
  }
  const MigrateResult result =
      common.dry_run ? plan_migrate(session, options) : migrate(session, options);
  if (common.json)
    print_json(migrate_json(result, common.dry_run));
  else if (options.untag)
    print_out("{}\n", untag_text(*options.untag, result.tagged, false));
  else if (common.dry_run)
    print_migrate_result(result, true);
  else
    print_migrate_result(
        result, false, retry(session, [&] {
          return with_stores(assess(session, read_schema_state(session)), site).next;
        }));
  return ExitCode::done;
}

// Returns the option --tag.
Option add_migrate_options(Arguments& app, MigrateFlags& flags) {
  app.option("--grace", flags.grace,
             "Grace period of a deprecated signature, counted from the moment when migrate first "
             "flags it")
      .type("TIME")
      .shows_default();
  add_owner_grace(app, flags.owner_grace);
  return app
      .option("--tag", flags.tag,
              "Add this image tag to each image with a deprecated signature, so that its owner "
              "sees it; replaces the tag of an earlier --tag")
      .type("NAME");
}

// The options of verify, and two more.
void add_backfill_options(Arguments& app, ReadFlags& flags) {
  add_read_options(
      app, flags,
      {"Read at most N images, the largest first (default: no limit)",
       "Read at most this many bytes. An image that has more bytes than are left is not "
       "read (default: no limit)",
       "End after this time. An image that is too large for the rest of the time is "
       "read in parts, in this run and later ones (default: no limit)"});
  app.group(kSpeedGroup);
  app.option("--checkpoint-every", flags.checkpoint_every,
             "Save how far an image was read after every SIZE bytes of it, and every 30 s; if the "
             "run is interrupted, the next one continues there (default: 4G)")
      .type("SIZE");
  app.group(kMainGroup);
  app.flag("--retry-failed", flags.retry_failed,
           "Also read the images that failed in earlier runs");
}

// These options choose or limit the images to read; a sweep reads none.
constexpr std::array kReadOptions = {"--jobs",
                                     "--streams-per-store",
                                     "--digest-engine",
                                     "--limit",
                                     "--max-bytes",
                                     "--max-runtime",
                                     "--bandwidth",
                                     "--image",
                                     "--retry-failed",
                                     "--forget",
                                     "--checkpoint-every",
                                     "--priority",
                                     "--certificates",
                                     "--attest",
                                     "--trusted-certificates",
                                     "--key-manager"};

struct SyncFlags {
  MigrateFlags migrate;
  ReadFlags read;
};

ExitCode run_sync(const CommonOptions& common, const SyncFlags& flags) {
  // Check all options before the first change.
  const MigrateOptions migrate_with = migrate_options(flags.migrate);
  const ReadOptions read_with = read_options(flags.read);
  const JobOptions job = job_options(flags.read.job);
  const Site site = read_site(common.source);
  require_usable(job, site);
  // Before expand and migrate too: sync must not change half of a site.
  require_ready(site, read_with);
  try_throttle(site, job);
  if (!read_with.images.empty()) {
    // A misspelt id must not be found only after deadlines were set.
    Session session(site.database, {.mode = OpenMode::read_only});
    require_glance(read_schema_state(session));
    for (const std::string& image_id : read_with.images)
      if (!has_image(session, image_id))
        throw Error(ErrorKind::usage,
                    fmt::format("--image: there is no image '{}' in Glance's database",
                                printable(image_id)));
  }
  if (common.dry_run) {
    Session session(site.database, {.mode = OpenMode::read_only});
    warn_of_write_obstacles(session, site);
    const SchemaState state = read_schema_state(session);
    const ExpandPlan schema = plan_expand(state, session.engine());
    const SiteFigures figures = site_figures(session, state);
    const MigrateResult data = plan_migrate(session, migrate_with, figures);
    const BackfillPlan reads = plan_backfill(site, read_with, figures);
    if (common.json) {
      print_json({{"dry_run", true},
                  {"statements", statements_json(schema)},
                  {"migrate", migrate_json(data, true)},
                  {"backfill",
                   {{"images", reads.images},
                    {"bytes", reads.bytes},
                    {"unknown_size", reads.unknown_size}}}});
    } else {
      print_out("{}", statements_text(schema));
      print_migrate_result(data, true);
      print_out("would read {}\n", reads_text(reads, read_with));
    }
    return ExitCode::done;
  }
  Session session(site.database);
  const ExpandPlan schema = expand(session);
  if (!common.json)
    print_out("expand: ran {} schema statements\n", schema.statements.size());
  const MigrateResult data = migrate(session, migrate_with);
  if (!common.json)
    print_migrate_result(data, false);
  const ReadResult reads = run_job("sync", site, read_with, job, backfill);
  if (common.json)
    print_json({{"dry_run", false},
                {"statements", statements_json(schema)},
                {"migrate", migrate_json(data, false)},
                {"backfill", read_result_json(reads)}});
  else
    print_read_result(reads, "backfill");
  return exit_code_of(reads);
}

}  // namespace

void add_read_options(Arguments& app, ReadFlags& flags, const ReadHelp& help) {
  app.option("--image", flags.images, "Read only this image; may be repeated")
      .type("ID")
      .repeatable()
      .only_typed();
  app.group(kLimitsGroup);
  app.option("--limit", flags.limit, help.limit).type("N").at_least(1);
  app.option("--max-bytes", flags.max_bytes, help.max_bytes).type("SIZE");
  app.option("--max-runtime", flags.max_runtime, help.max_runtime).type("TIME");
  app.group(kSpeedGroup);
  app.option("--jobs", flags.jobs,
             "Number of CPU cores to use, and of images to read in parallel (default: all cores, "
             "and as many images as they can digest)")
      .type("N")
      .range(1, kMaxJobs);
  app.option("--streams-per-store", flags.streams,
             "Images read in parallel from each store directory (default: chosen by how fast the "
             "directory can be read)")
      .type("N")
      .range(1, kMaxJobs);
  app.option("--digest-engine", flags.digest_engine,
             "lanes: digest many images at once in the CPU's vector units; openssl: one by one; "
             "auto: lanes where they are faster")
      .type("NAME")
      .one_of({"auto", "lanes", "openssl"})
      .shows_default();
  app.option("--priority", flags.priority,
             "idle: let everything else on this host use CPU and disks first; normal: compete "
             "with it")
      .type("NAME")
      .one_of({"idle", "normal"})
      .shows_default();
  app.option("--bandwidth", flags.bandwidth,
             "Read at most SIZE bytes per second, all images together: 200M is 200 MiB/s "
             "(default: no limit)")
      .type("SIZE");
  add_signature_options(app, flags.signatures);
  add_job_options(app, flags.job);
}

ReadOptions read_options(const ReadFlags& flags) {
  ReadOptions options;
  options.jobs = flags.jobs;
  options.streams = flags.streams;
  options.gives_way = flags.priority == "idle";
  choose_digest_engine(flags.digest_engine == "lanes"     ? DigestEngine::lanes
                       : flags.digest_engine == "openssl" ? DigestEngine::openssl
                                                          : DigestEngine::automatic);
  options.limit = flags.limit;
  if (flags.checkpoint_every)
    options.checkpoint_bytes = size_option("--checkpoint-every", *flags.checkpoint_every);
  if (flags.max_bytes)
    options.max_bytes = size_option("--max-bytes", *flags.max_bytes);
  if (flags.older_than)
    options.older_than =
        duration_option("--older-than", *flags.older_than, std::chrono::seconds(1));
  if (flags.max_runtime)
    options.max_runtime =
        duration_option("--max-runtime", *flags.max_runtime, std::chrono::seconds(1));
  if (flags.checkpoint_every && flags.digest_engine == "openssl")
    throw Error(ErrorKind::usage,
                "--checkpoint-every cannot be used with --digest-engine openssl, which cannot save "
                "the state of a digest");
  if (flags.bandwidth)
    options.bandwidth = static_cast<std::uint64_t>(rate_option("--bandwidth", *flags.bandwidth));
  take_signature_options(flags.signatures, options);
  options.images = flags.images;
  // An image that is named twice is read once.
  std::sort(options.images.begin(), options.images.end());
  options.images.erase(std::unique(options.images.begin(), options.images.end()),
                       options.images.end());
  options.retry_failed = flags.retry_failed;
  if (flags.forget && flags.images.empty())
    throw Error(ErrorKind::usage, "--forget requires --image ID");
  options.forget = flags.forget;
  return options;
}

void print_read_result(const ReadResult& result, const std::string& verb) {
  for (std::size_t i = 0; i < result.classes.size(); ++i) {
    const auto image_result = static_cast<ImageResult>(i);
    const ClassTotal& total = result.total(image_result);
    // A finding gets no star if all of its images are tried again.
    const bool some_again =
        facts_of(image_result).retry.when == RetryRule::When::soon && result.again > 0;
    if (total.images > 0)
      print_out(
          "  {:<20} {:>8}  {:>12}{}{}\n", result_text(image_result), total.images,
          human_bytes(static_cast<std::uint64_t>(total.bytes)),
          is_finding(image_result) && !(some_again && total.images == result.again) ? "  *" : "",
          some_again ? fmt::format("  {} to be read again", result.again) : "");
  }
  const auto end = [&] {
    switch (result.end) {
      case RunEnd::complete:
        // A sweep reads no image, so it leaves none.
        return result.left_images + result.again == 0 && result.held_by_others.empty()
                   ? "complete"
                   : (verb == "sweep" ? "complete" : "ended");
      case RunEnd::limit:
        return "ended by --limit or --max-bytes";
      case RunEnd::out_of_time:
        return "ended by --max-runtime";
      case RunEnd::stopped:
        return "ended by backglance stop";
      case RunEnd::interrupted:
        break;
    }
    return "interrupted";
  };
  print_out("{}: {}, {} read", verb, end(),
            human_bytes(static_cast<std::uint64_t>(result.bytes_read)));
  if (!result.waited_for.empty())
    print_out(", still waiting when it ended: {}", result.waited_for);
  if (result.broken_off > 0)
    print_out(", {} interrupted{}", counted(result.broken_off, "image"),
              verb == "verify" ? "" : " and returned to the queue");
  if (result.left_images > 0)
    print_out(", {} ({}) {}", counted(result.left_images, "image"),
              human_bytes(static_cast<std::uint64_t>(result.left_bytes)),
              verb == "verify" ? "not compared" : "left for later");
  if (result.lost_leases > 0)
    print_out(", {} taken over by another run", result.lost_leases);
  if (!result.held_by_others.empty())
    print_out(", {} being read by another run",
              counted(std::ssize(result.held_by_others), "image"));
  if (result.forgotten > 0)
    print_out(", forgot what the ledger held of {}", counted(result.forgotten, "image"));
  if (result.failed_before > 0)
    print_out(", {} failed in earlier runs (backfill --retry-failed reads them again)",
              counted(result.failed_before, "image"));
  print_out("{}\n", result.has_findings() ? " -- next: backglance report (* are findings)" : "");
  print_signatures(result);
  if (result.largest)
    print_out("  too large for this --max-runtime: {}, the largest {} of {} -- next: {}\n",
              counted(result.too_large, "image"), printable(result.largest->id),
              human_bytes(static_cast<std::uint64_t>(result.largest->size)),
              result.in_parts
                  ? "run the same command again: each run continues where the last one ended"
                  : "use a longer --max-runtime, or --image ID");
}

void print_migrate_result(const MigrateResult& result, bool dry_run, const std::string& next) {
  if (dry_run)
    print_out("migrate would queue {} and flag {}\n", counted(result.queued, "image"),
              result.flagged);
  else
    print_out("migrate: {} queued, {} flagged, {} flags changed, {} cleared, {} tags changed{}\n",
              counted(result.queued, "image"), result.flagged, result.changed, result.cleared,
              result.tagged, next.empty() ? "" : " -- next: " + next);
  for (const SchemeCount& count : result.schemes)
    if (count.images > 0 && count.scheme != SignatureScheme::none)
      print_out("  {:<20} {:>8}{}\n", signature_scheme_text(count.scheme), count.images,
                is_deprecated(count.scheme) ? "  deprecated" : "");
  print_owners(result.owners, dry_run);
  if (result.first_deadline)
    print_out("the first grace period ends on {} UTC; existing deadlines are not changed\n",
              utc_time(within_calendar(*result.first_deadline)));
  if (result.flagged_ahead > 0)
    print_out(
        "warning: {} flagged while the database's clock was ahead; {} not changed, see "
        "docs/ledger.md, \"A clock that was wrong\"\n",
        result.flagged_ahead == 1 ? "1 image was" : grouped(result.flagged_ahead) + " images were",
        result.flagged_ahead == 1 ? "its deadline is" : "their deadlines are");
}

Runner add_migrate(Arguments& app) {
  // Shared by two functions: the parser writes the flags, the runner reads them later.
  auto flags = std::make_shared<MigrateFlags>();
  Option tag = add_migrate_options(app, *flags);
  app.option("--untag", flags->untag,
             "Only remove the image tag NAME where an earlier migrate --tag added it; cannot be "
             "used with --tag or --owner-grace")
      .type("NAME")
      .only_typed()
      .excludes(tag)
      .excludes(app.find("--owner-grace"));
  return [flags](const CommonOptions& common) { return run_migrate(common, *flags); };
}

Runner add_backfill(Arguments& app) {
  auto flags = std::make_shared<ReadFlags>();
  add_backfill_options(app, *flags);
  app.flag("--forget", flags->forget,
           "Requires --image: discard what the ledger holds of these images (digests, checkpoint), "
           "so that they are read again from the first byte. A hash in Glance is not changed")
      .only_typed();
  Option sweep =
      app.flag(
             "--sweep", flags->sweep,
             "Read no image; only restore hashes that a save in Glance has erased. Cannot be used "
             "with options that choose or limit what is read")
          .only_typed();
  for (const char* name : kReadOptions)
    sweep.excludes(app.find(name));
  return [flags](const CommonOptions& common) { return run_backfill_command(common, *flags); };
}

Runner add_verify(Arguments& app) {
  auto flags = std::make_shared<ReadFlags>();
  add_read_options(
      app, *flags,
      {"Read at most N images (default: no limit)",
       "Read at most this many bytes. The next verify continues an image that has more bytes than "
       "are left (default: no limit)",
       "End after this time. An image that is not read to its end by then is continued by the next "
       "verify (default: no limit)"});
  app.group(kLimitsGroup);
  app.option("--older-than", flags->older_than,
             "Read only images whose bytes were last compared this long ago, or never: 30d proves "
             "each image once a month (default: all images, the oldest first)")
      .type("TIME")
      .excludes(app.find("--image"));
  app.group(kSpeedGroup);
  app.option("--checkpoint-every", flags->checkpoint_every,
             "Save how far an image was read after every SIZE bytes of it, and every 30 s; if the "
             "run is interrupted, the next one continues there (default: 4G)")
      .type("SIZE");
  app.group(kMainGroup);
  app.flag("--signatures", flags->signatures.signed_only,
           "Read only signed images, with or without a hash; requires --certificates or "
           "--key-manager; cannot be used with --older-than")
      .excludes(app.find("--older-than"));
  return [flags](const CommonOptions& common) { return run_verify(common, *flags); };
}

Runner add_sync(Arguments& app) {
  auto flags = std::make_shared<SyncFlags>();
  add_migrate_options(app, flags->migrate);
  add_backfill_options(app, flags->read);
  return [flags](const CommonOptions& common) { return run_sync(common, *flags); };
}

}  // namespace backglance
