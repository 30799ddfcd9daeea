// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <sstream>
#include <vector>

#include "base/bounded.h"
#include "base/text.h"

namespace backglance {
namespace {

// Field 22 of /proc/PID/stat, counted after the last ')' because the command's name may hold
// anything. Empty if there is no such process.
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

std::string user_name() {
  constexpr std::size_t kLongest = 16384;
  std::vector<char> buffer(kLongest);
  passwd entry = {};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
    return found->pw_name;
  return std::to_string(geteuid());
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name = {};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::string user_at_host() {
  return bounded(user_name() + "@" + host_name(), kLongestName);
}

std::string this_process() {
  const std::string pid = std::to_string(getpid());
  return fmt::format("{} {} {} {}", boot_id(), pid_namespace(), pid, process_start(pid));
}

std::optional<bool> process_lives(const std::string& process) {
  const auto parts = split(process, ' ');
  if (parts.size() != 4 || parts[3].empty())
    return std::nullopt;
  if (parts[0] != boot_id() || parts[1] != pid_namespace())
    return std::nullopt;
  return process_start(parts[2]) == parts[3];
}

std::optional<bool> process_lives_on(const std::string& host, const std::string& process) {
  return host == host_name() ? process_lives(process) : std::nullopt;
}

}  // namespace backglance
