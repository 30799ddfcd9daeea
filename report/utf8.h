// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "base/utf8.h"

namespace backglance {

// How many columns `text` takes in a terminal: two for a wide East Asian character or an emoji,
// none for a combining mark. Independent of the locale. For joined emoji it is a guess, because
// terminals differ.
int display_width(std::string_view text);

// `text`, or the part of it that fits with "..." after it. Never wider than `columns`.
std::string cut_to_width(std::string_view text, int columns);

}  // namespace backglance
