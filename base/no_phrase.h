// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace backglance {

// For OpenSSL's PEM_read_bio_*: nobody is asked for a pass phrase, as it would at the terminal.
inline int no_phrase(char*, int, int, void*) {
  return -1;
}

}  // namespace backglance
