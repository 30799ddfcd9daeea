// SPDX-License-Identifier: Apache-2.0
#include "glance/url_parameters.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "config_dir.h"
#include "glance/connection_url.h"

using namespace backglance;

namespace {

// "name|treatment" of each row of the table below `heading`, and the remark where the code has one.
std::vector<std::string> documented(const std::string& heading) {
  std::ifstream in(std::string(BACKGLANCE_SOURCES) + "/docs/database-url.md");
  std::vector<std::string> rows;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("#"))
      inside = line == "## " + heading;
    const auto cells = split(line, '|');
    if (!inside || cells.size() < 4 || !trim(cells[1]).starts_with('`'))
      continue;
    std::string name(trim(cells[1]));
    name = name.substr(1, name.size() - 2);
    const std::string use(trim(cells[2]));
    rows.push_back(name + "|" + use +
                   (use == "read" ? std::string() : "|" + std::string(trim(cells[3]))));
  }
  return rows;
}

template <typename Parameter>
std::string row_of(const Parameter& one) {
  return std::string(one.name) + "|" + std::string(use_name(one.use)) +
         (one.use == ParameterUse::read ? std::string() : "|" + std::string(one.why));
}

DatabaseUrl opened(std::string_view url, std::string_view more = {}) {
  return connectable(parse_database_url(url, more));
}

// The text of the usage error that `url` gives, with what to do.
std::string refusal(std::string_view url) {
  try {
    const DatabaseUrl accepted = opened(url);
    FAIL("accepted: " << accepted.redacted());
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return std::string(error.what()) + " -- next: " + error.next();
  }
  return {};
}

std::string value(const DatabaseUrl& url, const std::string& key) {
  REQUIRE(url.query.count(key) == 1);
  return url.query.find(key)->second;
}

}  // namespace

TEST_CASE("docs/database-url.md lists the parameters and options that the program knows") {
  for (const auto& [engine, heading] :
       {std::pair{Engine::mysql, "MariaDB and MySQL"}, std::pair{Engine::postgresql, "PostgreSQL"},
        std::pair{Engine::sqlite, "SQLite"}}) {
    std::vector<std::string> known;
    for (const UrlParameter& one : url_parameters())
      if (one.engine == engine)
        known.push_back(row_of(one));
    CHECK(documented(heading) == known);
  }
  std::vector<std::string> known;
  for (const DatabaseOption& one : database_options())
    known.push_back(row_of(one));
  CHECK(documented("Options of [database]") == known);
}

TEST_CASE("a parameter of a database URL that is not known or not supported is refused by name") {
  for (const std::string url :
       {"mysql+pymysql://h/d?bogus=hush", "mysql+pymysql://h/d?charset=utf8&Charset=hush",
        "postgresql://h/d?sslmod=hush", "sqlite:////x?mode=hush", "mysql://h/d?a%20b=hush"}) {
    CAPTURE(url);
    const std::string text = refusal(url);
    CHECK(text.find("is not known") != std::string::npos);
    CHECK(text.find("docs/database-url.md") != std::string::npos);
    CHECK(text.find("hush") == std::string::npos);
  }
  CHECK(refusal("mysql+pymysql://h/d?ssl_capath=/etc").find("ssl_ca") != std::string::npos);
  for (const UrlParameter& one : url_parameters()) {
    if (one.use != ParameterUse::refused)
      continue;
    const std::string dialect = one.engine == Engine::mysql ? "mysql://h/d?" : "postgresql://h/d?";
    CAPTURE(one.name);
    const std::string text = refusal(dialect + std::string(one.name) + "=hush");
    CHECK(text.find("parameter " + std::string(one.name) + " is not supported") !=
          std::string::npos);
    CHECK(text.find(one.why) != std::string::npos);
  }
}

TEST_CASE("a parameter that is given twice is refused, also from connection_parameters") {
  CHECK(refusal("mysql://h/d?ssl_ca=/a&ssl_ca=/b").find("ssl_ca is given 2 times") !=
        std::string::npos);
  CHECK(refusal("postgresql://h/d?sslmode=disable&sslmode=verify-full").find("sslmode") !=
        std::string::npos);
  CHECK_THROWS_WITH(opened("mysql://h/d?ssl_ca=/a", "ssl_ca=/b"), Catch::Contains("ssl_ca"));
  CHECK(value(opened("mysql://h/d", "ssl_ca=/b&charset="), "ssl_ca") == "/b");
}

TEST_CASE("parameters of a driver that is not known are refused") {
  CHECK(refusal("mysql+mysqlconnector://h/d?ssl_disabled=false").find("mysqlconnector") !=
        std::string::npos);
  CHECK(refusal("postgresql+pg8000://h/d?ssl_context=x").find("pg8000") != std::string::npos);
  CHECK(opened("mysql+mysqlconnector://h/d").database == "d");
}

TEST_CASE("each host of a PostgreSQL URL is kept, with its port") {
  const DatabaseUrl several =
      opened("postgresql://u:p@/d?host=h1:5432&host=h2&host=h3:5434&target_session_attrs=any");
  CHECK(value(several, "host") == "h1,h2,h3");
  CHECK(value(several, "port") == "5432,,5434");
  CHECK(several.redacted() ==
        "postgresql://u:***@/d?host=h1,h2,h3&port=5432,,5434&target_session_attrs=any");
  CHECK(connectable(several).query == several.query);
  CHECK(value(opened("postgresql:///d?host=h1&host=h2"), "host") == "h1,h2");
  CHECK(opened("postgresql:///d?host=h1&host=h2").query.count("port") == 0);
  CHECK(value(opened("postgresql:///d?host=h1:6000"), "port") == "6000");
  CHECK(value(opened("postgresql:///d?host=h1,h2&port=1,2"), "port") == "1,2");
  CHECK(value(opened("postgresql:///d?host=/run/a:b"), "host") == "/run/a:b");
  CHECK(value(opened("postgresql:///d?host=2001:db8::1"), "host") == "2001:db8::1");
  for (const std::string url :
       {"postgresql://h:1/d?host=h1:1&host=h2:2", "postgresql:///d?host=h1:1&host=h2:2&port=3",
        "postgresql:///d?host=h1:x&host=h2",
        "postgresql:///d?host=h1:", "postgresql:///d?host=::1&host=h2"})
    CHECK_FALSE(refusal(url).empty());
}

TEST_CASE("an option file of the URL is read as PyMySQL reads it") {
  const ConfigDir directory;
  const std::string file = directory.write("my.cnf", R"([DEFAULT]
user = everybody
[mysqld]
ssl-ca = /wrong
# a comment
[glance]
password = "it's; # all"
Host : db.example.org
port=3307
ssl-ca
ssl-cert = /srv/c.pem
skip-name-resolve
default-character-set = utf8
)");
  const std::string url =
      "mysql+pymysql://@/d?read_default_file=" + file + "&read_default_group=glance";
  const DatabaseUrl read = opened(url);
  CHECK(read.user == "everybody");
  CHECK(read.password == "it's; # all");
  CHECK(read.host == "db.example.org");
  CHECK(read.port == 3307);
  CHECK(value(read, "ssl_cert") == "/srv/c.pem");
  CHECK(value(read, "charset") == "utf8");
  CHECK(opened("mysql+pymysql://me@here:1/d?ssl_cert=/own&read_default_group=glance&"
               "read_default_file=" +
               file)
            .redacted() == "mysql+pymysql://me:***@here:1/d?charset=utf8&read_default_file=" +
                               file + "&read_default_group=glance&ssl_cert=/own");
}

TEST_CASE("an option file whose TLS options would not count is refused") {
  const ConfigDir directory;
  const std::string file = directory.write("my.cnf",
                                           "[a]\nssl_ca = /hush\n[b]\nssl-mode=hush\n"
                                           "[c]\ndefault-auth=hush\n[d]\nport=hush\n");
  const auto url = [&](const std::string& group, const std::string& name) {
    return "mysql+pymysql://h/d?read_default_file=" + name + "&read_default_group=" + group;
  };
  const std::vector<std::pair<std::string, std::string>> cases = {{"a", "ssl_ca"},
                                                                  {"b", "ssl-mode"},
                                                                  {"c", "default-auth"},
                                                                  {"d", "port"},
                                                                  {"nobody", "no group [nobody]"}};
  for (const auto& [group, word] : cases) {
    const std::string text = refusal(url(group, file));
    CHECK(text.find(word) != std::string::npos);
    CHECK(text.find("hush") == std::string::npos);
  }
  CHECK(refusal(url("a", file + ".gone")).find("cannot be read") != std::string::npos);
  CHECK(refusal("mysql://h/d?read_default_file=" + file).find("pymysql") != std::string::npos);
  for (const std::string text : {"hush = 1\n", "[a]\nx=1\nX=hush\n", "[a]\n[a]\n",
                                 "[a]\n!include /hush\n", "[a]\n= hush\n"}) {
    CAPTURE(text);
    const std::string why = refusal(url("a", directory.write("bad.cnf", text)));
    CHECK(why.find("bad.cnf, line ") != std::string::npos);
    CHECK(why.find("hush") == std::string::npos);
  }
}
