// SPDX-License-Identifier: Apache-2.0
#include "store/stores.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "base/error.h"

using namespace backglance;
namespace fs = std::filesystem;

namespace {

struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "stores-test-XXXXXX").native();
    path = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path path;
};

Site site_with(std::vector<fs::path> directories) {
  Site site;
  site.stores.push_back({"", "file", std::move(directories)});
  return site;
}

ImageResult failure_of(const Stores& stores, const std::string& location) {
  return std::get<ReadFailure>(stores.find(location, "")).result;
}

}  // namespace

TEST_CASE("each scheme belongs to one type of store") {
  std::set<std::string_view> names;
  std::set<std::string_view> schemes;
  std::size_t count = 0;
  for (const StoreType& type : store_types()) {
    CHECK(names.insert(type.name).second);
    CHECK(find_store_type(type.name) == &type);
    for (const std::string_view scheme : type.schemes) {
      schemes.insert(scheme);
      ++count;
    }
    CHECK(type.open(Site(), {}, StoreHooks()) != nullptr);
  }
  CHECK(schemes.size() == count);
  CHECK(find_store_type("no-such-store") == nullptr);
}

TEST_CASE("a location is opened by the store of its scheme") {
  const Folder folder;
  std::ofstream(folder.path / "image") << "text";
  const Stores stores(site_with({folder.path}));
  for (const char* scheme : {"file://", "filesystem://"}) {
    const auto found = stores.find(scheme + (folder.path / "image").native(), "");
    CHECK(std::get<FoundLocation>(found).place() == folder.path.native());
    CHECK(std::get<FoundLocation>(found).opens());
  }
  const auto gone = stores.find("file://" + (folder.path / "gone").native(), "");
  CHECK_FALSE(std::get<FoundLocation>(gone).opens());
  CHECK(failure_of(stores, "https://example.org/image") == ImageResult::store_not_supported);
  CHECK(failure_of(stores, "no location at all") == ImageResult::unreadable);
}

TEST_CASE("a site whose store directories are all away is no site without images") {
  const Folder folder;
  const fs::path gone = folder.path / "gone";
  CHECK_THROWS_AS(Stores(site_with({gone})), Error);
  CHECK_THROWS_AS(Stores(site_with({gone, ""})), Error);
  const Stores stores(site_with({folder.path, gone}));
  CHECK(stores.places() == std::vector<std::string>{folder.path, gone});
  CHECK(stores.unavailable() == std::vector<std::string>{gone});
  CHECK(Stores(Site()).places().empty());
}

TEST_CASE("a place is empty only if it is there and holds nothing") {
  const Folder folder;
  const Stores stores(site_with({folder.path}));
  CHECK(stores.is_empty(folder.path));
  CHECK_FALSE(stores.is_empty(""));
  std::ofstream(folder.path / "image") << "text";
  CHECK_FALSE(stores.is_empty(folder.path));
}
