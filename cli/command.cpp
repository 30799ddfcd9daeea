// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace backglance {

const std::vector<Command>& commands() {
  static const std::vector<Command> table = {
      {"status", "Show the site, its schema, the queue and the runs", false, add_status},
      {"plan", "Print what expand, migrate and backfill would do; change nothing", false, add_plan},
      {"expand", "Add the hash columns, their index and backglance's own tables", true, add_expand},
      {"migrate", "Queue the images to read and flag legacy signatures", true, add_migrate},
      {"backfill", "Read each image without a hash once, check it, publish its hashes", true,
       add_backfill},
      {"verify", "Read images again and compare with the stored hashes", true, add_verify},
      {"report", "Report signatures, results and coverage as text, CSV, JSON or HTML", false,
       add_report},
      {"contract", "End the grace period: remove what is no longer needed", true, add_contract},
      {"sync", "expand, migrate and backfill, in this order", true, add_sync},
      {"pause", "Have all runs that read wait, on every host, until resume", true, add_pause},
      {"resume", "Let them go on", true, add_resume},
      {"stop", "End all runs that are at work, on every host", true, add_stop},
      {"attest", "Hold what backfill --attest has signed against the key and the database", false,
       add_attest},
      {"check", "Say by exit code what is due: 0, 3, 4 or 5 as glance-manage db check", false,
       add_check},
  };
  return table;
}

void print_json(const nlohmann::json& object) {
  fmt::print("{}\n", object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace backglance
