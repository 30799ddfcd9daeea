// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "report/owners.h"

namespace backglance {

// What `report --owners` writes, for each owner and of all of them. Pages and CSV are made as those
// of report/render.h; a cell of commands is one line for a shell.

// Stands in the head of every such page, so that `report --owners` recognises its own files: the
// part "owners-mark" of report/page/owners.html.
inline constexpr std::string_view kOwnersMark =
    "<meta name=\"generator\" content=\"backglance report --owners\">";

std::string render_owner_html(const SiteReport& report, const OwnerPage& page);
std::string render_owner_csv(const OwnerPage& page);
std::string render_owners_index_html(const SiteReport& report, const std::vector<OwnerPage>& pages);
std::string render_owners_index_csv(const std::vector<OwnerPage>& pages);

}  // namespace backglance
