// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "cli/console.h"

namespace backglance {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      {"status", "Show the site, its schema, the queue and the runs; change nothing", false,
       add_status},
      {"plan", "Show what expand, migrate and backfill would do; change nothing", false, add_plan},
      {"expand",
       "Add the columns of Rocky (os_hidden and the hash), their indexes and backglance's own "
       "tables "
       "to the database",
       true, add_expand},
      {"migrate",
       "Queue the images that need a hash, and flag deprecated signatures with a deadline", true,
       add_migrate},
      {"backfill",
       "Read each image without a hash once, check it against Glance's size and MD5, and publish "
       "its hashes",
       true, add_backfill, true},
      {"verify", "Read images again and compare them with their stored hashes", true, add_verify,
       true},
      {"report", "Report signatures, results and coverage, as text, CSV, JSON or HTML", false,
       add_report},
      {"contract", "Remove deprecated signature properties whose grace period has ended", true,
       add_contract, true},
      {"sync", "Run expand, migrate and backfill, one after the other", true, add_sync, true},
      {"pause", "Pause all runs that read images, on all hosts, until backglance resume", true,
       add_pause},
      {"resume", "Let paused runs continue on all hosts", true, add_resume},
      {"stop",
       "Stop all running commands of backglance on all hosts, within seconds; each can be run "
       "again",
       true, add_stop},
      {"attest", "Check signed statements against the public key and the database", false,
       add_attest, true},
      {"check",
       "Show which command is due next. The exit code says it too, as that of glance-manage db "
       "check does",
       false, add_check, true},
      {"list", "Print the ids of the images with one result, one per line, for other programs",
       false, add_list},
      {"help", "Show the help of a command; print manual pages and completions for shells", false,
       add_help, false, false},
  };
  return table;
}

void print_json(const nlohmann::json& object) {
  write_out(safe_json(object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace)) + "\n");
}

}  // namespace backglance
