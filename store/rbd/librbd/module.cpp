// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/module.h"

#include <malloc.h>

#include <cerrno>
#include <ctime>
#include <mutex>
#include <optional>
#include <utility>

#include "store/rbd/librbd/connection.h"
#include "store/rbd/librbd/image.h"

namespace backglance {
namespace {

class Cluster : public RbdCluster {
 public:
  explicit Cluster(RbdSettings settings) : settings_(std::move(settings)) {}

  std::variant<std::string, RbdFailure> fsid() override {
    const auto connected = connection();
    if (const RbdFailure* const failure = std::get_if<RbdFailure>(&connected))
      return *failure;
    return std::get<Connected>(connected)->fsid();
  }

  std::variant<std::int64_t, RbdFailure> check_pool(const std::string& name) override {
    const auto connected = connection();
    if (const RbdFailure* const failure = std::get_if<RbdFailure>(&connected))
      return *failure;
    Connection& there = *std::get<Connected>(connected);
    const auto pool = there.pool(name);
    if (const RbdFailure* const failure = std::get_if<RbdFailure>(&pool))
      return *failure;
    const Pool& found = *std::get<std::shared_ptr<Pool>>(pool);
    // The list of images. A pool that never had one has none.
    std::uint64_t size = 0;
    std::time_t time = 0;
    const int error = rados_stat(found.io(), "rbd_directory", &size, &time);
    if (error < 0 && error != -ENOENT)
      return there.failure(-error);
    if (error == -ENOENT) {
      const auto is_there = there.has_pool(found.id());
      if (const RbdFailure* const failure = std::get_if<RbdFailure>(&is_there))
        return *failure;
      if (!std::get<bool>(is_there)) {
        there.forget(name);
        return RbdFailure{RbdProblem::no_pool, ENOENT};
      }
    }
    return found.id();
  }

  std::variant<std::unique_ptr<RbdImage>, RbdFailure> open(const std::string& pool_name,
                                                           const std::string& image,
                                                           const std::string& snapshot) override {
    const auto connected = connection();
    if (const RbdFailure* const failure = std::get_if<RbdFailure>(&connected))
      return *failure;
    const Connected& there = std::get<Connected>(connected);
    const auto pool = there->pool(pool_name);
    if (const RbdFailure* const failure = std::get_if<RbdFailure>(&pool))
      return *failure;
    auto opened = open_rbd_image(there, std::get<std::shared_ptr<Pool>>(pool), image, snapshot);
    // A new pool may have got the name; it has another id.
    if (const RbdFailure* const failure = std::get_if<RbdFailure>(&opened);
        failure != nullptr && failure->problem == RbdProblem::no_pool)
      there->forget(pool_name);
    return opened;
  }

 private:
  using Connected = std::shared_ptr<Connection>;

  // The connection, made if there is none. Those who wait while another thread tries get what it
  // gets: twenty streams must not wait for twenty timeouts.
  std::variant<Connected, RbdFailure> connection() {
    const std::uint64_t seen = failures();
    const std::lock_guard trying(trying_);
    {
      const std::lock_guard lock(mutex_);
      if (connection_ && !connection_->is_blocklisted())
        return connection_;
      if (failures_ != seen)
        return last_;
      connection_.reset();
    }
    auto made = Connection::make(settings_);
    const std::lock_guard lock(mutex_);
    const auto failed = [this](const RbdFailure& failure) {
      ++failures_;
      last_ = failure;
      return failure;
    };
    if (const RbdFailure* const failure = std::get_if<RbdFailure>(&made))
      return failed(*failure);
    const auto fsid = std::get<Connected>(made)->fsid();
    if (const RbdFailure* const failure = std::get_if<RbdFailure>(&fsid))
      return failed(*failure);
    if (!fsid_.empty() && fsid_ != std::get<std::string>(fsid))
      return failed({RbdProblem::other_cluster, 0});
    fsid_ = std::get<std::string>(fsid);
    return connection_ = std::get<Connected>(std::move(made));
  }

  std::uint64_t failures() {
    const std::lock_guard lock(mutex_);
    return failures_;
  }

  const RbdSettings settings_;
  std::mutex trying_;  // held by the thread that connects
  std::mutex mutex_;   // guards what follows
  Connected connection_;
  std::uint64_t failures_ = 0;
  RbdFailure last_;
  std::string fsid_;  // of the first connection
};

std::shared_ptr<RbdCluster> make_cluster(const RbdSettings& settings) {
  // librados receives each piece into a buffer of its own. By default, glibc takes such buffers
  // from its heaps once a few were released, and 300 images later these have grown by 30 MiB.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  return std::make_shared<Cluster>(settings);
}

constexpr RbdModule kModule = {kRbdModuleBorder, kVersion.data(), __VERSION__, make_cluster};

}  // namespace
}  // namespace backglance

extern "C" __attribute__((visibility("default"))) const backglance::RbdModule*
backglance_rbd_module() {
  return &backglance::kModule;
}
