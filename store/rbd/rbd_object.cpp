// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/rbd_object.h"

#include <random>
#include <utility>

#include "store/rbd/rbd_failure.h"
#include "store/rbd/unless_stopped.h"

namespace backglance {
namespace {

using Opened = std::variant<std::unique_ptr<RbdImage>, RbdFailure>;

Opened open_image(const RbdTarget& target, const std::function<bool()>& should_stop) {
  auto opened = unless_stopped(should_stop, [target] {
    return target.cluster->open(target.pool, target.address.image, target.address.snapshot);
  });
  return opened ? std::move(*opened) : RbdFailure{RbdProblem::stopped, 0};
}

std::chrono::nanoseconds unix_now() {
  return std::chrono::system_clock::now().time_since_epoch();
}

}  // namespace

std::string rbd_identity(const RbdTarget& target, const RbdImageFacts& facts) {
  std::vector<std::string> fields = {target.fsid, std::to_string(facts.pool_id), facts.image_id,
                                     std::to_string(facts.snap_id), std::to_string(facts.size)};
  if (target.address.is_head()) {
    // Writes may leave all these facts as they were, so no two identities of a head are equal:
    // nothing of it is resumed, and no hash is restored.
    std::random_device random;
    for (int i = 0; i < 4; ++i)
      fields.push_back(std::to_string(random()));
  }
  return network_identity("rbd", fields);
}

bool may_hide_a_write(const RbdImageFacts& facts, std::chrono::nanoseconds now) {
  return now - std::chrono::nanoseconds(facts.modified) < std::chrono::minutes(2);
}

std::variant<std::unique_ptr<Object>, AttemptFailure> RbdObject::open(
    RbdTarget target, const std::function<bool()>& should_stop) {
  Opened opened = open_image(target, should_stop);
  if (const RbdFailure* const failure = std::get_if<RbdFailure>(&opened))
    return attempt_failure(*failure, true);
  return std::unique_ptr<Object>(new RbdObject(
      std::move(target), std::get<std::unique_ptr<RbdImage>>(std::move(opened)), should_stop));
}

std::variant<std::string, AttemptFailure> RbdObject::identify(
    const RbdTarget& target, const std::function<bool()>& should_stop) {
  const Opened opened = open_image(target, should_stop);
  if (const RbdFailure* const failure = std::get_if<RbdFailure>(&opened))
    return attempt_failure(*failure, true);
  return rbd_identity(target, std::get<std::unique_ptr<RbdImage>>(opened)->facts());
}

RbdObject::RbdObject(RbdTarget target, std::unique_ptr<RbdImage> image,
                     const std::function<bool()>& should_stop)
    : target_(std::move(target)),
      should_stop_(should_stop),
      image_(std::move(image)),
      facts_(image_->facts()),
      may_hide_a_write_(target_.address.is_head() && may_hide_a_write(facts_, unix_now())) {}

std::variant<std::size_t, AttemptFailure> RbdObject::read_some(std::span<std::byte> buffer) {
  if (!image_) {
    auto opened = open_again();
    if (AttemptFailure* const failure = std::get_if<AttemptFailure>(&opened))
      return std::move(*failure);
    image_ = std::get<std::unique_ptr<RbdImage>>(std::move(opened));
    image_->begin_at(position_);
  }
  const auto got = image_->read_some(buffer, should_stop_);
  if (const RbdFailure* const failure = std::get_if<RbdFailure>(&got)) {
    // The next call opens the image again, and so checks that it is still the same one.
    image_.reset();
    return failure_after_open(*failure);
  }
  position_ += std::get<std::size_t>(got);
  return std::get<std::size_t>(got);
}

bool RbdObject::skip_to(std::uint64_t offset) {
  image_->begin_at(offset);
  position_ = offset;
  return true;
}

std::optional<std::string> RbdObject::identity_when_opened() const {
  if (target_.address.is_head())
    return std::nullopt;
  return rbd_identity(target_, facts_);
}

std::variant<std::unique_ptr<RbdImage>, AttemptFailure> RbdObject::open_again() const {
  Opened opened = open_image(target_, should_stop_);
  if (const RbdFailure* const failure = std::get_if<RbdFailure>(&opened))
    return failure_after_open(*failure);
  auto& image = std::get<std::unique_ptr<RbdImage>>(opened);
  const RbdImageFacts& now = image->facts();
  if (now.pool_id != facts_.pool_id || now.image_id != facts_.image_id)
    return changed_failure("another image got its name while it was read");
  if (now.snap_id != facts_.snap_id)
    return changed_failure("another snapshot got the name of its snapshot while it was read");
  if (now != facts_)
    return changed_failure("it was written to while it was read");
  return std::move(image);
}

std::variant<std::string, AttemptFailure> RbdObject::identity() {
  const auto opened = open_again();
  if (const AttemptFailure* const failure = std::get_if<AttemptFailure>(&opened))
    return *failure;
  if (may_hide_a_write_)
    return changed_failure("it was written to shortly before it was read, and it has no snapshot");
  return rbd_identity(target_, facts_);
}

}  // namespace backglance
