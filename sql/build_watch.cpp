// SPDX-License-Identifier: Apache-2.0
#include "sql/build_watch.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <pqxx/pqxx>
#include <thread>

#include "base/stop.h"
#include "base/text.h"
#include "sql/build_progress.h"
#include "sql/driver.h"
#include "sql/text.h"

namespace backglance {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Most builds end before the first look.
constexpr seconds kFirstLook{2};
// A request to stop is noticed within this time.
constexpr milliseconds kLook{250};

std::string text_of(const pqxx::field& field) {
  return field.is_null() ? std::string() : std::string(field.c_str());
}

std::int64_t number_of(const pqxx::field& field) {
  return field.is_null() ? 0 : field.as<std::int64_t>();
}

std::string progress_line(const pqxx::row& row) {
  return describe(BuildProgress{text_of(row[0]), number_of(row[1]), number_of(row[2]),
                                number_of(row[3]), number_of(row[4]), number_of(row[5]),
                                number_of(row[6])});
}

}  // namespace

class BuildWatch::Watcher {
 public:
  Watcher(std::string connection, std::string server, int pid,
          std::function<void(const std::string&)> tell)
      : connection_string_(std::move(connection)),
        server_(std::move(server)),
        pid_(pid),
        tell_(std::move(tell)),
        thread_([this](const std::stop_token& stop) { run(stop); }) {}
  ~Watcher() {
    thread_.request_stop();
    wake_.notify_all();
  }

 private:
  void run(const std::stop_token& stop) {
    try {
      watch(stop);
    } catch (const std::exception&) {
      // Its text names the server and the role. The build itself says what became of it.
      tell_("the progress of the index build cannot be shown: the second connection failed");
    }
  }

  void watch(const std::stop_token& stop) {
    if (!wait(stop, kFirstLook) && !stop_requested())
      return;
    pqxx::connection connection(connection_string_);
    pqxx::nontransaction session(connection);
    // As in driver_postgresql.cpp: nobody else's functions, and no limit that ends this connection.
    session.exec("SET search_path = pg_catalog, pg_temp");
    session.exec("SET statement_timeout = 0");
    if (text_of(session.exec1(own_sql("server"))[0]) != server_) {
      tell_(
          "the progress of the index build cannot be shown: the second connection reached "
          "another server of the URL");
      return;
    }
    bool cancelled = false;
    while (!stop.stop_requested()) {
      if (stop_requested() && !cancelled) {
        session.exec_params(cancel_, pid_);
        cancelled = true;
      }
      std::string line;
      for (const pqxx::row& row : session.exec_params(progress_, pid_))
        line = progress_line(row);
      for (const pqxx::row& row : session.exec_params(holders_, pid_))
        line += fmt::format("{}waits for pid {}, {} s, {}", line.empty() ? "" : ", ",
                            number_of(row[0]), number_of(row[1]), printable(text_of(row[2]), 32));
      calm_tell_(line);
      wait(stop, kLook);
    }
  }

  // False if the watch is to end.
  bool wait(const std::stop_token& stop, milliseconds time) {
    std::unique_lock lock(mutex_);
    return !wake_.wait_for(lock, stop, time, [&] { return stop.stop_requested(); }) &&
           !stop.stop_requested();
  }

  static const std::string& own_sql(std::string_view name) {
    return sql_text(engine_facts(Engine::postgresql), "build_watch", name);
  }

  const std::string& progress_ = own_sql("build_progress");
  const std::string& holders_ = own_sql("waits_for");
  const std::string& cancel_ = own_sql("cancel");
  std::string connection_string_;
  std::string server_;
  int pid_;
  std::function<void(const std::string&)> tell_;
  CalmTeller calm_tell_{tell_};
  std::mutex mutex_;  // of wake_ alone; guards nothing
  std::condition_variable_any wake_;
  std::jthread thread_;  // last: it uses the others
};

BuildWatch::BuildWatch(Session& session, std::function<void(const std::string&)> tell) {
  if (session.engine().engine != Engine::postgresql || !tell)
    return;
  const auto pid = session.count("SELECT pg_catalog.pg_backend_pid()");
  const auto server = session.first_row(sql_text(session.engine(), "build_watch", "server"));
  watcher_ = std::make_unique<Watcher>(postgresql_connection_string(session.url()),
                                       server ? server->text_or_empty(0) : std::string(),
                                       static_cast<int>(pid), std::move(tell));
}

BuildWatch::~BuildWatch() = default;

}  // namespace backglance
