// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <variant>

#include "store/rbd/module.h"

namespace backglance {

// Loads the module backglance_rbd.so from `path`; it stays loaded. Otherwise says in a sentence why
// it cannot be used, and what to install.
std::variant<const RbdModule*, std::string> load_rbd_module(const std::filesystem::path& path);

// Where the module of this program is: its place is fixed, relative to the program's own folder, so
// that neither the environment nor the configuration chooses what is loaded.
std::filesystem::path rbd_module_path();

}  // namespace backglance
