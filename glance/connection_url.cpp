// SPDX-License-Identifier: Apache-2.0
#include "glance/connection_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "glance/option_file.h"
#include "glance/oslo_config.h"

namespace backglance {
namespace {

constexpr std::string_view kListed = "docs/database-url.md lists the parameters that are supported";

[[noreturn]] void refuse(const std::string& why, std::string_view what_to_do) {
  throw Error(ErrorKind::usage, "database URL: " + why, std::string(what_to_do));
}

std::optional<std::string> value_of(const DatabaseUrl& url, const std::string& key) {
  const auto found = url.query.find(key);
  return found == url.query.end() ? std::nullopt : std::optional<std::string>(found->second);
}

// Drivers have different parameters, and different meanings of one name: mysqlconnector's
// ssl_disabled is not PyMySQL's.
bool knows_driver(const DatabaseUrl& url) {
  const auto is = [&](std::initializer_list<std::string_view> names) {
    return std::ranges::find(names, url.driver) != names.end();
  };
  switch (url.engine) {
    case Engine::sqlite:
      return is({"", "pysqlite"});
    case Engine::postgresql:
      return is({"", "psycopg2", "psycopg", "psycopg2cffi"});
    case Engine::mysql:
      break;
  }
  return is({"", "pymysql", "mysqldb"});
}

void check_parameters(const DatabaseUrl& url) {
  for (const auto& [key, value] : url.query) {
    const std::string name = printable(key, 40);
    if (!knows_driver(url))
      refuse(fmt::format("the parameters of the driver {} are not known, so {} cannot be read",
                         printable(url.driver, 40), name),
             kListed);
    const UrlParameter* parameter = find_url_parameter(url.engine, key);
    if (parameter == nullptr)
      refuse(fmt::format("parameter {} is not known", name), kListed);
    if (parameter->use == ParameterUse::refused)
      refuse(fmt::format("parameter {} is not supported", name), parameter->why);
    // SQLAlchemy gives the driver a list, which only the hosts of PostgreSQL may be.
    const bool may_repeat = url.engine == Engine::postgresql && key == "host";
    if (url.query.count(key) > 1 && !may_repeat)
      refuse(fmt::format("parameter {} is given {} times, and its driver takes one value", name,
                         url.query.count(key)),
             "remove all but one of them, also from [database] connection_parameters");
  }
}

// Puts the options of read_default_file where the URL has none (PyMySQL, connections.py).
void read_option_file(DatabaseUrl& url) {
  const auto named = value_of(url, "read_default_file");
  const auto group = value_of(url, "read_default_group");
  if (!named && !group)
    return;
  if (url.driver != "pymysql")
    refuse("read_default_file and read_default_group are supported only with the driver pymysql",
           "write the options of that file into the URL");
  const std::filesystem::path file = home_expanded(named.value_or("/etc/my.cnf"));
  const std::string where = fmt::format("option file {}", printable(file.native()));
  for (const auto& option : read_option_group(file, group.value_or("client"))) {
    const auto& [key, value] = option;
    const auto into = [&option](std::string& member) {
      if (member.empty())
        member = option.second;
    };
    if (key == "user") {
      into(url.user);
    } else if (key == "password") {
      into(url.password);
    } else if (key == "host") {
      into(url.host);
    } else if (key == "port") {
      const char* end = value.data() + value.size();
      int port = 0;
      const auto [used, error] = std::from_chars(value.data(), end, port);
      if (error != std::errc() || used != end || port < 0 || port > 65535)
        throw Error(ErrorKind::usage, where + ": port is not a number from 1 to 65535");
      url.port = url.port == 0 ? port : url.port;
    } else if (key == "socket" || key == "default-character-set" || key == "ssl-ca" ||
               key == "ssl-cert" || key == "ssl-key") {
      std::string parameter = key == "socket"                  ? "unix_socket"
                              : key == "default-character-set" ? "charset"
                                                               : key;
      std::ranges::replace(parameter, '-', '_');
      if (!value.empty() && !url.query.contains(parameter))
        url.query.emplace(parameter, value);
    } else if (key.starts_with("ssl") || key.starts_with("tls") || key.starts_with("loose") ||
               key.starts_with("skip-ssl") || key.starts_with("skip_ssl") ||
               key.find("auth") != std::string::npos || key.starts_with("plugin") ||
               key == "bind-address" || key == "bind_address") {
      // Somebody meant the connection to be safer, or another, than it would be without.
      throw Error(ErrorKind::usage,
                  fmt::format("{}: option {} is not supported", where, printable(key, 40)),
                  "remove it, and use ssl-ca, ssl-cert and ssl-key there, or the parameters of the "
                  "database URL");
    }
  }
}

// NAME:PORT, as SQLAlchemy takes it apart: an IPv6 address has several colons and no port.
std::pair<std::string, std::string> host_and_port(const std::string& text) {
  const auto colon = text.find(':');
  if (text.starts_with('/') || colon == std::string::npos)
    return {text, ""};
  const std::string port = text.substr(colon + 1);
  if (port.empty() || port.find_first_not_of("0123456789") != std::string::npos)
    refuse("a host parameter is not of the form host=NAME:PORT",
           "for an IPv6 address write host=ADDRESS,ADDRESS&port=PORT,PORT");
  return {text.substr(0, colon), port};
}

bool has_one_colon(const std::string& text) {
  return !text.starts_with('/') && std::ranges::count(text, ':') == 1;
}

void join_hosts(DatabaseUrl& url) {
  std::vector<std::string> hosts;
  std::vector<std::string> ports;
  const auto [first, last] = url.query.equal_range("host");
  const auto count = std::distance(first, last);
  if (count == 0 || (count == 1 && !has_one_colon(first->second)))
    return;
  for (auto one = first; one != last; ++one) {
    const auto [host, port] = host_and_port(one->second);
    hosts.push_back(host);
    ports.push_back(port);
  }
  if (url.port != 0 || url.query.contains("port"))
    refuse("the port is given twice: beside the hosts and in host=NAME:PORT",
           "write host=NAME:PORT for each host and nothing else, or host=A,B&port=P,Q");
  url.query.erase("host");
  url.query.emplace("host", join(hosts, ","));
  // An empty one is the default port (PostgreSQL manual, 34.1.1.3).
  if (std::ranges::any_of(ports, [](const std::string& port) { return !port.empty(); }))
    url.query.emplace("port", join(ports, ","));
}

}  // namespace

DatabaseUrl connectable(DatabaseUrl url) {
  check_parameters(url);
  if (url.engine == Engine::postgresql)
    join_hosts(url);
  if (url.engine == Engine::mysql)
    read_option_file(url);
  return url;
}

}  // namespace backglance
