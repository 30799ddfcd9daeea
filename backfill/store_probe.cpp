#include "backfill/store_probe.h"

#include "sql/images.h"
#include "sql/row_list.h"

namespace backglance {

bool any_image_is_readable(Session& session, const ReadContext& context) {
  constexpr int kPages = 16;
  std::string after;
  for (int page = 0; page < kPages && !context.should_stop(); ++page) {
    const auto ids = live_page(session, after, kRowsPerStatement);
    if (ids.empty())
      return false;
    for (const auto& [id, image] : read_details(session, ids))
      if (is_readable(image.locations, context))
        return true;
    after = ids.back();
  }
  return false;
}

}  // namespace backglance
