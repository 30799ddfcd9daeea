// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include "store/attempt.h"

namespace backglance {

// What libcurl's code says of the attempt, in words of ours: libcurl's own texts have names of
// hosts. `easy` has just ended with it. `has_answer`: a status line had come. Throws Error{io} if
// this host has no memory.
AttemptFailure curl_failure(CURLcode code, CURL* easy, bool has_answer);

}  // namespace backglance
