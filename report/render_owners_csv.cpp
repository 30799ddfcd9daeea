// SPDX-License-Identifier: Apache-2.0
#include "report/columns.h"
#include "report/render_owners.h"

namespace backglance {

std::string render_owner_csv(const OwnerPage& page) {
  const SiteReport report;  // no column of the CSV depends on it
  std::string out;
  add_csv_header(out, owner_image_columns());
  for (const OwnerImage& image : page.images)
    // The number is for links of the page, which a CSV has not.
    add_csv_row(out, owner_image_columns(), OwnerImageRow{report, image, 0});
  return out;
}

std::string render_owners_index_csv(const std::vector<OwnerPage>& pages) {
  const SiteReport report;
  std::string out;
  add_csv_header(out, owner_page_columns());
  for (const OwnerPage& page : pages)
    add_csv_row(out, owner_page_columns(), OwnerPageRow{report, page});
  return out;
}

}  // namespace backglance
