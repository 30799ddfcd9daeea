// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "store/attempt.h"
#include "store/rbd/module.h"
#include "store/rbd/rbd_location.h"

namespace backglance {

// Where an image is, with the pool and the fsid that are known by now.
struct RbdTarget {
  std::shared_ptr<RbdCluster> cluster;
  std::string fsid;
  std::string pool;
  RbdAddress address;
};

// The identity of an image (Source::identity()). A snapshot never changes, so that its identity
// holds on every host and for ever. Nothing proves that a head has not changed: its identity has a
// part that is new with each call, so that it is never the same as another.
std::string rbd_identity(const RbdTarget& target, const RbdImageFacts& facts);

// True if a write could have left `facts.modified` as it was: it was set less than two minutes
// before `now` (Unix time), or after it. Clients set it once in 60 s at most
// (rbd_mtime_update_interval, ceph's src/common/options).
bool may_hide_a_write(const RbdImageFacts& facts, std::chrono::nanoseconds now);

// An image in Ceph. Its owner may delete it at any time, and what is gone reads as zeros without an
// error. Only identity(), which opens it again by its name, proves what was read: a delete removes
// the name, or the snapshot, before the first byte.
class RbdObject : public Object {
 public:
  // Opens it. `should_stop` must live longer than the object.
  static std::variant<std::unique_ptr<Object>, AttemptFailure> open(
      RbdTarget target, const std::function<bool()>& should_stop);
  // As ObjectStore::identify().
  static std::variant<std::string, AttemptFailure> identify(
      const RbdTarget& target, const std::function<bool()>& should_stop);

  std::optional<std::uint64_t> length() const override { return facts_.size; }
  std::variant<std::size_t, AttemptFailure> read_some(std::span<std::byte> buffer) override;
  bool skip_to(std::uint64_t offset) override;
  std::optional<std::string> identity_when_opened() const override;
  std::variant<std::string, AttemptFailure> identity() override;

 private:
  RbdObject(RbdTarget target, std::unique_ptr<RbdImage> image,
            const std::function<bool()>& should_stop);

  // Opens it again by its name; changed_while_read if it is another one.
  std::variant<std::unique_ptr<RbdImage>, AttemptFailure> open_again() const;

  RbdTarget target_;
  const std::function<bool()>& should_stop_;
  std::unique_ptr<RbdImage> image_;  // null after a failure
  RbdImageFacts facts_;
  bool may_hide_a_write_ = false;
  std::uint64_t position_ = 0;
};

}  // namespace backglance
