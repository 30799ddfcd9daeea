// SPDX-License-Identifier: Apache-2.0
#include "glance/database_url.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "base/error.h"

using namespace backglance;

namespace {

// The text of the usage error that `url` gives.
std::string refusal(std::string_view url) {
  try {
    const DatabaseUrl parsed = parse_database_url(url);
    FAIL("accepted: " << parsed.redacted());
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::usage);
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("an SQLite URL with four slashes names an absolute file, with three a relative one") {
  const DatabaseUrl absolute = parse_database_url("sqlite:////var/lib/glance/glance.sqlite");
  CHECK(absolute.engine == Engine::sqlite);
  CHECK(absolute.database == "/var/lib/glance/glance.sqlite");
  CHECK(absolute.redacted() == "sqlite:////var/lib/glance/glance.sqlite");
  CHECK(parse_database_url("sqlite:///glance.db").database == "glance.db");
  CHECK(parse_database_url("sqlite+pysqlite:///glance.db").driver == "pysqlite");
}

TEST_CASE("the path of an SQLite file is not percent-decoded and may contain an @ and a colon") {
  CHECK(parse_database_url("sqlite:////a%20b.db").database == "/a%20b.db");
  CHECK(parse_database_url("sqlite:////srv/x@y:z.db").database == "/srv/x@y:z.db");
  CHECK(parse_database_url("sqlite:////a.db?timeout=5").database == "/a.db");
}

TEST_CASE("a URL with all its parts is taken apart as SQLAlchemy does") {
  const DatabaseUrl url = parse_database_url(
      "mysql+pymysql://glance:p%40s%2fx+y%3A@db.example.org:3307/glance?charset=utf8&a%20b=c+d%2B");
  CHECK(url.engine == Engine::mysql);
  CHECK(url.driver == "pymysql");
  CHECK(url.user == "glance");
  CHECK(url.password == "p@s/x+y:");
  CHECK(url.host == "db.example.org");
  CHECK(url.port == 3307);
  CHECK(url.database == "glance");
  CHECK(url.query == std::multimap<std::string, std::string>{{"charset", "utf8"}, {"a b", "c d+"}});
}

TEST_CASE("each dialect that Glance runs on is known") {
  CHECK(parse_database_url("mariadb://h/d").engine == Engine::mysql);
  CHECK(parse_database_url("postgresql+psycopg2://h/d").engine == Engine::postgresql);
  CHECK(parse_database_url("postgresql:///d").host.empty());
}

TEST_CASE("an IPv6 host loses its brackets and gets them back when shown") {
  const DatabaseUrl url = parse_database_url("postgresql://u@[2001:db8::1]:5433/g");
  CHECK(url.host == "2001:db8::1");
  CHECK(url.port == 5433);
  CHECK(url.user == "u");
  CHECK(url.redacted() == "postgresql://u@[2001:db8::1]:5433/g");
  CHECK(parse_database_url("mysql://[::1]/g").port == 0);
}

TEST_CASE("odd credentials are split where SQLAlchemy splits them") {
  const DatabaseUrl slashes = parse_database_url("mysql://u:p/w?x@h/d");
  CHECK(slashes.password == "p/w?x");
  CHECK(slashes.host == "h");
  CHECK(parse_database_url("mysql://a@b@h/d").user == "a@b");
  CHECK(parse_database_url("mysql://:p@h/d").password == "p");
  CHECK(parse_database_url("mysql://u:@h/d").password.empty());
  CHECK(parse_database_url("mysql://u:%zz%4@h/d").password == "%zz%4");
}

TEST_CASE("a repeated key in the query keeps all its values, and blank ones do not count") {
  const DatabaseUrl url = parse_database_url("mysql://h/d?charset=b&charset=a&charset=&ssl&x=1?y");
  CHECK(url.query ==
        std::multimap<std::string, std::string>{{"charset", "b"}, {"charset", "a"}, {"x", "1?y"}});
  CHECK(url.redacted() == "mysql://h/d?charset=b&charset=a&x=***");
  CHECK(parse_database_url("postgresql:///d?host=h1:1&host=h2:2").redacted() ==
        "postgresql:///d?host=h1:1&host=h2:2");
  CHECK(parse_database_url("mysql://h/d?charset=b", "charset=c&ssl_ca=/x").redacted() ==
        "mysql://h/d?charset=b&charset=c&ssl_ca=/x");
}

TEST_CASE("a shown URL holds no password, whatever the query calls it") {
  const DatabaseUrl url = parse_database_url(
      "mysql+pymysql://us%3Aer:hush%21@h:3306/"
      "d?passwd=hush1&charset=utf8&odbc_connect=PWD%3Dhush2");
  const std::string shown = url.redacted();
  CHECK(shown == "mysql+pymysql://us%3Aer:***@h:3306/d?charset=utf8&odbc_connect=***&passwd=***");
  CHECK(parse_database_url("mysql://:hush@h/d").redacted() == "mysql://:***@h/d");
}

TEST_CASE("a shown URL has no control characters") {
  CHECK(parse_database_url("sqlite:////tmp/a\x1b[2J.db").redacted() ==
        "sqlite:////tmp/a\\x1b[2J.db");
}

TEST_CASE("a malformed database URL is refused, and the refusal holds no password") {
  for (const std::string url : {
           "",
           "hush",
           "://u:hush@h/d",
           "u:hush@mysql://h/d",
           "mysql:/u:hush@h/d",
           "oracle://u:hush@h/d",
           "MySQL://u:hush@h/d",
           "postgres://u:hush@h/d",
           "mysql+://u:hush@h/d",
           "mysql://u:hush@h",
           "mysql://u:hush@h/",
           "mysql://u:hush@h:/d",
           "mysql://u:hush@h:33a/d",
           "mysql://u:hush@h:0/d",
           "mysql://u:hush@h:65536/d",
           "mysql://u:hush@h:99999999999999999999/d",
           "mysql://u:hush@[::1/d",
           "mysql://u:hush@[]/d",
           "mysql://u:hush@[::1]x/d",
           "mysql://u:hu@hush@h/d",
           "mysql://u:hush@h/d\nx",
       }) {
    CAPTURE(url);
    const std::string text = refusal(url);
    CHECK_FALSE(text.empty());
    CHECK(text.find("hush") == std::string::npos);
  }
}

TEST_CASE("an SQLite database that is not a file is refused") {
  CHECK(refusal("sqlite://").find("memory") != std::string::npos);
  CHECK(refusal("sqlite:///").find("memory") != std::string::npos);
  CHECK(refusal("sqlite:///:memory:").find("memory") != std::string::npos);
  CHECK(refusal("sqlite:///file:x?uri=true").find("uri=true") != std::string::npos);
  CHECK(refusal("sqlite://host/x.db").find("no host") != std::string::npos);
  CHECK(refusal("sqlite+pysqlcipher://:hush@/x.db").find("hush") == std::string::npos);
}
