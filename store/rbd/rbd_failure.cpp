// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/rbd_failure.h"

#include <fmt/format.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace backglance {
namespace {

std::string error_text(int error) {
  return std::generic_category().message(error);
}

// Of this host, and not of the image.
bool is_of_host(int error) {
  return error == ENOMEM || error == EAGAIN || error == EMFILE || error == ENFILE;
}

}  // namespace

AttemptFailure attempt_failure(const RbdFailure& failure, bool has_answered) {
  switch (failure.problem) {
    case RbdProblem::configuration:
      return place_failure(
          fmt::format("Ceph's configuration file (rbd_store_ceph_conf) cannot be used: {}",
                      error_text(failure.error)));
    case RbdProblem::no_monitor: {
      std::string reason = failure.error == ENOENT
                               ? "Ceph's configuration file names no monitor (mon_host)"
                               : "no Ceph monitor answered in time";
      // A cluster that has answered before may come back; one that never did is known to be away.
      return has_answered ? unreached_failure(std::move(reason)) : place_failure(std::move(reason));
    }
    case RbdProblem::no_keyring:
      return place_failure(
          "no key was found for the cephx user (rbd_store_user, and keyring in "
          "Ceph's configuration file)");
    case RbdProblem::refused:
      return place_failure(
          "Ceph refuses the cephx user (rbd_store_user): its key is wrong, or it may not read this "
          "pool");
    case RbdProblem::other_cluster:
      return place_failure("Ceph's configuration file has begun to name another cluster");
    case RbdProblem::no_pool:
      return place_failure("the Ceph cluster has no pool of this name");
    case RbdProblem::no_image:
      return image_failure(ImageResult::missing, "its pool has no image of this name");
    case RbdProblem::no_snapshot:
      return image_failure(ImageResult::missing,
                           "its snapshot is gone, but the image is there: a delete failed halfway");
    case RbdProblem::incomplete:
      return image_failure(ImageResult::unreadable,
                           "the image is there, but its header, its parent or the pool of its data "
                           "cannot be opened: the cephx user needs to read these pools too");
    case RbdProblem::blocklisted:
      return transient_failure("Ceph has put this client on its blocklist");
    case RbdProblem::timeout:
      return transient_failure("Ceph did not answer in time: placement groups may be inactive");
    case RbdProblem::shrunk:
      return image_failure(ImageResult::changed_while_read, "it became shorter while it was read");
    case RbdProblem::stopped:
      return stopped_failure();
    case RbdProblem::other:
      break;
  }
  std::string reason = fmt::format("Ceph reports: {}", error_text(failure.error));
  return is_of_host(failure.error) ? transient_failure(std::move(reason))
                                   : image_failure(ImageResult::unreadable, std::move(reason));
}

AttemptFailure failure_after_open(const RbdFailure& failure) {
  // It was there when the read began. So it has changed, and "missing" would be a wrong finding.
  if (failure.problem == RbdProblem::no_image || failure.problem == RbdProblem::no_snapshot)
    return image_failure(ImageResult::changed_while_read, "it was deleted while it was read");
  return attempt_failure(failure, true);
}

}  // namespace backglance
