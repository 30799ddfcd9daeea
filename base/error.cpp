// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <system_error>

namespace backglance {

// The next command stays that of the inner error: it is closer to the fault.
Error Error::within(const std::string& context) const {
  return Error(kind_, context + ": " + what(), next_).with_code(code_);
}

Error Error::with_code(int code) const {
  Error error = *this;
  error.code_ = code;
  return error;
}

Error io_error(const std::string& attempted, int error_number) {
  return Error(ErrorKind::io,
               attempted + ": " + std::error_code(error_number, std::generic_category()).message());
}

}  // namespace backglance
