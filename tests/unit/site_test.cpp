// SPDX-License-Identifier: Apache-2.0
#include "glance/site.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "config_dir.h"

using namespace backglance;

namespace {

namespace fs = std::filesystem;

constexpr const char* kDatabase = "[database]\nconnection = sqlite:////srv/glance.db\n";

Site site_of(const std::string& text) {
  const ConfigDir dir;
  SiteSource source;
  source.config = {{dir.write("glance-api.conf", text)}};
  return read_site(source);
}

std::vector<fs::path> directories_of(const std::string& store_options) {
  return site_of(kDatabase + std::string("[glance_store]\nstores = file\n") + store_options)
      .store_directories();
}

std::optional<Error> refusal_of(const std::string& text) {
  return error_of([&] { site_of(text); });
}

}  // namespace

TEST_CASE("a site that sets nothing but its database has Glance's defaults") {
  const Site site = site_of(kDatabase);
  CHECK(site.database.database == "/srv/glance.db");
  CHECK(site.hashing_algorithm == "sha512");
  CHECK(site.metadata_encryption_key.empty());
  REQUIRE(site.stores.size() == 2);
  CHECK(site.stores[0].id.empty());
  CHECK(site.stores[0].type == "file");
  CHECK(site.stores[0].directories == std::vector<fs::path>{"/var/lib/glance/images"});
  CHECK(site.stores[1].type == "http");
  CHECK(site.stores[1].directories.empty());
  CHECK(site.config_files.size() == 1);
}

TEST_CASE("hashing algorithm and key are taken as they are configured") {
  const Site site = site_of(
      "[DEFAULT]\nhashing_algorithm = SHA3-256\nmetadata_encryption_key = 0123456789abcdef\n" +
      std::string(kDatabase));
  CHECK(site.hashing_algorithm == "SHA3-256");
  CHECK(site.metadata_encryption_key == "0123456789abcdef");
}

TEST_CASE("the order of the stores is taken as it is configured") {
  const Site site = site_of(
      "[DEFAULT]\nenabled_backends = a:file, b:rbd, c:http\nlocation_strategy = store_type\n"
      "[a]\nweight = -7\n[b]\nweight = 100\n[store_type_location_strategy]\n"
      "store_type_preference = rbd, file\n" +
      std::string(kDatabase));
  CHECK(site.store_weights == StoreWeights{{"a", -7}, {"b", 100}});
  CHECK(site.store_type_preference == std::vector<std::string>{"rbd", "file"});
  const Site by_id = site_of("[store_type_location_strategy]\nstore_type_preference = rbd\n" +
                             std::string(kDatabase));
  CHECK(by_id.store_weights.empty());
  CHECK(by_id.store_type_preference.empty());
  CHECK(refusal_of("[DEFAULT]\nenabled_backends = a:file\n[a]\nweight = much\n" +
                   std::string(kDatabase))
            .has_value());
}

TEST_CASE("the database is found under each of its old names") {
  for (const std::string text :
       {"[DEFAULT]\nsql_connection", "[DATABASE]\nsql_connection", "[sql]\nconnection"})
    CHECK(site_of(text + " = sqlite:////old.db\n").database.database == "/old.db");
  CHECK(
      site_of("[sql]\nconnection=sqlite:////old.db\n" + std::string(kDatabase)).database.database ==
      "/srv/glance.db");
}

TEST_CASE("a relative SQLite path stays relative") {
  CHECK(site_of("[database]\nconnection = sqlite:///x.db\n").database.database == "x.db");
}

TEST_CASE("references reach into the database's URL and the directories") {
  const Site site = site_of(
      "[DEFAULT]\nstate_path = /srv/glance\ndb_password = s3cr%40t$$\n"
      "[database]\nconnection = mysql+pymysql://glance:${db_password}@db/glance\n"
      "[glance_store]\nfilesystem_store_datadir = $state_path/images/\n");
  CHECK(site.database.password == "s3cr@t$");
  CHECK(site.store_directories() == std::vector<fs::path>{"/srv/glance/images"});
}

TEST_CASE("an old-style file store's directories are absolute and lose the slash at their end") {
  CHECK(directories_of("filesystem_store_datadir = /a/b//\n") == std::vector<fs::path>{"/a/b"});
  CHECK(directories_of("filesystem_store_datadir = /\n") == std::vector<fs::path>{"/"});
  CHECK(directories_of("filesystem_store_datadir = a/b/\n") ==
        std::vector<fs::path>{fs::current_path() / "a/b"});
  CHECK(directories_of("filesystem_store_datadir =\n").empty());
}

TEST_CASE("several directories are ordered by priority, equal ones as they stand") {
  CHECK(directories_of("filesystem_store_datadirs = /low:-5\n"
                       "filesystem_store_datadirs = /none\n"
                       "filesystem_store_datadirs = /high : 200\n"
                       "filesystem_store_datadirs = /empty/:\n"
                       "filesystem_store_datadirs = /a:b:+7\n"
                       "filesystem_store_datadirs = /none/:0\n") ==
        std::vector<fs::path>{"/high", "/a:b", "/none", "/empty", "/low"});
  CHECK(directories_of("filesystem_store_datadir =\nfilesystem_store_datadirs = /a\n") ==
        std::vector<fs::path>{"/a"});
}

TEST_CASE("directories that glance_store refuses are refused") {
  const std::string head = kDatabase + std::string("[glance_store]\n");
  for (const std::string text : {
           "filesystem_store_datadirs = /a:high\n",
           "filesystem_store_datadirs = /a:1.5\n",
           "filesystem_store_datadirs = :5\n",
           "filesystem_store_datadir = /a\nfilesystem_store_datadirs = /b\n",
       }) {
    CAPTURE(text);
    const auto error = refusal_of(head + text);
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::usage);
    CHECK(std::string(error->what()).find("[glance_store] filesystem_store_datadirs") == 0);
  }
}

TEST_CASE("the old-style list of stores is cut at commas, each type once") {
  const Site site = site_of(
      kDatabase + std::string("[glance_store]\nstores = rbd , glance.store.filesystem.Store,"
                              "file, glance.store.swift.Store,\n"));
  REQUIRE(site.stores.size() == 3);
  CHECK(site.stores[0].type == "rbd");
  CHECK(site.stores[1].type == "file");
  CHECK(site.stores[1].directories == std::vector<fs::path>{"/var/lib/glance/images"});
  CHECK(site.stores[2].type == "swift");
}

TEST_CASE("each of enabled_backends is read from the group of its id") {
  const Site site = site_of(
      "[DEFAULT]\nenabled_backends = Fast:file, slow : rbd,os_glance_tasks_store:file, cold:file\n"
      "[fast]\nfilesystem_store_datadir = /fast/\n"
      "[cold]\nfilesystem_store_datadirs = /cold/1:10\nfilesystem_store_datadirs = /cold/2:20\n"
      "[os_glance_tasks_store]\nfilesystem_store_datadir = /tasks\n"
      "[glance_store]\nfilesystem_store_datadir = /old\n" +
      std::string(kDatabase));
  REQUIRE(site.stores.size() == 3);
  CHECK(site.stores[0].id == "Fast");
  CHECK(site.stores[1].id == "slow");
  CHECK(site.stores[1].type == "rbd");
  CHECK(site.stores[2].id == "cold");
  CHECK(site.store_directories() == std::vector<fs::path>{"/fast", "/cold/2", "/cold/1"});
}

TEST_CASE("a backend's option that its group lacks comes from backend_defaults") {
  const Site site = site_of(
      "[DEFAULT]\nenabled_backends = a:file,b:file,c:file\n"
      "[backend_defaults]\nfilesystem_store_datadir = /common\n"
      "[b]\nfilesystem_store_datadir = /b\n" +
      std::string(kDatabase));
  CHECK(site.store_directories() == std::vector<fs::path>{"/common", "/b"});
}

TEST_CASE("enabled_backends that is no list of pairs is refused") {
  for (const std::string value : {"file", "a:file,", ":file", "a:file, a:rbd"}) {
    CAPTURE(value);
    const auto error = refusal_of("[DEFAULT]\nenabled_backends = " + value + "\n" + kDatabase);
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::usage);
    CHECK(std::string(error->what()).find("[DEFAULT] enabled_backends") == 0);
  }
}

TEST_CASE("later files win, those of directories in their turn") {
  const ConfigDir dir;
  SiteSource source;
  source.config = {
      {dir.write("1.conf",
                 "[DEFAULT]\nhashing_algorithm=md5\n[database]\nconnection=sqlite:///1\n")},
      {dir.write("2.conf", "[database]\nconnection=sqlite:///2\n")}};
  dir.write("d/b.conf", "[database]\nconnection=sqlite:///b\n");
  dir.write("d/a.conf", "[database]\nconnection=sqlite:///a\n");
  CHECK(read_site(source).database.database == "2");
  source.config.push_back({dir.path() / "d", true});
  const Site site = read_site(source);
  CHECK(site.database.database == "b");
  CHECK(site.hashing_algorithm == "md5");
  CHECK(site.config_files.size() == 4);
  std::swap(source.config[1], source.config[2]);
  CHECK(read_site(source).database.database == "2");
}

TEST_CASE("the environment wins over files, and the command line over it") {
  const ConfigDir dir;
  SiteSource source;
  source.config = {{dir.write("x.conf",
                              "[DEFAULT]\nhashing_algorithm=md5\n[database]\n"
                              "connection=sqlite:///file\n")}};
  setenv("OS_DATABASE__CONNECTION", "sqlite:///environment-$hashing_algorithm", 1);
  CHECK(read_site(source).database.database == "environment-md5");
  setenv("OS_DEFAULT__HASHING_ALGORITHM", "sha256", 1);
  CHECK(read_site(source).database.database == "environment-sha256");
  CHECK(read_site(source).hashing_algorithm == "sha256");
  source.database_url = "sqlite:///command-line";
  CHECK(read_site(source).database.database == "command-line");
  unsetenv("OS_DATABASE__CONNECTION");
  unsetenv("OS_DEFAULT__HASHING_ALGORITHM");
}

TEST_CASE("a database URL needs no file and wins over one") {
  SiteSource source;
  source.database_url = "sqlite:////tmp/x.db";
  source.store_dirs = {"/images/", "more", "/images"};
  const Site site = read_site(source);
  CHECK(site.database.database == "/tmp/x.db");
  CHECK(site.config_files.empty());
  CHECK(site.store_directories() == std::vector<fs::path>{"/images", fs::current_path() / "more"});
  const ConfigDir dir;
  source.config = {{dir.write(
      "x.conf", "[DEFAULT]\nhashing_algorithm=sha256\n[database]\nconnection=broken\n")}};
  CHECK(read_site(source).database.database == "/tmp/x.db");
  CHECK(read_site(source).hashing_algorithm == "sha256");
}

TEST_CASE("store directories of the command line take the place of all file stores") {
  const ConfigDir dir;
  SiteSource source;
  source.config = {{dir.write("x.conf", std::string(kDatabase) +
                                            "[DEFAULT]\nenabled_backends = a:file,r:rbd,b:file\n"
                                            "[a]\nfilesystem_store_datadirs = /a:broken\n")}};
  source.store_dirs = {"/images"};
  const Site site = read_site(source);
  REQUIRE(site.stores.size() == 2);
  CHECK(site.stores[0].id.empty());
  CHECK(site.stores[0].directories == std::vector<fs::path>{"/images"});
  CHECK(site.stores[1].type == "rbd");
  source.store_dirs = {""};
  CHECK(error_of([&] { read_site(source); })->kind() == ErrorKind::usage);
}

TEST_CASE("a site without a database is refused, and the error says how to name one") {
  for (const std::string text : {"", "[database]\n", "[database]\nconnection =\n"}) {
    const auto error = refusal_of(text);
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::usage);
    CHECK(error->next().find("--database") != std::string::npos);
  }
}

TEST_CASE("a wrong URL in a file is refused without showing it") {
  const auto error = refusal_of("[database]\nconnection = mysql://u:hush@h:x/d\n");
  REQUIRE(error);
  CHECK(error->kind() == ErrorKind::usage);
  CHECK(std::string(error->what()).find("[database] connection: ") == 0);
  CHECK(std::string(error->what()).find("hush") == std::string::npos);
}

TEST_CASE("an encryption key of a wrong length is refused without showing it") {
  for (const std::string key :
       {"hush", "hush0123456789abc", "hush0123456789abcdef0123456789abcdef"}) {
    const auto error = refusal_of("[DEFAULT]\nmetadata_encryption_key = " + key + "\n" + kDatabase);
    REQUIRE(error);
    CHECK(error->kind() == ErrorKind::usage);
    CHECK(std::string(error->what()).find("hush") == std::string::npos);
  }
  // 24 bytes of UTF-8 in 12 characters.
  CHECK(site_of("[DEFAULT]\nmetadata_encryption_key = "
                "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                "\xc3\xa4\xc3\xa4\n" +
                std::string(kDatabase))
            .metadata_encryption_key.size() == 24);
}

TEST_CASE("a configuration file or directory that does not exist is an error") {
  const ConfigDir dir;
  SiteSource source;
  source.config = {{dir.path() / "none.conf"}};
  CHECK(error_of([&] { read_site(source); })->kind() == ErrorKind::usage);
  source.config = {{dir.path() / "none.d", true}};
  CHECK(error_of([&] { read_site(source); })->kind() == ErrorKind::usage);
}
