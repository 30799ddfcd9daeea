// SPDX-License-Identifier: Apache-2.0
#include "store/store_kind.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <limits>

namespace backglance {
namespace {

// linux/magic.h and the file systems' own sources: NFS, SMB (three), Ceph, FUSE (GlusterFS, s3fs),
// Lustre, GFS2, OCFS2, AFS, 9P.
constexpr std::array<std::uint32_t, 11> kRemote = {0x6969,     0x517b,     0xff534d42, 0xfe534d42,
                                                   0x00c36400, 0x65735546, 0x0bd00bd0, 0x01161970,
                                                   0x7461636f, 0x5346414f, 0x01021997};

bool is_rotational(dev_t device) {
  const std::string number = fmt::format("/sys/dev/block/{}:{}", major(device), minor(device));
  // Of a partition the disk above it says so.
  for (const char* place : {"/queue/rotational", "/../queue/rotational"})
    if (std::ifstream file(number + place); file)
      return file.get() == '1';
  return false;
}

}  // namespace

StoreKind store_kind(const std::string& directory) {
  struct statfs system = {};
  struct stat status = {};
  if (statfs(directory.c_str(), &system) != 0 || stat(directory.c_str(), &status) != 0)
    return StoreKind::solid;
  if (std::find(kRemote.begin(), kRemote.end(), static_cast<std::uint32_t>(system.f_type)) !=
      kRemote.end())
    return StoreKind::remote;
  return is_rotational(status.st_dev) ? StoreKind::seeking : StoreKind::solid;
}

std::string shared_storage(const std::string& directory) {
  struct stat status = {};
  if (stat(directory.c_str(), &status) != 0)
    return directory;
  return fmt::format("{}:{}", major(status.st_dev), minor(status.st_dev));
}

PlaceTraits directory_traits(const std::string& directory) {
  // How many streams a disk bears is found by trying.
  return {.kind = store_kind(directory),
          .shared = shared_storage(directory),
          .most_streams = std::numeric_limits<int>::max()};
}

}  // namespace backglance
