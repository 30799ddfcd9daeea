// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/librbd/image.h"

#include <rbd/librbd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <ctime>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "store/rbd/librbd/ring.h"

namespace backglance {
namespace {

bool is_refusal(int error) {
  return error == EACCES || error == EPERM;
}

// Whether an object of this name is in the pool: 0, or an errno.
int find_object(const Pool& pool, const std::string& name) {
  std::uint64_t size = 0;
  std::time_t time = 0;
  return -rados_stat(pool.io(), name.c_str(), &size, &time);
}

// Whether an image of this name is in the pool: 0, or an errno.
int find_image(const Pool& pool, const std::string& name) {
  const int found = find_object(pool, "rbd_id." + name);
  return found == ENOENT ? find_object(pool, name + ".rbd") : found;  // format 1
}

// rbd_open_read_only() says ENOENT of a pool, an image, a snapshot and a parent that are not there,
// and EPERM of a pool and a parent that the user may not read. Asks on, so that only what was seen
// to be gone is said to be gone.
RbdFailure why_not_opened(Connection& connection, const Pool& pool, const std::string& name,
                          const std::string& snapshot, int error) {
  if (error != ENOENT && !is_refusal(error))
    return connection.failure(error);
  const int found = find_image(pool, name);
  if (found == ENOENT) {
    const auto is_there = connection.has_pool(pool.id());
    if (const RbdFailure* const failure = std::get_if<RbdFailure>(&is_there))
      return *failure;
    return {std::get<bool>(is_there) ? RbdProblem::no_image : RbdProblem::no_pool, ENOENT};
  }
  if (found != 0)
    return connection.failure(found);
  rbd_image_t head = nullptr;
  if (snapshot.empty() || rbd_open_read_only(pool.io(), name.c_str(), &head, nullptr) < 0)
    return {RbdProblem::incomplete, error};
  bool exists = true;
  const int answer = rbd_snap_exists(head, snapshot.c_str(), &exists);
  rbd_close(head);
  if (answer < 0)
    return connection.failure(-answer);
  return {exists ? RbdProblem::incomplete : RbdProblem::no_snapshot, error};
}

// Returns 0, or an errno.
int read_facts(rbd_image_t image, const std::string& snapshot, RbdImageFacts& facts,
               std::uint64_t& object_size) {
  rbd_image_info_t info = {};
  if (const int error = rbd_stat(image, &info, sizeof info); error < 0)
    return -error;
  facts.size = info.size;
  object_size = info.obj_size;
  std::array<char, 256> id = {};
  const int error = rbd_get_id(image, id.data(), id.size());
  if (error == -EINVAL)
    facts.image_id = info.block_name_prefix;  // format 1 has no ids
  else if (error < 0)
    return -error;
  else
    facts.image_id = id.data();
  if (!snapshot.empty())
    return -std::min(0, rbd_snap_get_id(image, snapshot.c_str(), &facts.snap_id));
  timespec modified = {};
  if (const int answer = rbd_get_modify_timestamp(image, &modified); answer < 0)
    return -answer;
  facts.modified = std::int64_t{modified.tv_sec} * 1'000'000'000 + modified.tv_nsec;
  return 0;
}

// An image whose data is in a pool of its own opens without this pool too. Ceph's client may answer
// ENOENT for objects of a pool that is gone, and librbd reads ENOENT as zeros.
std::optional<RbdFailure> data_failure(Connection& connection, const Pool& pool,
                                       rbd_image_t image) {
  const std::int64_t id = rbd_get_data_pool_id(image);
  if (id < 0)
    return RbdFailure{RbdProblem::incomplete, static_cast<int>(-id)};
  if (id == pool.id())
    return std::nullopt;
  const auto is_there = connection.has_pool(id);
  if (const RbdFailure* const failure = std::get_if<RbdFailure>(&is_there))
    return *failure;
  if (!std::get<bool>(is_there))
    return RbdFailure{RbdProblem::incomplete, ENOENT};
  return std::nullopt;
}

class Image : public RbdImage {
 public:
  Image(std::string name, RbdImageFacts facts, std::shared_ptr<Ring> ring,
        std::shared_ptr<Connection> connection, std::shared_ptr<Pool> pool)
      : name_(std::move(name)),
        facts_(std::move(facts)),
        ring_(std::move(ring)),
        connection_(std::move(connection)),
        pool_(std::move(pool)) {}
  ~Image() override { Ring::close(std::move(ring_)); }

  const RbdImageFacts& facts() const override { return facts_; }
  void begin_at(std::uint64_t offset) override { ring_->begin_at(offset); }
  std::variant<std::size_t, RbdFailure> read_some(
      std::span<std::byte> buffer, const std::function<bool()>& should_stop) override {
    const Ring::Got got = ring_->take(buffer, should_stop);
    if (got.is_stopped)
      return RbdFailure{RbdProblem::stopped, 0};
    if (got.is_short)
      return RbdFailure{RbdProblem::shrunk, 0};
    if (is_refusal(got.error)) {
      // Of the whole pool, or of the pool of its data or of its parent?
      const int found = find_object(*pool_, "rbd_id." + name_);
      return found == 0 || found == ENOENT ? RbdFailure{RbdProblem::incomplete, got.error}
                                           : connection_->failure(found);
    }
    if (got.error != 0)
      return connection_->failure(got.error);
    return got.bytes;
  }

 private:
  std::string name_;
  RbdImageFacts facts_;
  std::shared_ptr<Ring> ring_;
  std::shared_ptr<Connection> connection_;
  std::shared_ptr<Pool> pool_;  // declared after its connection: it goes first
};

}  // namespace

std::variant<std::unique_ptr<RbdImage>, RbdFailure> open_rbd_image(
    const std::shared_ptr<Connection>& connection, const std::shared_ptr<Pool>& pool,
    const std::string& name, const std::string& snapshot) {
  // Asked before librbd is: with Ceph 16.2.15, one process in twelve crashed in a thread of librbd
  // after an open that had failed, and none of a hundred without such an open.
  if (const int found = find_image(*pool, name); found != 0)
    return why_not_opened(*connection, *pool, name, snapshot, found);
  rbd_image_t image = nullptr;
  // Never rbd_open(): it sets a watch, and the owner's delete then fails halfway.
  if (const int error = rbd_open_read_only(pool->io(), name.c_str(), &image, nullptr); error < 0)
    return why_not_opened(*connection, *pool, name, snapshot, -error);
  if (!snapshot.empty())
    if (const int error = rbd_snap_set(image, snapshot.c_str()); error < 0) {
      rbd_close(image);
      return why_not_opened(*connection, *pool, name, snapshot, -error);
    }
  RbdImageFacts facts{.pool_id = pool->id(), .image_id = {}};
  std::uint64_t object_size = 0;
  if (const int answer = read_facts(image, snapshot, facts, object_size); answer != 0) {
    rbd_close(image);
    return connection->failure(answer);
  }
  if (const auto failure = data_failure(*connection, *pool, image)) {
    rbd_close(image);
    return *failure;
  }
  auto ring = std::make_shared<Ring>(image, facts.size, object_size, connection, pool);
  return std::make_unique<Image>(name, std::move(facts), std::move(ring), connection, pool);
}

}  // namespace backglance
