#include "cli/job.h"

#include <fmt/format.h>
#include <oneapi/tbb/global_control.h>

#include "base/text.h"
#include "cli/progress.h"

namespace backglance {

void add_job_options(CLI::App& app, JobFlags& flags) {
  app.add_option("--window", flags.window,
                 "Work only at these times of the day, and wait for them: 22:00-06:00, or several "
                 "with commas between")
      ->type_name("TIMES");
}

JobOptions job_options(const JobFlags& flags) {
  JobOptions job;
  if (flags.window)
    job.windows.emplace(*flags.window);
  return job;
}

ReadResult run_job(const std::string&, const Site& site, const ReadOptions& options,
                   const JobOptions& job, ReadCommand command) {
  ReadContext context(site, options.bandwidth, options.max_runtime);
  // oneTBB would start no more threads than there are processors; readers wait for disks.
  const tbb::global_control threads(tbb::global_control::max_allowed_parallelism,
                                    static_cast<std::size_t>(options.jobs_or_default()));
  Progress progress(context.counters(), context.pause_gate());
  context.pause_gate().observe(
      [&](const std::string& waiting_for) { progress.say_wait(waiting_for); });
  for (const std::string& directory : context.unavailable_directories())
    progress.say("warning: store directory " + printable(directory) + " cannot be opened");
  std::optional<WindowWatch> window;
  if (job.windows)
    window.emplace(*job.windows, context.pause_gate());
  const ReadResult result =
      command(site, context, options, [&](const std::string& id, const ReadOutcome& outcome) {
        if (is_finding(outcome.read_class))
          progress.say(fmt::format("{}: {}: {}", printable(id), read_class_text(outcome.read_class),
                                   outcome.reason));
      });
  context.pause_gate().observe({});
  return result;
}

}  // namespace backglance
