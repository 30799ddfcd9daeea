// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/exit_code.h"
#include "cli/site_status.h"

namespace backglance {

// check --nagios: one line on standard output, "BACKGLANCE STATE - text | figures", and the exit
// code that monitoring plugins have (https://www.monitoring-plugins.org/doc/guidelines.html): OK 0,
// WARNING 1 if a command is due, CRITICAL 2 for findings and for less coverage than asked for,
// UNKNOWN 3 if the check itself failed.
constexpr ExitCode kNagiosUnknown = static_cast<ExitCode>(3);
ExitCode print_nagios(const CheckAnswer& answer);

// Text without what has a meaning in such a line: line ends, and the bar before the figures.
std::string nagios_text(const std::string& text);

}  // namespace backglance
