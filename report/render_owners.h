// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/owners.h"

namespace backglance {

// The files that `report --owners` writes, for each owner and for the index. Pages and CSV follow
// the rules of report/render.h; a cell with commands is one line for a shell.

// Every such page has this in its head, and is recognised by it: the part "owners-mark" of
// report/page/owners.html.
inline constexpr std::string_view kOwnersMark =
    "<meta name=\"generator\" content=\"backglance report --owners\">";

// The CSV files begin with these columns, whatever a version adds behind them.
inline constexpr std::string_view kOwnerCsvBegins = "image_id,name,";
inline constexpr std::string_view kOwnersIndexCsvBegins = "owner,images,";

std::string render_owner_html(const SiteReport& report, const OwnerPage& of);
std::string render_owner_csv(const OwnerPage& page);
std::string render_owners_index_html(const SiteReport& report, const std::vector<OwnerPage>& pages);
std::string render_owners_index_csv(const std::vector<OwnerPage>& pages);

}  // namespace backglance
