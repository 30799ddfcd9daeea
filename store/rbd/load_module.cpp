// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/load_module.h"

#include <dlfcn.h>

#include <cstring>
#include <system_error>

#include "version.h"

namespace backglance {

std::variant<const RbdModule*, std::string> load_rbd_module(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return "the module for Ceph is not installed: install the component rbd of backglance";
  // Never unloaded: Ceph's libraries have threads that end with the process.
  void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr)
    return "the module for Ceph cannot be loaded: install Ceph's client libraries (Debian: librbd1 "
           "and librados2)";
  const auto entry = reinterpret_cast<const RbdModule* (*)()>(dlsym(module, kRbdModuleEntry));
  const RbdModule* const found = entry == nullptr ? nullptr : entry();
  if (found == nullptr || found->border != kRbdModuleBorder || found->version != kVersion ||
      std::strcmp(found->compiler, __VERSION__) != 0)
    return "the module for Ceph is of another build of backglance: install both of one version";
  return found;
}

std::filesystem::path rbd_module_path() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return program.parent_path() / BACKGLANCE_MODULE_FOLDER / "backglance_rbd.so";
}

}  // namespace backglance
