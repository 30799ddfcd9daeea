// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "store/net/transfer.h"

namespace backglance {

// tests/servers/faults.py in a process of its own, which ends with this object, or with this
// process: its standard input is a pipe of ours.
class FaultProcess {
 public:
  FaultProcess() {
    std::string name = (std::filesystem::temp_directory_path() / "faults-XXXXXX").native();
    if (mkdtemp(name.data()) == nullptr)
      throw std::runtime_error("no temporary directory");
    folder_ = name;
    std::array<int, 2> in = {};
    std::array<int, 2> out = {};
    if (pipe2(in.data(), O_CLOEXEC) != 0 || pipe2(out.data(), O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    pid_ = fork();
    if (pid_ == 0) {
      dup2(in[0], STDIN_FILENO);
      dup2(out[1], STDOUT_FILENO);
      execl("/usr/bin/python3", "python3", "-B", BACKGLANCE_SOURCES "/tests/servers/faults.py",
            "serve", "--tls", folder_.c_str(), nullptr);
      _exit(127);
    }
    close(in[0]);
    close(out[1]);
    in_ = in[1];
    std::string line;
    for (char c = 0; ::read(out[0], &c, 1) == 1 && c != '\n';)
      line += c;
    close(out[0]);
    ports = nlohmann::json::parse(line);
  }
  ~FaultProcess() {
    close(in_);
    waitpid(pid_, nullptr, 0);
    std::filesystem::remove_all(folder_);
  }
  FaultProcess(const FaultProcess&) = delete;
  FaultProcess& operator=(const FaultProcess&) = delete;

  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(ports.at("port").get<int>()) + path;
  }
  std::string tls_url(const char* which, const std::string& path) const {
    return "https://localhost:" + std::to_string(ports.at(which).get<int>()) + path;
  }
  std::string authority() const { return ports.at("authority"); }

  nlohmann::json ports;

 private:
  std::filesystem::path folder_;
  pid_t pid_ = -1;
  int in_ = -1;
};

// One for the whole test program.
inline FaultProcess& server() {
  static FaultProcess process;
  return process;
}

inline StoreHooks never_stopped() {
  return {.should_stop = [] { return false; }};
}

// A pool and its hooks.
struct Pool {
  explicit Pool(TransferTerms terms = {}, StoreHooks given = never_stopped())
      : hooks(std::move(given)), pool(std::move(terms), hooks) {}
  StoreHooks hooks;
  TransferPool pool;
};

// What the server answers for the path.
inline void script(const std::string& path, const nlohmann::json& answers) {
  Pool control;
  const auto answer =
      control.pool.ask({.method = "POST",
                        .url = server().url("/_script"),
                        .body = nlohmann::json{{"path", path}, {"answers", answers}}.dump()});
  if (std::get<TransferPool::Answer>(answer).head.status != 200)
    throw std::runtime_error("the fault server takes no script");
}

// The requests that the server has seen for the path.
inline nlohmann::json seen(const std::string& path) {
  Pool control;
  const auto answer =
      control.pool.ask({.url = server().url("/_seen?" + path)}, std::size_t{1} << 22);
  return nlohmann::json::parse(std::get<TransferPool::Answer>(answer).body);
}

}  // namespace backglance
