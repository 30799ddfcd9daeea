#include "sql/runs.h"

#include <fmt/format.h>
#include <openssl/rand.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <sstream>

#include "base/stop.h"
#include "base/text.h"
#include "sql/retry.h"
#include "sql/text.h"
#include "version.h"

namespace backglance {
namespace {

// A run of another host that has not been heard of for so long is taken for dead.
constexpr std::int64_t kHeartbeatLimitSeconds = 120;

std::string random_id() {
  std::array<unsigned char, 16> bytes = {};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    throw Error(ErrorKind::io, "no random numbers from OpenSSL");
  std::string id;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      id += '-';
    id += fmt::format("{:02x}", bytes[i]);
  }
  return id;
}

std::string host_name() {
  std::array<char, 256> name = {};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

// The moment at which a process began, in ticks since boot: field 22 of /proc/PID/stat, counted
// after the last ')' because the command's name may hold anything (proc(5)). Empty if there is no
// such process.
std::string process_start(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string line;
  std::getline(file, line);
  const auto close = line.rfind(')');
  if (close == std::string::npos)
    return {};
  std::istringstream fields(line.substr(close + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number)
    fields >> field;
  return field;
}

std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

// "pid:[4026531836]": containers that share a host's name do not see each other's processes.
std::string pid_namespace() {
  std::array<char, 64> name = {};
  const ssize_t length = readlink("/proc/self/ns/pid", name.data(), name.size() - 1);
  return length > 0 ? std::string(name.data(), static_cast<std::size_t>(length)) : "?";
}

// Names one process of one boot, so that a later process with the same pid is not taken for it.
std::string this_process() {
  const std::string pid = std::to_string(getpid());
  return fmt::format("{} {} {} {}", boot_id(), pid_namespace(), pid, process_start(pid));
}

// Whether that process is at work. Nothing if this process cannot know.
std::optional<bool> process_lives(const std::string& process) {
  const auto parts = split(process, ' ');
  if (parts.size() != 4 || parts[3].empty())
    return std::nullopt;
  if (parts[0] != boot_id())
    return false;
  if (parts[1] != pid_namespace())
    return std::nullopt;
  return process_start(parts[2]) == parts[3];
}

bool shares(const std::string& command) {
  return command == "backfill" || command == "verify";
}

const std::string& run_sql(Session& session, std::string_view name) {
  return sql_text(session.engine(), "runs", name);
}

struct Unfinished {
  RunRow run;
  bool alive = false;
};

std::vector<Unfinished> unfinished_runs(Session& session) {
  std::vector<Unfinished> runs;
  const std::string host = host_name();
  session.query(run_sql(session, "unfinished"), {}, [&](const SqlRow& row) {
    Unfinished one;
    one.run.run_id = row.text_or_empty(0);
    one.run.command = row.text_or_empty(1);
    one.run.host = row.text_or_empty(2);
    one.run.started_at = row.integer_or(5, 0);
    one.run.images = row.integer_or(6, 0);
    one.run.bytes = row.integer_or(7, 0);
    const auto lives =
        one.run.host == host ? process_lives(row.text_or_empty(3)) : std::optional<bool>();
    one.alive = lives.value_or(row.integer_or(4, 0) < kHeartbeatLimitSeconds);
    runs.push_back(std::move(one));
  });
  return runs;
}

}  // namespace

void lock_runs(Session& session) {
  const SqlParameters host = {{"host", host_name()}};
  if (session.execute(run_sql(session, "lock_runs"), host) > 0)
    return;
  // The very first run makes the row. Where another made it at the same moment, that one is waited
  // for here.
  if (session.execute(run_sql(session, "make_runs_lock"), host) == 0)
    session.execute(run_sql(session, "lock_runs"), host);
}

Run::Run(Session& session, const std::string& command) : session_(session), id_(random_id()) {
  // On Galera the commit of the second of two runs that begin at once fails.
  constexpr int kBusyAttempts = 2;
  retry(
      session_, [&] { enter(command); }, kBusyAttempts);
}

void Run::enter(const std::string& command) {
  Transaction transaction(session_);
  // Of two runs that begin at once the second waits here, and then sees the first.
  lock_runs(session_);
  for (const Unfinished& other : unfinished_runs(session_)) {
    if (other.run.run_id == id_)
      return;  // by an attempt whose COMMIT had its answer lost
    if (!other.alive) {
      session_.execute(run_sql(session_, "end_dead"), {{"run", other.run.run_id}});
      session_.execute(sql_text(session_.engine(), "items", "release_run"),
                       {{"run", other.run.run_id}});
    } else if (!shares(command) || !shares(other.run.command)) {
      throw Error(
          ErrorKind::locked,
          fmt::format("another run is at work: {} on {} since {} UTC", printable(other.run.command),
                      printable(other.run.host), utc_time(other.run.started_at)),
          "backglance status");
    }
  }
  session_.execute(run_sql(session_, "start"), {{"run", id_},
                                                {"command", command},
                                                {"host", host_name()},
                                                {"process", this_process()},
                                                {"version", std::string(kVersion)}});
  transaction.commit();
}

Run::~Run() {
  if (finished_)
    return;
  try {
    session_.execute(sql_text(session_.engine(), "items", "release_run"), {{"run", id_}});
    write_end(stop_requested() ? "interrupted" : "failed", 0, 0);
  } catch (const Error&) {
    // The next run finds that this process is no more, and ends its row.
  }
}

void Run::finish(const std::string& outcome, std::int64_t images, std::int64_t bytes) {
  finished_ = true;
  retry(session_, [&] { write_end(outcome, images, bytes); });
}

void Run::write_end(const std::string& outcome, std::int64_t images, std::int64_t bytes) {
  session_.execute(run_sql(session_, "finish"),
                   {{"run", id_}, {"outcome", outcome}, {"images", images}, {"bytes", bytes}});
}

void Run::heartbeat(Session& session, const std::string& run_id, std::int64_t images,
                    std::int64_t bytes) {
  session.execute(run_sql(session, "heartbeat"),
                  {{"run", run_id}, {"images", images}, {"bytes", bytes}});
}

std::int64_t earlier_pace(Session& session) {
  // What is less shows how long files take to open. Of several runs the best: one may have had
  // small images alone, or a --bandwidth.
  constexpr std::int64_t kLeastBytes = 64 << 20;
  constexpr std::int64_t kRuns = 3;
  std::int64_t best = 0;
  session.query(run_sql(session, "reading_times"), {{"least", kLeastBytes}, {"count", kRuns}},
                [&](const SqlRow& row) {
                  const auto seconds = std::max<std::int64_t>(row.integer_or(1, 0), 1);
                  best = std::max(best, row.integer_or(0, 0) / seconds);
                });
  return best;
}

std::vector<RunRow> recent_runs(Session& session, std::int64_t count) {
  std::vector<RunRow> runs;
  session.query(run_sql(session, "recent"), {{"count", count}}, [&](const SqlRow& row) {
    runs.push_back({row.text_or_empty(0), row.text_or_empty(1), row.text_or_empty(2),
                    row.integer_or(3, 0), row.integer(4), row.text_or_empty(5),
                    row.integer_or(6, 0), row.integer_or(7, 0)});
  });
  return runs;
}

std::vector<RunRow> live_runs(Session& session) {
  std::vector<RunRow> runs;
  for (Unfinished& one : unfinished_runs(session))
    if (one.alive)
      runs.push_back(std::move(one.run));
  return runs;
}

}  // namespace backglance
