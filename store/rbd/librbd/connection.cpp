// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/librbd/connection.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

namespace backglance {
namespace {

// An option whose default in Ceph does not suit a program that must come to an end.
struct Timeout {
  const char* name;
  double ceph_default;  // in seconds (ceph, src/common/options: rados_*_op_timeout 0 is no limit)
  const char* ours;
};
constexpr std::array kTimeouts = {
    Timeout{"client_mount_timeout", 300, "30"},
    Timeout{"rados_mon_op_timeout", 0, "30"},
    Timeout{"rados_osd_op_timeout", 0, "300"},
};

std::string option(rados_t cluster, const char* name) {
  std::array<char, 4096> value = {};
  return rados_conf_get(cluster, name, value.data(), value.size()) < 0 ? "" : value.data();
}

int set_options(rados_t cluster, const RbdSettings& settings) {
  // Bounded memory: the cache would add 32 MiB for each image. Each byte is read once.
  if (const int error = rados_conf_set(cluster, "rbd_cache", "false"); error < 0)
    return error;
  const std::string asked = std::to_string(settings.timeout);
  for (const Timeout& timeout : kTimeouts) {
    // librados does not say who has set a value. What is not Ceph's default is the site's.
    const bool is_of_site =
        std::strtod(option(cluster, timeout.name).c_str(), nullptr) != timeout.ceph_default;
    if (settings.timeout <= 0 && is_of_site)
      continue;
    const char* const value = settings.timeout > 0 ? asked.c_str() : timeout.ours;
    if (const int error = rados_conf_set(cluster, timeout.name, value); error < 0)
      return error;
  }
  return 0;
}

RbdFailure connect_failure(rados_t cluster, int error) {
  switch (error) {
    case ENOENT:
      // librados says the same of both.
      return {option(cluster, "mon_host").empty() ? RbdProblem::no_monitor : RbdProblem::no_keyring,
              error};
    case ETIMEDOUT:
      return {RbdProblem::no_monitor, error};
    case EACCES:
    case EPERM:
    case ENOTSUP:
      return {RbdProblem::refused, error};
    default:
      return {RbdProblem::configuration, error};
  }
}

// Of this process. Counted until rados_shutdown() has returned.
std::atomic<int> connections = 0;

// A run that was stopped does not wait for a Ceph that hangs: it leaves connections behind, and
// their threads would use what the destructors of Ceph's libraries have taken down, and crash. What
// is registered after a library was loaded is called before its destructors.
void end_without_destructors(int status, void*) {
  if (connections == 0)
    return;
  std::fflush(nullptr);
  _exit(status);
}

}  // namespace

Connection::Connection(rados_t cluster) : cluster_(cluster) {
  static const int registered = on_exit(end_without_destructors, nullptr);
  static_cast<void>(registered);
  ++connections;
}

std::variant<std::shared_ptr<Connection>, RbdFailure> Connection::make(
    const RbdSettings& settings) {
  rados_t cluster = nullptr;
  const char* const user = settings.user.empty() ? nullptr : settings.user.c_str();
  if (const int error = rados_create(&cluster, user); error < 0)
    return RbdFailure{RbdProblem::configuration, -error};
  // From here on, its destructor releases `cluster`.
  std::shared_ptr<Connection> made(new Connection(cluster));
  const char* const conf = settings.conf.empty() ? nullptr : settings.conf.c_str();
  if (const int error = rados_conf_read_file(cluster, conf); error < 0)
    return RbdFailure{RbdProblem::configuration, -error};
  if (const int error = set_options(cluster, settings); error < 0)
    return RbdFailure{RbdProblem::configuration, -error};
  if (const int error = rados_connect(cluster); error < 0)
    return connect_failure(cluster, -error);
  return made;
}

Connection::~Connection() {
  pools_.clear();
  rados_shutdown(cluster_);
  --connections;
}

std::variant<std::string, RbdFailure> Connection::fsid() const {
  std::array<char, 37> text = {};
  if (const int error = rados_cluster_fsid(cluster_, text.data(), text.size()); error < 0)
    return RbdFailure{RbdProblem::other, -error};
  return std::string(text.data());
}

std::variant<std::shared_ptr<Pool>, RbdFailure> Connection::pool(const std::string& name) {
  const std::lock_guard lock(mutex_);
  if (const auto known = pools_.find(name); known != pools_.end())
    return known->second;
  // librados asks for the newest map before it says that there is no such pool.
  const std::int64_t id = rados_pool_lookup(cluster_, name.c_str());
  if (id == -ENOENT)
    return RbdFailure{RbdProblem::no_pool, ENOENT};
  if (id < 0)
    return failure(static_cast<int>(-id));
  rados_ioctx_t io = nullptr;
  if (const int error = rados_ioctx_create2(cluster_, id, &io); error < 0)
    return error == -ENOENT ? RbdFailure{RbdProblem::no_pool, ENOENT} : failure(-error);
  return pools_[name] = std::make_shared<Pool>(io, id);
}

void Connection::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  pools_.erase(name);
}

std::variant<bool, RbdFailure> Connection::has_pool(std::int64_t id) const {
  if (const int error = rados_wait_for_latest_osdmap(cluster_); error < 0)
    return RbdFailure{error == -ETIMEDOUT ? RbdProblem::timeout : RbdProblem::other, -error};
  std::array<char, 512> name = {};
  const int length = rados_pool_reverse_lookup(cluster_, id, name.data(), name.size());
  return length != -ENOENT;
}

RbdFailure Connection::failure(int error) {
  switch (error) {
    case ESHUTDOWN:  // Ceph's EBLOCKLISTED
      is_blocklisted_ = true;
      return {RbdProblem::blocklisted, error};
    case ETIMEDOUT:
      return {RbdProblem::timeout, error};
    case EACCES:
    case EPERM:
      return {RbdProblem::refused, error};
    default:
      return {RbdProblem::other, error};
  }
}

}  // namespace backglance
