// SPDX-License-Identifier: Apache-2.0
#include "glance/oslo_config.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "config_dir.h"
#include "glance/site.h"

using namespace backglance;

namespace {

OsloConfig config_of(const std::vector<std::string>& texts) {
  const ConfigDir dir;
  std::vector<std::filesystem::path> files;
  files.reserve(texts.size());
  for (const std::string& text : texts)
    files.push_back(dir.write(std::to_string(files.size()) + ".conf", text));
  return OsloConfig::read(files);
}

std::string value_of(const std::string& text, std::string_view group, std::string_view option) {
  return config_of({text}).get(group, option).value_or("nothing");
}

// Sets $HOME for as long as it lives.
class Home {
 public:
  explicit Home(const std::filesystem::path& path)
      : before_(std::getenv("HOME") ? std::getenv("HOME") : "") {
    setenv("HOME", path.c_str(), 1);
  }
  ~Home() { setenv("HOME", before_.c_str(), 1); }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;

 private:
  std::string before_;
};

}  // namespace

// Every expected value and refusal of this file is what oslo.config 9.0 gave for the same text.

TEST_CASE("an option is cut at the first equals sign or colon and trimmed") {
  CHECK(value_of("[g]\na=1\n", "g", "a") == "1");
  CHECK(value_of("[g]\na : 1=2 \t\n", "g", "a") == "1=2");
  CHECK(value_of("[g]\na = mysql://u:p@h/d\n", "g", "a") == "mysql://u:p@h/d");
  CHECK(value_of("[g]\na =\n", "g", "a").empty());
  CHECK(value_of("[g]\na=x ; y # z\n", "g", "a") == "x ; y # z");
  CHECK(value_of("[g]\na=1\n", "g", "b") == "nothing");
  CHECK(value_of("[g]\na-b=1\n", "g", "a_b") == "nothing");
  CHECK(value_of("", "g", "a") == "nothing");
}

TEST_CASE("lines may end in LF, CR LF or CR, and the last one in nothing") {
  const OsloConfig config = config_of({"[g]\r\na=1\r\n  2\r\nb=3\rc=4"});
  CHECK(config.get("g", "a") == "1\n2");
  CHECK(config.get("g", "b") == "3");
  CHECK(config.get("g", "c") == "4");
}

TEST_CASE("indented lines continue a value, comments among them") {
  CHECK(value_of("[g]\na = 1\n  # c\n\t; d\nb=2\n", "g", "a") == "1\n# c\n; d");
  CHECK(value_of("[g]\na=\n  1\n  2\n", "g", "a") == "\n1\n2");
  CHECK(value_of("[g]\na=1\n  \nb=3\n", "g", "a") == "1");
}

TEST_CASE("a pair of quotes around the first line's value is dropped") {
  CHECK(value_of("[g]\na = \"q r\"\n", "g", "a") == "q r");
  CHECK(value_of("[g]\na='q'\n", "g", "a") == "q");
  CHECK(value_of("[g]\na=\"\n", "g", "a").empty());
  CHECK(value_of("[g]\na='\"\n", "g", "a") == "'\"");
  CHECK(value_of("[g]\na=''q''\n", "g", "a") == "'q'");
  CHECK(value_of("[g]\na = 'x\n  y'\n", "g", "a") == "'x\ny'");
}

TEST_CASE("group names are compared without case, but for DEFAULT, and not trimmed") {
  CHECK(value_of("[Database]\na=1\n[DATABASE]\na=2\n", "database", "a") == "2");
  CHECK(value_of("[database]\na=1\n", "DATABASE", "a") == "1");
  CHECK(value_of("[default]\na=1\n", "DEFAULT", "a") == "nothing");
  CHECK(value_of("[ g ]\na=1\n", "g", "a") == "nothing");
  CHECK(value_of("[a]b]\na=1\n", "a]b", "a") == "1");
  const OsloConfig config = config_of({"[Fast]\n", "[DEFAULT]\n"});
  CHECK(config.has_group("fast"));
  CHECK(config.has_group("DEFAULT"));
  CHECK_FALSE(config.has_group("default"));
}

TEST_CASE("a line that oslo.config refuses is refused with file and line, without its text") {
  struct Refused {
    std::string text;
    std::string line;
  };
  for (const Refused& c : std::vector<Refused>{
           {"hush=1\n", "line 1:"},
           {"[g]\na = 1\n# c\n  hush\n", "line 4:"},
           {"[g]\na = 1\n\n  hush\n", "line 4:"},
           {"[g]\n  hush=1\n", "line 2:"},
           {"  # hush\n[g]\n", "line 1:"},
           {"[g]\nhush\n", "line 2:"},
           {"[g]\n= hush\n", "line 2:"},
           {"[hush\na=1\n", "line 1:"},
           {"[g]\n[g]hush\n", "line 2:"},
           {"[]\na=hush\n", "line 1:"},
           {"\xef\xbb\xbf[hush]\na=1\n", "line 1:"},
       }) {
    CAPTURE(c.text);
    const auto error = error_of([&] { config_of({c.text}); });
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::usage);
    const std::string what = error->what();
    CHECK(what.find("0.conf, " + c.line) != std::string::npos);
    CHECK(what.find("hush") == std::string::npos);
  }
}

TEST_CASE("of a repeated option the last line counts, and of several files the last that has it") {
  CHECK(value_of("[g]\na=1\na=2\n", "g", "a") == "2");
  const OsloConfig config = config_of({"[g]\na=1\nb=5\n", "[g]\nb=3\n", "[G]\na=4\n"});
  CHECK(config.get("g", "a") == "4");
  CHECK(config.get("g", "b") == "3");
  CHECK(config.files().size() == 3);
}

TEST_CASE("a multi-valued option has the values of all files, first file first") {
  const OsloConfig config =
      config_of({"[g]\na=1\na=2\nb=5\n", "[g]\nb=3\n", "[G]\na=4\na=$b\n[g]\na=6\n"});
  CHECK(config.get_all("g", "a") == std::vector<std::string>{"1", "2", "4", "3", "6"});
  CHECK(config.get_all("g", "c").empty());
}

TEST_CASE("an old name in a later file wins over the new name in an earlier one") {
  const std::vector<OptionName> names = {{"database", "connection"}, {"DEFAULT", "sql_connection"}};
  CHECK(config_of({"[database]\nconnection=new\n", "[DEFAULT]\nsql_connection=old\n"})
            .get_first(names) == "old");
  CHECK(
      config_of({"[DEFAULT]\nsql_connection=old\n[database]\nconnection=new\n"}).get_first(names) ==
      "new");
  CHECK(config_of({"[DEFAULT]\n"}).get_first(names) == std::nullopt);
}

TEST_CASE("references are replaced by the option's value, which may refer further") {
  CHECK(value_of("[DEFAULT]\na=$b/x\nb=${c}y\nc=/s\n", "DEFAULT", "a") == "/sy/x");
  CHECK(value_of("[DEFAULT]\nb=x\n[g]\na=${h.b}|$h.b\n[h]\nb=2\n", "g", "a") == "2|2");
  CHECK(value_of("[g]\na=$b|\nb=\n", "g", "a") == "|");
}

TEST_CASE("a bare reference means the own group first and DEFAULT next") {
  CHECK(value_of("[DEFAULT]\nb=far\n[g]\na=$b\nb=near\n", "g", "a") == "near");
  CHECK(value_of("[DEFAULT]\nb=far\n[g]\na=$b\n", "g", "a") == "far");
}

TEST_CASE("a doubled or escaped dollar sign is one, and one before anything else is itself") {
  CHECK(value_of("[g]\na=p$$b\\$b$ ${c $1 $-{} $\nb=x\n", "g", "a") == "p$b$b$ ${c $1 $-{} $");
  CHECK(value_of("[g]\na=$$$b\nb=x\n", "g", "a") == "$x");
  CHECK(value_of("[g]\na=\\\\$b\nb=x\n", "g", "a") == "\\$b");
}

TEST_CASE("a reference to what no file sets is replaced by Glance's default where that is known") {
  CHECK(value_of("[g]\na=${glance_store.filesystem_store_datadir}/x\n", "g", "a") ==
        "/var/lib/glance/images/x");
  CHECK(value_of("[glance_store]\nfilesystem_store_datadir=/d\n"
                 "[g]\na=${glance_store.filesystem_store_datadir}/x\n",
                 "g", "a") == "/d/x");
}

TEST_CASE("a reference to itself or to nothing is refused, and no part of the value is shown") {
  for (const std::string& text :
       std::vector<std::string>{"[g]\na=hush$a\n", "[g]\na=$b\nb=hush$g.a\n", "[g]\na=pa$hush\n",
                                "[g]\na=${x.hush}\n", "[DEFAULT]\nhush=1\n[g]\na=$DEFAULT.hush.\n",
                                "[g]\na=$hush.\nhush=1\n", "[g]\na=$HUSH\nhush=1\n"}) {
    CAPTURE(text);
    const OsloConfig config = config_of({text});
    const auto error = error_of([&] { config.get("g", "a"); });
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::usage);
    const std::string what = error->what();
    CHECK(what.find(" of [") != std::string::npos);
    CHECK(what.find("hush") == std::string::npos);
    CHECK(what.find("HUSH") == std::string::npos);
  }
}

TEST_CASE("a file that cannot be read is wrong usage, and is named") {
  const ConfigDir dir;
  const auto missing = error_of([&] { OsloConfig::read({dir.path() / "none.conf"}); });
  REQUIRE(missing);
  CHECK(missing->kind() == ErrorKind::usage);
  CHECK(std::string(missing->what()).find("none.conf: No such file") != std::string::npos);
  const auto directory = error_of([&] { OsloConfig::read({dir.path()}); });
  REQUIRE(directory);
  CHECK(directory->kind() == ErrorKind::usage);
}

TEST_CASE("the files of a directory are its visible *.conf, sorted by name") {
  const ConfigDir dir;
  for (const char* name : {"d/20.conf", "d/10.conf", "d/.hidden.conf", "d/x.conf.bak", "d/B.conf"})
    dir.write(name, "[g]\n");
  CHECK(config_files_in(dir.path() / "d") ==
        std::vector<std::filesystem::path>{dir.path() / "d/10.conf", dir.path() / "d/20.conf",
                                           dir.path() / "d/B.conf"});
  CHECK(error_of([&] { config_files_in(dir.path() / "d/10.conf"); })->kind() == ErrorKind::usage);
  CHECK(error_of([&] { config_files_in(dir.path() / "none"); })->kind() == ErrorKind::usage);
}

TEST_CASE("the default files are the first hit of each name, then those of the directories") {
  const ConfigDir dir;
  const Home home(dir.path());
  // All six names, so that what this machine has below /etc is never looked for.
  for (const char* name :
       {".glance/glance.conf", "glance.conf", "glance-api.conf", ".glance/glance-manage.conf",
        ".glance/glance.conf.d/b.conf", ".glance/glance.conf.d/a.conf", "glance-api.conf.d/c.conf",
        "glance-manage.conf.d/z.txt"})
    dir.write(name, "[g]\n");
  CHECK(default_config_files() ==
        std::vector<std::filesystem::path>{dir.path() / ".glance/glance.conf",
                                           dir.path() / "glance-api.conf",
                                           dir.path() / ".glance/glance-manage.conf"});
  CHECK(default_config_dir_files() ==
        std::vector<std::filesystem::path>{dir.path() / ".glance/glance.conf.d/a.conf",
                                           dir.path() / ".glance/glance.conf.d/b.conf",
                                           dir.path() / "glance-api.conf.d/c.conf"});
}

TEST_CASE("a tilde in front of a file's name is the home directory") {
  const ConfigDir dir;
  const Home home(dir.path());
  dir.write("x.conf", "[g]\na=1\n");
  CHECK(OsloConfig::read({"~/x.conf"}).get("g", "a") == "1");
}

TEST_CASE("a named file leaves the default directories in force, a named directory the files") {
  const ConfigDir dir;
  const Home home(dir.path());
  dir.write(".glance/glance.conf", "[DEFAULT]\nhashing_algorithm = sha224\n");
  dir.write(".glance/glance-api.conf.d/x.conf", "[DEFAULT]\nhashing_algorithm = sha256\n");
  dir.write("named.conf", "[database]\nconnection = sqlite:////srv/glance.sqlite\n");
  dir.write("named.d/a.conf", "[database]\nconnection = sqlite:////srv/glance.sqlite\n");
  SiteSource by_file;
  by_file.config = {{dir.path() / "named.conf"}};
  CHECK(read_site(by_file).hashing_algorithm == "sha256");
  SiteSource by_dir;
  by_dir.config = {{dir.path() / "named.d", true}};
  CHECK(read_site(by_dir).hashing_algorithm == "sha224");
  SiteSource by_url;
  by_url.database_url = "sqlite:////srv/glance.sqlite";
  CHECK(read_site(by_url).hashing_algorithm == "sha512");
}
