// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>

#include "version.h"

namespace backglance {

// The border between the program and its module backglance_rbd.so, which alone is linked with
// Ceph's libraries: a host without Ceph needs neither. The module asks Ceph; the program decides
// what an answer means. Both are of one build, which is checked before
// anything else is used (RbdModule), so types of C++ may cross.
//
// Everything here may be called by any thread, an RbdImage by one at a time. Calls block until
// Ceph answers, or until the timeouts below; only RbdImage::read_some() looks at a stop request.

enum class RbdProblem {
  configuration,  // ceph.conf cannot be read, or the client refuses what it says
  no_monitor,     // ceph.conf names no monitor, or none answered within client_mount_timeout
  no_keyring,
  refused,        // the key of the user, or its capabilities
  other_cluster,  // connected anew, but to a cluster with another fsid
  no_pool,        // the cluster was asked for its newest map, and has no such pool
  no_image,       // the pool is there and has no such image
  no_snapshot,    // the image is there and has no such snapshot
  incomplete,     // the image is there, but its header, its parent or the pool of its data is not
  blocklisted,    // the cluster has cut this client off; the next call connects anew
  timeout,
  shrunk,   // Ceph returned fewer bytes than the image had when it was opened
  stopped,  // should_stop became true
  other,
};

struct RbdFailure {
  RbdProblem problem = RbdProblem::other;
  int error = 0;  // errno; 0 if there is none
};

struct RbdSettings {
  std::string conf;  // path of ceph.conf; empty: where librados looks
  std::string user;  // cephx user without "client."; empty: librados' default
  // Seconds for client_mount_timeout, rados_mon_op_timeout and rados_osd_op_timeout. 0: what
  // ceph.conf says, and where it says nothing 30, 30 and 300. Ceph's own defaults are 300, and no
  // limit for the others.
  int timeout = 0;
};

// What an image was when it was opened.
struct RbdImageFacts {
  std::int64_t pool_id = 0;
  std::string image_id;       // never used again in a pool (of format 1: its block name prefix)
  std::uint64_t snap_id = 0;  // never used again in a pool; 0: the head
  std::uint64_t size = 0;     // in bytes
  // Unix time in ns, by the clock of who wrote; of a head alone, else 0. A client writes it once in
  // rbd_mtime_update_interval (60 s) at most.
  std::int64_t modified = 0;

  friend bool operator==(const RbdImageFacts&, const RbdImageFacts&) = default;
};

// An image that is open for reading, from the first byte to the last. It sets no watch on the
// image, so that its owner can delete it at any time; what is then read are zeros.
class RbdImage {
 public:
  // Returns within 1 s: reads that are still in flight go on without it, into memory of their own.
  virtual ~RbdImage() = default;

  virtual const RbdImageFacts& facts() const = 0;
  // Before the first read; not beyond the size.
  virtual void begin_at(std::uint64_t offset) = 0;
  // At least one of the next bytes, and at most as many as fit; 0 after the last byte. Four reads
  // are in flight meanwhile, of one object of the image each and at most 4 MiB. After a failure it
  // must not be called again. Returns within 200 ms after `should_stop` becomes true.
  virtual std::variant<std::size_t, RbdFailure> read_some(
      std::span<std::byte> buffer, const std::function<bool()>& should_stop) = 0;
};

// One cluster, with one connection that is made when it is first needed, and kept.
class RbdCluster {
 public:
  virtual ~RbdCluster() = default;

  virtual std::variant<std::string, RbdFailure> fsid() = 0;
  // Whether the pool is there and the user may read in it: its id.
  virtual std::variant<std::int64_t, RbdFailure> check_pool(const std::string& pool) = 0;
  // `snapshot` may be empty: the head.
  virtual std::variant<std::unique_ptr<RbdImage>, RbdFailure> open(const std::string& pool,
                                                                   const std::string& image,
                                                                   const std::string& snapshot) = 0;
};

// What the module's only symbol returns: extern "C" const RbdModule* backglance_rbd_module().
struct RbdModule {
  // Those of its build; compared with the program's before anything else is used.
  int border = 0;
  const char* version = nullptr;
  const char* compiler = nullptr;
  // Asks nobody yet. The images may live longer than the cluster.
  std::shared_ptr<RbdCluster> (*make_cluster)(const RbdSettings& settings) = nullptr;
};

inline constexpr const char* kRbdModuleEntry = "backglance_rbd_module";
// Raise it with each change of this file.
inline constexpr int kRbdModuleBorder = 1;

}  // namespace backglance
