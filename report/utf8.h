// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/utf8.h"

namespace backglance {

// printable() of base/text.h that also shows the characters which reorder a line or break it
// (U+2028..U+202E, U+2066..U+2069) as \uNNNN: a name must not rearrange the text around it.
std::string shown(std::string_view text, std::size_t max_bytes = 200);

// Columns that a terminal gives to `text`: two for wide East Asian characters and emoji, none for
// combining marks. Independent of the locale. A guess for joined emoji, as it is in terminals.
int display_width(std::string_view text);

// `text`, or as much of it as fits with "..." behind it. Never wider than `columns`.
std::string cut_to_width(std::string_view text, int columns);

}  // namespace backglance
