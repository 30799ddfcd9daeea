// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sql/session.h"

namespace backglance {

// Watches over a statement of this session that runs for as long as it takes: an index that
// PostgreSQL builds beside writers, which waits for every transaction that is older. Tells every
// few seconds how far it is (pg_stat_progress_create_index; PostgreSQL 15 manual, 28.4.4) and for
// whom it waits, and cancels it after a wish to stop: the statement then fails with Error{sql}.
// From a thread and a connection of its own, through libpqxx, because the session's is taken. On
// other engines it does nothing.
class BuildWatch {
 public:
  // `tell` is called by the watch's thread, one line at a time, without values of any statement.
  BuildWatch(Session& session, std::function<void(const std::string&)> tell);
  ~BuildWatch();
  BuildWatch(const BuildWatch&) = delete;
  BuildWatch& operator=(const BuildWatch&) = delete;

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace backglance
