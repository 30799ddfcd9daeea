// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "report/csv.h"
#include "report/render_owners.h"
#include "report/summary.h"
#include "report/wording.h"

namespace backglance {

std::string render_owner_csv(const OwnerPage& page) {
  std::string out;
  add_csv_row(out, {"image_id", "name", "status", "snapshot", "task", "deadline_at", "scheme",
                    "verdict", "legacy_verdict", "verdict_reason", "data", "checksum",
                    "os_hash_algo", "os_hash_value", "sign", "remove"});
  for (const OwnerImage& image : page.images) {
    const SiteReport::Signature& signature = *image.signature;
    const bool signs = image.task != OwnerTask::drop_old && !image.damage;
    add_csv_row(
        out,
        {csv_text(signature.image_id), csv_text(signature.name), csv_text(signature.status),
         csv_yes_no(signature.snapshot), std::string(owner_task_name(image.task)),
         csv_time(signature.deadline_at), std::string(signature_scheme_name(signature.scheme)),
         csv_verdict(signature.verdict), csv_verdict(signature.legacy_verdict),
         csv_text(reasons_for_owner(signature)),
         image.damage ? std::string(read_class_name(*image.damage)) : "",
         csv_text(signature.checksum), csv_text(signature.hash_algorithm),
         csv_text(signature.hash_value), signs ? join(signing_commands(signature), " && ") : "",
         join(removal_commands(signature), " && ")});
  }
  return out;
}

std::string render_owners_index_csv(const std::vector<OwnerPage>& pages) {
  std::string out;
  add_csv_row(out, {"owner", "images", "deprecated", "overdue", "not_verifying",
                    "first_deadline_at", "page", "csv"});
  for (const OwnerPage& page : pages)
    add_csv_row(out, {csv_text(page.owner), std::to_string(page.images.size()),
                      std::to_string(page.deprecated), std::to_string(page.overdue),
                      std::to_string(page.unverified), csv_time(page.first_deadline),
                      page.file_stem + ".html", page.file_stem + ".csv"});
  return out;
}

}  // namespace backglance
