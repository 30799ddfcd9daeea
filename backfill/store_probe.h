#pragma once

#include "backfill/reader.h"
#include "sql/session.h"

namespace backglance {

// Whether one of the site's live images, by id up to the first thousand, can be opened here now.
// Ids are random, so these are images of every size and age. Reads no byte of them.
bool any_image_is_readable(Session& session, const ReadContext& context);

}  // namespace backglance
