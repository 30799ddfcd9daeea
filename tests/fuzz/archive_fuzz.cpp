// SPDX-License-Identifier: Apache-2.0
// What an archive of contract's holds that nobody has signed: each line is a property that contract
// removes, or a fault.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <variant>

#include "contract/archive.h"
#include "glance/signature_properties.h"

using namespace backglance;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int kFile = memfd_create("archive", MFD_CLOEXEC);
  if (kFile < 0 || ftruncate(kFile, 0) != 0 ||
      pwrite(kFile, data, size, 0) != static_cast<ssize_t>(size))
    std::abort();
  ArchiveReader archive("/proc/self/fd/" + std::to_string(kFile), nullptr);
  while (const auto found = archive.next())
    if (const auto* const property = std::get_if<RemovedProperty>(&*found))
      if (!is_legacy_signature_name(property->name) || property->image_id.empty())
        std::abort();
  return 0;
}
