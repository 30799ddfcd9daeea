// SPDX-License-Identifier: Apache-2.0
#include "cli/server_waits.h"

#include <string>

#include "cli/console.h"
#include "sql/server_wait.h"
#include "store/answer.h"

namespace backglance {

void print_server_waits() {
  tell_server_wait_by([](ServerWaitNews, const std::string& text) { say_line(text); });
  tell_file_waits_by([](const std::string& text) { say_line(text); });
}

}  // namespace backglance
