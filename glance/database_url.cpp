// SPDX-License-Identifier: Apache-2.0
#include "glance/database_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw Error(ErrorKind::usage, "database URL: " + why);
}

std::optional<unsigned char> hex_byte(std::string_view two) {
  unsigned char value = 0;
  const char* end = two.data() + two.size();
  const auto [used, error] = std::from_chars(two.data(), end, value, 16);
  if (two.size() != 2 || error != std::errc() || used != end)
    return std::nullopt;
  return value;
}

// As Python's unquote does: what is no %XX stays as it is.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = text[i] == '%' ? hex_byte(text.substr(i + 1, 2)) : std::nullopt;
    if (byte) {
      out += static_cast<char>(*byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

// What must be encoded for SQLAlchemy to find its way in the text again.
std::string percent_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view(":@/%").find(c) == std::string_view::npos)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// A query is a form: a plus is a blank there, and nowhere else in the URL.
std::string form_decoded(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return percent_decoded(spaced);
}

bool is_shown(Engine engine, std::string_view key) {
  const UrlParameter* parameter = find_url_parameter(engine, key);
  return parameter != nullptr && parameter->shown;
}

// As parse_qsl does, which drops blank values.
void add_parameters(std::multimap<std::string, std::string>& query, std::string_view text) {
  for (const std::string& pair : split(text, '&')) {
    const auto equal = pair.find('=');
    if (equal == std::string::npos || equal + 1 == pair.size())
      continue;
    const std::string_view view = pair;
    query.emplace(form_decoded(view.substr(0, equal)), form_decoded(view.substr(equal + 1)));
  }
}

// The driver only chooses how Python connects; ours is always the same for an engine.
std::pair<Engine, std::string> parse_dialect(std::string_view name) {
  const auto plus = name.find('+');
  const std::string_view dialect = name.substr(0, plus);
  const std::string driver(plus == std::string_view::npos ? "" : name.substr(plus + 1));
  if (plus != std::string_view::npos && driver.empty())
    refuse("no driver after the '+'");
  if (dialect == "sqlite") {
    if (driver == "pysqlcipher")
      refuse("encrypted SQLite files (pysqlcipher) are not supported");
    return {Engine::sqlite, driver};
  }
  if (dialect == "postgresql")
    return {Engine::postgresql, driver};
  if (dialect == "mysql" || dialect == "mariadb")
    return {Engine::mysql, driver};
  refuse(fmt::format("unknown dialect '{}'; Glance runs on sqlite, mysql and postgresql",
                     printable(dialect, 40)));
}

// Takes "user:password@" off the front of `rest`. The user goes on to the first ':' or '/', so it
// may hold an '@', and the password to the first '@' after it, so it may hold '/' and '?'.
void take_credentials(std::string_view& rest, DatabaseUrl& url) {
  const auto user_end = std::min(rest.find_first_of(":/"), rest.size());
  if (rest.substr(user_end, 1) == ":") {
    // Without an '@' after it, the colon belongs to host:port.
    const auto at = rest.find('@', user_end);
    if (at != std::string_view::npos) {
      url.user = percent_decoded(rest.substr(0, user_end));
      url.password = percent_decoded(rest.substr(user_end + 1, at - user_end - 1));
      rest.remove_prefix(at + 1);
      return;
    }
  }
  const auto at = rest.substr(0, user_end).rfind('@');
  if (at != std::string_view::npos) {
    url.user = percent_decoded(rest.substr(0, at));
    rest.remove_prefix(at + 1);
  }
}

// Takes "host:port" off the front of `rest`.
void take_host(std::string_view& rest, DatabaseUrl& url) {
  std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(authority.size());
  // SQLAlchemy would look the host up under a name that holds the end of the password.
  if (authority.find('@') != std::string_view::npos)
    refuse("a '@' in the user or the password must be written as %40");
  // Only in brackets is a colon part of the address.
  if (authority.starts_with('[')) {
    const auto close = authority.rfind(']');
    if (close == std::string_view::npos || close == 1)
      refuse("an IPv6 address must be written in brackets");
    url.host = authority.substr(1, close - 1);
    authority.remove_prefix(close + 1);
    if (!authority.empty() && !authority.starts_with(':'))
      refuse("only a port may follow the brackets of an IPv6 address");
  } else {
    const auto colon = std::min(authority.find(':'), authority.size());
    url.host = authority.substr(0, colon);
    authority.remove_prefix(colon);
  }
  if (authority.empty())
    return;
  authority.remove_prefix(1);
  const char* end = authority.data() + authority.size();
  const auto [used, error] = std::from_chars(authority.data(), end, url.port);
  if (error != std::errc() || used != end || url.port < 1 || url.port > 65535)
    refuse("the port is not a number from 1 to 65535");
}

// With these, Glance and this program would open different files, or none.
void check_sqlite(const DatabaseUrl& url) {
  if (!url.user.empty() || !url.password.empty() || !url.host.empty() || url.port != 0)
    refuse("an SQLite URL has no host: write sqlite:////absolute/path or sqlite:///relative/path");
  if (url.database.empty() || url.database == ":memory:")
    refuse("an SQLite database in memory is not supported; give the path of a file");
  const auto uri = url.query.find("uri");
  if (uri != url.query.end() && lower_ascii(uri->second) != "false" && uri->second != "0")
    refuse("SQLite's own file: URIs (uri=true) are not supported; give the path of the file");
}

}  // namespace

std::string DatabaseUrl::redacted() const {
  constexpr std::array kDialects = {"sqlite", "postgresql", "mysql"};
  std::string out = kDialects[static_cast<std::size_t>(engine)];
  if (!driver.empty())
    out += "+" + driver;
  out += "://";
  if (!user.empty() || !password.empty())
    // Not even the length of the password is shown.
    out += percent_encoded(user) + (password.empty() ? "@" : ":***@");
  out += host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != 0)
    out += fmt::format(":{}", port);
  out += "/" + database;
  char separator = '?';
  for (const auto& [key, value] : query) {
    out += fmt::format("{}{}={}", separator, key, is_shown(engine, key) ? value : "***");
    separator = '&';
  }
  constexpr std::size_t kLongestUrlShown = 1000;
  return printable(out, kLongestUrlShown);
}

DatabaseUrl parse_database_url(std::string_view text, std::string_view more_parameters) {
  constexpr std::string_view kNameBytes =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+";
  // SQLAlchemy's own grammar of a URL (engine/url.py), in its order.
  const auto name_end = text.find_first_not_of(kNameBytes);
  // The text is not shown: whatever it is, it may hold a password.
  if (name_end == 0 || name_end == std::string_view::npos || text.substr(name_end, 3) != "://")
    refuse("not of the form dialect://user:password@host/database, or sqlite:////path for a file");
  if (text.find_first_of(std::string_view("\0\n\r", 3)) != std::string_view::npos)
    refuse("it contains a line end or a NUL byte");

  DatabaseUrl url;
  std::tie(url.engine, url.driver) = parse_dialect(text.substr(0, name_end));
  std::string_view rest = text.substr(name_end + 3);
  take_credentials(rest, url);
  take_host(rest, url);
  const auto question = std::min(rest.find('?'), rest.size());
  // SQLAlchemy decodes user, password and query, and leaves the database's name as it stands.
  if (question > 0)
    url.database = rest.substr(1, question - 1);
  if (question < rest.size())
    add_parameters(url.query, rest.substr(question + 1));
  add_parameters(url.query, more_parameters);

  if (url.engine == Engine::sqlite)
    check_sqlite(url);
  else if (url.database.empty())
    refuse("it has no database name");
  return url;
}

}  // namespace backglance
