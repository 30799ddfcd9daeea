// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/error.h"
#include "store/swift/accounts_file.h"

using namespace backglance;
namespace fs = std::filesystem;

namespace {

struct AccountsText {
  explicit AccountsText(const std::string& text) {
    std::string name = (fs::temp_directory_path() / "swift-accounts-XXXXXX").native();
    folder = mkdtemp(name.data());
    std::ofstream(folder / "swift.conf") << text;
  }
  ~AccountsText() { fs::remove_all(folder); }
  AccountsText(const AccountsText&) = delete;
  AccountsText& operator=(const AccountsText&) = delete;

  SwiftAccounts read() const { return read_swift_accounts(folder / "swift.conf", "3"); }

  fs::path folder;
};

SwiftAccount account(const SwiftAccounts& accounts, const std::string& reference) {
  return std::get<SwiftAccount>(accounts.at(reference));
}

std::string fault(const std::string& text) {
  return std::get<std::string>(AccountsText("[ref1]\n" + text).read().at("ref1"));
}

std::string refusal(const std::string& text) {
  try {
    AccountsText(text).read();
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace

TEST_CASE("the accounts file is read as Python's ConfigParser reads it") {
  const AccountsText file(
      "# a comment\n"
      "[DEFAULT]\n"
      "host = keystone.example\n"
      "[ref1]\n"
      "Auth_Address = https://%(host)s:5000/v3/\n"
      "user: service:glance\n"
      "key = 100%%sure\n"
      "user_domain_id = default\n"
      "; another\n"
      "[Ref2]\n"
      "auth_address = old.example/auth/v1.0\n"
      "user = 'a:b'\n"
      "key = \"x'y\"\n"
      "auth_version = 1\n"
      "[ref3]\n"
      "auth_address = http://keystone.example\n"
      "application_credential_id = 21dced0f\n"
      "application_credential_secret = planted\n");
  const SwiftAccounts accounts = file.read();
  REQUIRE(accounts.size() == 3);
  CHECK(account(accounts, "ref1").auth_url == "https://keystone.example:5000/v3");
  CHECK(account(accounts, "ref1").user == "service:glance");
  CHECK(account(accounts, "ref1").key == "100%sure");
  CHECK(account(accounts, "ref1").user_domain_id == "default");
  CHECK(account(accounts, "ref1").auth_version == "3");
  CHECK_FALSE(account(accounts, "ref1").is_version_1());
  CHECK(account(accounts, "Ref2").auth_url == "https://old.example/auth/v1.0");
  CHECK(account(accounts, "Ref2").user == "a:b");
  CHECK(account(accounts, "Ref2").key == "x'y");
  CHECK(account(accounts, "Ref2").is_version_1());
  CHECK(account(accounts, "ref3").application_credential_secret == "planted");
  CHECK(account(accounts, "ref3").user.empty());
}

TEST_CASE("a section that cannot be used says why, and shows no value") {
  const std::string rest = "auth_address = a\nuser = b:c\n";
  CHECK(fault(rest).find("has no key") != std::string::npos);
  CHECK(fault(rest + "key = plan%ted").find("key has a '%'") != std::string::npos);
  CHECK(fault(rest + "key = %(planted)s").find("is not there") != std::string::npos);
  CHECK(fault(rest + "key = %(key)s").find("refers to itself") != std::string::npos);
  CHECK(fault(rest + "key = 'planted").find("not closed") != std::string::npos);
  CHECK(fault(rest + "key = planted\n  more").find("more than one line") != std::string::npos);
  for (const char* key : {"plan%ted", "%(planted)s", "'planted", "planted\n  more"})
    CHECK(fault(rest + "key = " + key).find("planted") == std::string::npos);
}

TEST_CASE("a file that is no accounts file is refused, and its lines are not shown") {
  CHECK(refusal("key = planted\n").find("line 1") != std::string::npos);
  CHECK(refusal("[ref1]\nplanted\n").find("line 2") != std::string::npos);
  CHECK(refusal("[ref1]\nkey = planted\nKEY = planted\n").find("line 3") != std::string::npos);
  CHECK(refusal("[ref1]\n[ref1]\n").find("line 2") != std::string::npos);
  CHECK(refusal("[ref1]\nplanted\n").find("planted") == std::string::npos);
  CHECK_THROWS_AS(read_swift_accounts("/nowhere/at/all", "3"), Error);
  CHECK_THROWS_AS(read_swift_accounts("/", "3"), Error);
}

TEST_CASE("the same user is the same account, whatever the key is") {
  SwiftAccount one{.auth_url = "https://a/v3", .user = "p:u", .key = "old"};
  SwiftAccount other = one;
  other.key = "new";
  other.user_domain_id = "default";
  CHECK(one.is_same_user(other));  // the domain of a user without one
  other.user_domain_id = "another";
  CHECK_FALSE(one.is_same_user(other));
  other.user_domain_id.clear();
  other.user = "p:v";
  CHECK_FALSE(one.is_same_user(other));
}
