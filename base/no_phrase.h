// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace backglance {

// A callback for OpenSSL's PEM_read_bio_*: fails for a file with a pass phrase. Without it, OpenSSL
// asks for the phrase at the terminal.
inline int no_phrase(char*, int, int, void*) {
  return -1;
}

}  // namespace backglance
