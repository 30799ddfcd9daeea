// SPDX-License-Identifier: Apache-2.0
#include "store/swift/swift_store.h"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "base/error.h"

using namespace backglance;

namespace {

// A site with swift stores from tables of options.
Site site_with(const std::map<std::string, std::map<std::string, std::string>>& stores) {
  Site site;
  for (const auto& [id, options] : stores) {
    Store store{id, "swift", {}};
    store.option = [options](std::string_view name) -> std::optional<std::string> {
      const auto found = options.find(std::string(name));
      return found == options.end() ? std::nullopt : std::optional(found->second);
    };
    site.stores.push_back(std::move(store));
  }
  return site;
}

const std::map<std::string, std::string> kFast = {
    {"swift_store_auth_address", "https://keystone.example:5000/v3"},
    {"swift_store_user", "service:glance"},
    {"swift_store_key", "planted"},
    {"swift_store_container", "images"}};

struct Fixture {
  explicit Fixture(const Site& site, const std::vector<std::string>& rules = {})
      : store(read_swift_configs(site), std::make_shared<const AddressPolicy>(rules), hooks) {}

  SwiftStore::Resolved resolve(const std::string& uri, const std::string& id = {}) const {
    return store.resolve({uri.substr(0, uri.find(':')), uri, id});
  }
  std::string place(const std::string& uri, const std::string& id = {}) const {
    return store.place_of({uri.substr(0, uri.find(':')), uri, id});
  }

  StoreHooks hooks;
  SwiftStore store;
};

}  // namespace

TEST_CASE("a place names a container and a store, and nothing of a location's server") {
  const Fixture fixture(site_with({{"fast", kFast}}));
  CHECK(fixture.place("swift+config://ref1/images/71c6", "fast") ==
        "container images of store fast");
  CHECK(fixture.place("swift+config://ref2/images/71c6", "fast") ==
        "container images of reference ref2 of store fast");
  CHECK(fixture.place("swift://nothing") == "");
  auto tenants = kFast;
  tenants["swift_store_multi_tenant"] = "True";
  const Fixture open(site_with({{"fast", tenants}}), {"planted.example:443"});
  for (const char* uri : {"swift://planted%3Auser:key@planted.example/v3/images/71c6",
                          "swift://planted.example/v1/AUTH_planted/images/71c6"}) {
    const std::string place = open.place(uri, "fast");
    CHECK(place.starts_with("container images of account "));
    CHECK(place.ends_with(" of store fast"));
    CHECK(place.find("planted") == std::string::npos);
    CHECK(open.store.traits(place)->shared == "swift store fast");
    // Nobody is asked: no place is away.
    CHECK(fixture.place(uri, "fast").empty());
  }
  CHECK_FALSE(fixture.store.traits("container images of store slow"));
  const Fixture old(site_with({{"", kFast}}));
  CHECK(old.place("swift+config://ref1/images/71c6") == "container images of the swift store");
}

TEST_CASE("a location that cannot be read, or has no store, says why") {
  const Fixture fixture(site_with({{"fast", kFast}}));
  CHECK(fixture.resolve("swift://nothing").failure->result == ImageResult::unreadable);
  const Fixture none((Site()));
  CHECK(none.resolve("swift+config://ref1/images/71c6").failure->result ==
        ImageResult::store_not_supported);
}

// Row: swift | reference of swift+config unknown, config file absent | place
TEST_CASE("an unknown reference is the fault of the place") {
  const Fixture fixture(site_with({{"fast", kFast}}));
  const auto unknown = fixture.resolve("swift+config://ref2/images/71c6", "fast");
  CHECK(unknown.failure->kind == FailureKind::place);
  CHECK(unknown.failure->reason ==
        "no reference 'ref2' in the accounts file (swift_store_config_file in [fast])");
  const Fixture absent(
      site_with({{"fast", {{"swift_store_config_file", "/nowhere/swift-accounts.conf"}}}}));
  const auto no_file = absent.resolve("swift+config://ref1/images/71c6", "fast");
  CHECK(no_file.failure->kind == FailureKind::place);
  CHECK(no_file.failure->reason.find("/nowhere/swift-accounts.conf") != std::string::npos);
  CHECK(no_file.failure->reason.find("No such file") != std::string::npos);
}

TEST_CASE("a location belongs to the store that its row names, else to one with its reference") {
  auto slow = kFast;
  slow["default_swift_reference"] = "ref2";
  const Fixture fixture(site_with({{"fast", kFast}, {"slow", slow}}));
  CHECK(fixture.resolve("swift+config://ref1/c/o", "slow").target.config->id == "slow");
  CHECK(fixture.resolve("swift+config://ref2/c/o", "gone").target.config->id == "fast");
  CHECK_FALSE(fixture.resolve("swift+config://ref2/c/o", "gone").failure);
}

TEST_CASE("the user and key of a reference are that account's") {
  const Fixture fixture(site_with({{"fast", kFast}}));
  const auto row = fixture.resolve(
      "swift+https://service%3Aglance:planted@keystone.example:5000/v3/images/71c6", "fast");
  REQUIRE_FALSE(row.failure);
  CHECK(row.target.owner == SwiftOwner::configuration);
  CHECK(row.target.place == "container images of store fast");
}

TEST_CASE("the configured key is not used for a location with another one") {
  const Fixture fixture(site_with({{"fast", kFast}}));
  const auto row = fixture.resolve(
      "swift+https://service%3Aglance:old@keystone.example:5000/v3/images/71c6", "fast");
  REQUIRE_FALSE(row.failure);
  CHECK(row.target.owner == SwiftOwner::location);
  CHECK(row.target.account.key == "old");
  CHECK(row.target.place != "container images of store fast");
}

TEST_CASE("another user at a configured server has the key of the location alone") {
  const Fixture fixture(site_with({{"fast", kFast}}));
  const auto row = fixture.resolve(
      "swift+https://service%3Aother:own@keystone.example:5000/v3/images/71c6", "fast");
  REQUIRE_FALSE(row.failure);
  CHECK(row.target.owner == SwiftOwner::location);
  CHECK_FALSE(row.target.is_foreign);
  CHECK(row.target.account.key == "own");
}

TEST_CASE("an auth server that only a location names is asked only if the operator allows it") {
  // The configured user: no configured secret goes there.
  const std::string uri = "swift+http://service%3Aglance:own@keystone.example:5000/v3/images/71c6";
  const auto off = Fixture(site_with({{"fast", kFast}})).resolve(uri, "fast");
  CHECK(off.failure->result == ImageResult::store_not_supported);
  CHECK(off.failure->kind == FailureKind::image);
  const auto other =
      Fixture(site_with({{"fast", kFast}}), {"elsewhere.example:5000"}).resolve(uri, "fast");
  CHECK(other.failure->result == ImageResult::unreadable);
  const auto on =
      Fixture(site_with({{"fast", kFast}}), {"keystone.example:5000"}).resolve(uri, "fast");
  REQUIRE_FALSE(on.failure);
  CHECK(on.target.is_foreign);
  CHECK(on.target.owner == SwiftOwner::location);
  CHECK(on.target.account.key == "own");
}

TEST_CASE("a multi-tenant location needs a multi-tenant store and a configured user") {
  const std::string uri = "swift+https://swift.example/v1/AUTH_1/images/71c6";
  const Fixture none(site_with({{"fast", {{"swift_store_multi_tenant", "true"}}}}));
  const auto no_user = none.resolve(uri, "fast");
  CHECK(no_user.failure->result == ImageResult::unreadable);
  CHECK(no_user.failure->kind == FailureKind::image);
  CHECK(no_user.failure->reason.find("no user who may read") != std::string::npos);
  const auto off = Fixture(site_with({{"fast", kFast}})).resolve(uri, "fast");
  CHECK(off.failure->result == ImageResult::unreadable);
  CHECK(off.failure->reason.find("swift_store_multi_tenant is off") != std::string::npos);
  auto tenants = kFast;
  tenants["swift_store_multi_tenant"] = "True";
  const auto on = Fixture(site_with({{"fast", tenants}})).resolve(uri, "fast");
  REQUIRE_FALSE(on.failure);
  CHECK(on.target.storage_url == "https://swift.example/v1/AUTH_1");
  CHECK(on.target.owner == SwiftOwner::configuration);
}

TEST_CASE("options of the wrong type are refused") {
  CHECK_THROWS_AS(read_swift_configs(site_with({{"a", {{"swift_store_multi_tenant", "maybe"}}}})),
                  Error);
  CHECK_THROWS_AS(
      read_swift_configs(site_with({{"a", {{"swift_store_expire_soon_interval", "soon"}}}})),
      Error);
}

TEST_CASE("a store without an account is away, and says which option is missing") {
  Fixture fixture(site_with({{"fast", {}}}));
  const auto states = fixture.store.survey();
  REQUIRE(states.size() == 1);
  CHECK(states[0].place == "container glance of store fast");
  CHECK(states[0].away.starts_with("[fast] names no account: set swift_store_config_file"));
}
