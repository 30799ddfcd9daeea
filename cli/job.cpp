// SPDX-License-Identifier: Apache-2.0
#include "cli/job.h"

#include <fmt/format.h>
#include <oneapi/tbb/global_control.h>
#include <unistd.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "base/text.h"
#include "cli/attestations.h"
#include "cli/command.h"
#include "cli/console.h"
#include "cli/json.h"
#include "cli/metrics.h"
#include "cli/option_values.h"
#include "cli/output_file.h"
#include "cli/progress.h"
#include "cli/server_waits.h"
#include "cli/shared_metrics.h"
#include "digest/digest_engine.h"
#include "sql/server_wait.h"
#include "version.h"

namespace backglance {
namespace {

using Members = nlohmann::ordered_json;

// Passes the events of a run to a person at standard error, to the log and to the metrics.
class Reporting {
 public:
  Reporting(const std::string& command, const JobOptions& job)
      : log_(job.log, job.log_format), verbose_(job.verbose) {
    if (job.metrics)
      metrics_.emplace(*job.metrics, command, [this](const std::string& text) { warning(text); });
    tell("run_started", {{"command", command}, {"version", kVersion}, {"pid", getpid()}});
  }

  // While `progress` is set, lines appear above its own. Call it while no other thread reports
  // anything.
  void through(Progress* progress) { progress_ = progress; }
  bool is_log_on_stderr() const { return log_.is_on_stderr(); }
  std::string progress_event(const std::string& text) const {
    return log_.line("progress", {{"text", text}});
  }
  void attach(ReadContext& context) {
    if (metrics_)
      metrics_->attach(context);
  }
  // Safe to call twice.
  void detach() {
    if (metrics_)
      metrics_->detach();
  }

  void warning(const std::string& text) { tell("warning", {{"text", text}}, "warning: " + text); }

  void result(const std::string& image_id, const ReadOutcome& outcome) {
    if (metrics_)
      metrics_->count(outcome);
    if (is_finding(outcome))
      finding({{"image_id", printable(image_id)},
               {"class", result_name(outcome.result)},
               {"reason", outcome.reason}},
              fmt::format("{}: {}: {}", printable(image_id), result_text(outcome.result),
                          outcome.reason));
    const auto& signature = outcome.signatures.data;
    if (signature && is_finding(signature->verdict))
      finding({{"image_id", printable(image_id)},
               {"signature", signature_verdict_name(signature->verdict)},
               {"reason", signature->reason}},
              fmt::format("{}: img_signature: {}{}{}", printable(image_id),
                          signature_verdict_text(signature->verdict),
                          signature->reason.empty() ? "" : ": ", signature->reason));
    for (const auto* const found : {&outcome.signatures.data, &outcome.signatures.legacy})
      if (*found && (*found)->verdict == SignatureVerdict::no_certificate)
        no_certificate((*found)->reason);
    const auto& chain = outcome.signatures.chain;
    if (chain && !chain->is_trusted)
      finding({{"image_id", printable(image_id)},
               {"chain", chain_name(chain->is_trusted)},
               {"reason", chain->reason}},
              fmt::format("{}: certificate not trusted: {}", printable(image_id), chain->reason));
    if (verbose_ && !is_finding(outcome))
      say_of_image(fmt::format("{}: {}, {}{}{}", printable(image_id), result_text(outcome.result),
                               human_bytes(static_cast<std::uint64_t>(outcome.bytes)),
                               outcome.reason.empty() ? "" : ": ", outcome.reason));
  }

  // After the last result: how many findings got no line of their own.
  void count_findings() {
    if (findings_ <= kMostFindings || verbose_ || log_.is_on_stderr())
      return;
    say_of_image(fmt::format("{} in all; the first {} are above -- next: backglance list findings",
                             counted(findings_, "finding"), kMostFindings));
  }

  // An image that --image names and that was not read or compared: whoever names it wants to know
  // why.
  void unread(const std::string& image_id, const ReadOutcome& outcome) {
    if (verbose_ && !log_.is_on_stderr())
      return;  // result() has printed it
    tell("not_read",
         {{"image_id", printable(image_id)},
          {"class", result_name(outcome.result)},
          {"reason", outcome.reason}},
         fmt::format("{}: {}: {}", printable(image_id), result_text(outcome.result),
                     outcome.reason));
  }

  // An empty text: the wait is over.
  void wait(const std::string& waiting_for) {
    if (!log_.is_on_stderr() && progress_ != nullptr && !is_quiet())
      progress_->say_wait(waiting_for);
    if (waiting_for.empty())
      tell("resumed", Members::object());
    else
      tell("waiting", {{"reason", waiting_for}});
  }

  // The database is away, refuses connections, or holds a lock; or it answers again.
  void server_wait(ServerWaitNews news, const std::string& text) {
    const bool waits = news == ServerWaitNews::waits;
    if (metrics_)
      metrics_->waits_for_database(waits);
    if (waits)
      tell("waiting", {{"reason", text}}, text);
    else if (news == ServerWaitNews::over)
      tell("resumed", Members::object(), text);
    else
      tell("warning", {{"text", text}}, text);
  }

  void ended(const ReadResult& result) {
    const ExitCode code = exit_code_of(result);
    tell("run_ended", {{"exit_code", static_cast<int>(code)},
                       {"end", run_end_name(result.end)},
                       {"bytes_read", result.bytes_read},
                       {"left_images", result.left_images},
                       {"left_bytes", result.left_bytes},
                       {"waited_for", result.waited_for}});
    if (metrics_)
      metrics_->finish(&result, code);
  }

  void failed(const Error& error) {
    const ExitCode code = exit_code_of(error.kind());
    tell("run_ended", {{"exit_code", static_cast<int>(code)}, {"error", error.what()}});
    if (metrics_)
      metrics_->finish(nullptr, code);
  }

 private:
  // A site may have ten thousands of them, and a mail of cron should not. The log has them all.
  static constexpr std::int64_t kMostFindings = 20;
  void finding(const Members& members, const std::string& plain) {
    ++findings_;
    const bool has_line = verbose_ || findings_ <= kMostFindings;
    tell("finding", members, has_line && !is_quiet() ? plain : "");
  }
  // For a person only: the log has the findings, and --verbose is no event.
  void say_of_image(const std::string& line) {
    if (!log_.is_on_stderr() && !is_quiet())
      say(line);
  }
  // Many images may have the same reason, for example a key manager that is away: report it once.
  void no_certificate(const std::string& reason) {
    constexpr std::size_t kMost = 10;
    if (reasons_.size() < kMost && reasons_.insert(reason).second)
      warning("certificate not available: " + reason +
              (reasons_.size() == kMost ? "; for others see backglance report --csv" : ""));
  }

  // `plain` is the line for a person who has no log on standard error.
  void tell(const std::string& event, const Members& members, const std::string& plain = {}) {
    const std::string line = log_.line(event, members);
    say(log_.is_on_stderr() ? line : plain);
    const std::string failed = log_.write(line);
    if (!failed.empty())
      say("warning: " + failed);
  }
  void say(const std::string& line) {
    if (line.empty())
      return;
    if (progress_ != nullptr)
      progress_->say(line);
    else
      say_line(line);
  }

  EventLog log_;
  const bool verbose_;
  std::int64_t findings_ = 0;
  std::set<std::string> reasons_;  // reported already
  Progress* progress_ = nullptr;
  std::optional<MetricsFile> metrics_;  // last: its thread uses the others
};

// While this object lives, the events of the run appear above its progress line.
class Telling {
 public:
  Telling(Reporting& reporting, ReadContext& context, Progress& progress)
      : reporting_(reporting), context_(context) {
    reporting_.through(&progress);
    context_.control.pause_gate().observe([this](const std::string& text) {
      // A run that must end stops waiting, but does not continue: report nothing.
      if (!text.empty() || !context_.control.should_stop())
        reporting_.wait(text);
    });
    context_.control.warn_by([this](const std::string& text) { reporting_.warning(text); });
    tell_server_wait_by([this](ServerWaitNews news, const std::string& text) {
      reporting_.server_wait(news, text);
    });
    reporting_.attach(context);
  }
  ~Telling() {
    print_server_waits();
    context_.control.warn_by({});
    context_.control.pause_gate().observe({});
    reporting_.detach();
    reporting_.through(nullptr);
  }
  Telling(const Telling&) = delete;
  Telling& operator=(const Telling&) = delete;

 private:
  Reporting& reporting_;
  ReadContext& context_;
};

ReadResult run_reported(Reporting& reporting, const Site& site, const ReadOptions& options,
                        const JobOptions& job, ReadCommand command) {
  ReadContext context(site, options.bandwidth, options.max_runtime);
  std::optional<Attestations> attestations;
  if (job.attest)
    attestations.emplace(*job.attest, job.attest_to);
  // oneTBB counts the thread that submits the work as one of its own; ours does not digest, so one
  // more.
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(options.jobs_or_default()) + 1);
  Progress::Decorate decorate;
  if (reporting.is_log_on_stderr())
    decorate = [&](const std::string& text) { return reporting.progress_event(text); };
  Progress progress(context.counters, context.control.pause_gate(), decorate, job.shows_progress);
  const Telling telling(reporting, context, progress);
  // Only a warning: images in other places can be read.
  for (const PlaceState& place : context.stores.survey())
    if (!place.away.empty())
      reporting.warning(away_text(place));
  for (const BlockHash hash : refused_blocks())
    reporting.warning(fmt::format(
        "on this host backglance's own {} gives other results than OpenSSL's; OpenSSL's is used",
        block_hash_name(hash)));
  std::optional<WindowWatch> window;
  if (job.windows)
    window.emplace(*job.windows, context.control.pause_gate());
  const ThrottleWatch throttle(site.database, job.throttle, context.control.pause_gate(),
                               [&](const std::string& text) { reporting.warning(text); });
  ReadResult result =
      command(site, context, options, [&](const std::string& id, const ReadOutcome& outcome) {
        reporting.result(id, outcome);
        if (!options.images.empty() && !outcome.reason.empty() &&
            facts_of(outcome.result).evidence == Evidence::none)
          reporting.unread(id, outcome);
        if (attestations)
          attestations->add(id, outcome);
      });
  reporting.count_findings();
  for (const std::string& image_id : result.held_by_others)
    reporting.warning(fmt::format(
        "image {}: another run is reading it, so this run has not; its result is not known yet",
        printable(image_id)));
  // Before the window and the throttles end: what they made the run wait for is a figure too.
  reporting.detach();
  // Once for all statements: nothing has reported yet that they exist.
  if (attestations)
    attestations->sync();
  return result;
}

}  // namespace

void add_job_options(Arguments& app, JobFlags& flags) {
  app.group(kWhenGroup);
  app.option("--window", flags.window,
             "Read only at these times of the day, in this host's time zone, and wait in between: "
             "22:00-06:00, or several with commas (default: always)")
      .type("TIMES");
  app.option("--max-load", flags.max_load,
             "Wait while more than N sessions of other programs are active in the database "
             "(default: never); not supported with SQLite")
      .type("N")
      .at_least(0);
  app.option("--max-lag", flags.max_lag,
             "Wait while a replica of the database is behind by more than this: 10s, 2m (default: "
             "never)")
      .type("TIME");
  app.option("--lag-database", flags.lag_databases,
             "Ask this database replica how far it is behind; may be repeated; requires "
             "--max-lag")
      .type("URL")
      .repeatable();
  app.group(kOutputGroup);
  app.flag("--no-progress", flags.no_progress, "Print no progress on standard error");
  app.flag("--verbose", flags.verbose,
           "Print one line for each image, and for each finding and not only the first 20");
  app.option("--metrics", flags.metrics,
             "Write the run's metrics to this file, for node_exporter's textfile collector")
      .type("FILE");
  app.option("--log", flags.log,
             "Append the run's events to this file, one per line; - is standard error")
      .type("FILE");
  app.option("--log-format", flags.log_format,
             "Format of the events of the run (default: text). Without --log, the events go to "
             "standard error")
      .type("text|json")
      .one_of({"text", "json"});
  app.group(kSignaturesGroup);
  app.option("--attest", flags.attest,
             "Sign a statement about each image that was read and agrees, with this private key: "
             "Ed25519, ECDSA P-384 or RSA, in PEM")
      .type("KEY");
  app.option("--attest-to", flags.attest_to,
             "Append the statements of --attest to this file, one per line (default: "
             "backglance-statements.jsonl)")
      .type("FILE");
}

JobOptions job_options(const JobFlags& flags) {
  JobOptions job;
  if (flags.window)
    job.windows.emplace(*flags.window);
  job.throttle.max_load = flags.max_load;
  if (flags.max_lag)
    job.throttle.max_lag = duration_option("--max-lag", *flags.max_lag);
  for (const std::string& url : flags.lag_databases)
    job.throttle.lag_databases.push_back(database_option("--lag-database", url));
  if (!flags.lag_databases.empty() && !flags.max_lag)
    throw Error(ErrorKind::usage, "--lag-database requires --max-lag");
  for (const auto& [name, file] :
       {std::pair{"--metrics", &flags.metrics}, std::pair{"--log", &flags.log}})
    if (*file && (*file)->empty())
      throw Error(ErrorKind::usage, fmt::format("{}: the name of the file is empty", name));
  job.shows_progress = !flags.no_progress && !is_quiet();
  job.verbose = flags.verbose;
  job.attest = flags.attest;
  if (flags.attest_to && !flags.attest)
    throw Error(ErrorKind::usage, "--attest-to requires --attest");
  job.attest_to = flags.attest_to.value_or("backglance-statements.jsonl");
  job.metrics = flags.metrics;
  job.log = flags.log;
  if (!job.log && flags.log_format)
    job.log = "-";
  job.log_format = flags.log_format == "json" ? LogFormat::json : LogFormat::text;
  return job;
}

void require_usable(const JobOptions& job, const Site& site) {
  require_supported(site.database, job.throttle);
  require_no_data(site, "--log", job.log.value_or(""));
  if (job.metrics == "-")
    throw Error(ErrorKind::usage, "--metrics -: metrics are written to a file; name one");
  require_no_data(site, "--metrics", job.metrics.value_or(""));
  require_distinct({{"--log", job.log.value_or(""), false},
                    {"--metrics", job.metrics.value_or(""), true},
                    {"--attest-to", job.attest ? job.attest_to : "", true}});
  if (job.metrics)
    require_metrics_file(*job.metrics);
  const auto require_writable = [](const char* what, const std::string& file) {
    const bool is_there = access(file.c_str(), F_OK) == 0;
    const std::filesystem::path path(file);
    const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
    if (access(is_there ? file.c_str() : parent.c_str(), is_there ? W_OK : W_OK | X_OK) != 0)
      throw io_error(fmt::format("{} {}", what, printable(file)), errno);
  };
  if (job.log && *job.log != "-") {
    require_writable("log file", *job.log);
    require_log(*job.log);
  }
  if (job.attest) {
    key_option("--attest", *job.attest, SiteKey::Part::secret);
    require_no_data(site, "--attest-to", job.attest_to);
    require_statements(job.attest_to);
    require_writable("--attest-to", job.attest_to);
  }
}

ReadResult run_job(const std::string& name, const Site& site, const ReadOptions& options,
                   const JobOptions& job, ReadCommand command) {
  Reporting reporting(name, job);
  try {
    ReadResult result = run_reported(reporting, site, options, job, command);
    reporting.ended(result);
    return result;
  } catch (const Error& error) {
    reporting.failed(error);
    throw;
  } catch (const std::exception& error) {
    reporting.failed(Error(ErrorKind::io, fmt::format("internal error: {}", error.what())));
    throw;
  }
}

}  // namespace backglance
