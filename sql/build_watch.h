// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "sql/session.h"

namespace backglance {

// Watches a statement of this session that may take very long: an index that PostgreSQL builds
// beside writers. Such a build waits for every older transaction. The watch reports every few
// seconds how far the build is (pg_stat_progress_create_index; PostgreSQL 15 manual, 28.4.4) and
// for whom it waits. After a request to stop it cancels the build; the statement then fails with
// Error{sql}. The watch has its own thread and, through libpqxx, its own connection, because the
// session's connection is busy. On other engines it does nothing.
class BuildWatch {
 public:
  // The watch's thread calls `tell` with one line at a time. A line contains no value of a
  // statement.
  BuildWatch(Session& session, std::function<void(const std::string&)> tell);
  ~BuildWatch();
  BuildWatch(const BuildWatch&) = delete;
  BuildWatch& operator=(const BuildWatch&) = delete;

 private:
  class Watcher;
  std::unique_ptr<Watcher> watcher_;
};

}  // namespace backglance
