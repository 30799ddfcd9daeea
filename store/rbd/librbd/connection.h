// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <rados/librados.h>

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <variant>

#include "store/rbd/module.h"

namespace backglance {

// A pool of a connection. It must go before its Connection.
class Pool {
 public:
  Pool(rados_ioctx_t io, std::int64_t id) : io_(io), id_(id) {}
  ~Pool() { rados_ioctx_destroy(io_); }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  rados_ioctx_t io() const { return io_; }
  std::int64_t id() const { return id_; }

 private:
  rados_ioctx_t io_;
  std::int64_t id_;
};

// One connection to a cluster: a rados_t, with about a dozen threads of Ceph's own. Thread-safe.
class Connection {
 public:
  static std::variant<std::shared_ptr<Connection>, RbdFailure> make(const RbdSettings& settings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  std::variant<std::string, RbdFailure> fsid() const;
  // The pool with this name. It is kept until forget().
  std::variant<std::shared_ptr<Pool>, RbdFailure> pool(const std::string& name);
  void forget(const std::string& name);
  // Whether the cluster still has the pool with this id, by its newest map.
  std::variant<bool, RbdFailure> has_pool(std::int64_t id) const;

  // What an errno of this connection says where nothing more is known. Notes that the cluster has
  // cut it off.
  RbdFailure failure(int error);
  bool is_blocklisted() const { return is_blocklisted_; }

 private:
  explicit Connection(rados_t cluster);

  rados_t cluster_;
  std::atomic<bool> is_blocklisted_ = false;
  std::mutex mutex_;  // guards pools_
  std::map<std::string, std::shared_ptr<Pool>> pools_;
};

}  // namespace backglance
