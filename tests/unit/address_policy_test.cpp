// SPDX-License-Identifier: Apache-2.0
#include "store/net/address_policy.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "base/error.h"

using namespace backglance;

namespace {

bool is_public(const std::string& text) {
  const auto address = parse_address(text);
  REQUIRE(address);
  return is_public_address(*address);
}

bool allows(const AddressPolicy& policy, const std::string& host, int port,
            const std::string& address) {
  if (address.find(':') == std::string::npos) {
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    REQUIRE(inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1);
    return policy.allows(host, port, reinterpret_cast<const sockaddr&>(v4));
  }
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  REQUIRE(inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1);
  return policy.allows(host, port, reinterpret_cast<const sockaddr&>(v6));
}

}  // namespace

TEST_CASE("no address that only this host or its network reaches is public") {
  // The first and the last of each range.
  for (const char* text :
       {"0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255",
        "127.0.0.1", "127.255.255.255", "169.254.0.0", "169.254.255.255", "172.16.0.0",
        "172.31.255.255", "192.0.0.0", "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.0",
        "192.88.99.255", "192.168.0.0", "192.168.255.255", "198.18.0.0", "198.19.255.255",
        "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255", "224.0.0.0",
        "239.255.255.255", "240.0.0.0", "255.255.255.255",
        // metadata services
        "169.254.169.254", "100.100.100.200", "fd00:ec2::254", "168.63.129.16",
        "::ffff:168.63.129.16",
        // IPv6
        "::", "::1", "::10.0.0.1", "::8.8.8.8", "64:ff9b:1::", "64:ff9b:1::8.8.8.8", "100::1",
        "2001::1", "2001:0:1::1", "2001:1ff:ffff::1", "2001:db8::", "2001:db8:ffff::1", "3fff::1",
        "fc00::", "fdff:ffff::1", "fe80::1", "febf::1", "fec0::1", "feff::1", "ff00::", "ff02::1",
        "1fff::1", "4000::1", "5f00::1",
        // an IPv4 address within
        "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:0.0.0.0", "64:ff9b::127.0.0.1",
        "64:ff9b::169.254.169.254", "2002:7f00:1::", "2002:a01:203::1", "2002:a9fe:a9fe::1"}) {
    CAPTURE(text);
    CHECK_FALSE(is_public(text));
  }
}

TEST_CASE("the addresses beside these ranges are public") {
  for (const char* text :
       {"1.0.0.0",        "9.255.255.255",   "11.0.0.0",       "100.63.255.255",
        "100.128.0.0",    "126.255.255.255", "128.0.0.0",      "169.253.255.255",
        "169.255.0.0",    "172.15.255.255",  "172.32.0.0",     "192.0.1.0",
        "192.0.3.0",      "192.88.98.255",   "192.88.100.0",   "192.167.255.255",
        "192.169.0.0",    "198.17.255.255",  "198.20.0.0",     "198.51.99.255",
        "198.51.101.0",   "203.0.112.255",   "203.0.114.0",    "223.255.255.255",
        "8.8.8.8",        "2001:200::1",     "2001:db7::1",    "2001:db9::1",
        "2600::1",        "3ffe::1",         "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
        "2002:808:808::1"}) {
    CAPTURE(text);
    CHECK(is_public(text));
  }
}

TEST_CASE("an address of this host's own is not public") {
  ifaddrs* first = nullptr;
  REQUIRE(getifaddrs(&first) == 0);
  int checked = 0;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr ||
        (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
      continue;
    // Whatever its number is, for there are hosts with public ones.
    CHECK_FALSE(AddressPolicy({"public"}).allows("example.org", 80, *one->ifa_addr));
    ++checked;
  }
  freeifaddrs(first);
  CHECK(checked > 0);
}

TEST_CASE("no address is public while this host's own cannot be listed") {
  REQUIRE(is_public("8.8.8.8"));
  rlimit before = {};
  REQUIRE(getrlimit(RLIMIT_NOFILE, &before) == 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const bool found = is_public_address(*parse_address("8.8.8.8"));
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_FALSE(found);
}

TEST_CASE("only the usual spelling of an address is one") {
  for (const char* text : {"", "127.1", "0x7f000001", "2130706433", "010.0.0.1x", "1.2.3.4.5",
                           "[::1]", "fe80::1%eth0", "example.org", "1.2.3"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_address(text));
  }
  CHECK(parse_address("10.0.0.1") == parse_address("::ffff:10.0.0.1"));
}

TEST_CASE("without a rule nothing is allowed") {
  const AddressPolicy policy({});
  CHECK(policy.allows_nothing());
  CHECK_FALSE(policy.may_allow("example.org", 80));
  CHECK_FALSE(allows(policy, "example.org", 80, "8.8.8.8"));
}

TEST_CASE("a name allows its own addresses, at its ports") {
  const AddressPolicy policy({"Images.Example.org", "files.example.org:8080"});
  CHECK_FALSE(policy.allows_nothing());
  for (const char* host : {"images.example.org", "IMAGES.example.ORG", "images.example.org."}) {
    CAPTURE(host);
    CHECK(allows(policy, host, 80, "10.0.0.1"));
    CHECK(allows(policy, host, 443, "fd00::1"));
    CHECK_FALSE(allows(policy, host, 8080, "10.0.0.1"));
    CHECK(policy.may_allow(host, 443));
    CHECK_FALSE(policy.may_allow(host, 22));
    CHECK(policy.names(host, 443));
    CHECK_FALSE(policy.names(host, 8080));
  }
  CHECK(allows(policy, "files.example.org", 8080, "127.0.0.1"));
  CHECK_FALSE(allows(policy, "files.example.org", 80, "127.0.0.1"));
  for (const char* host : {"example.org", "x.images.example.org", "images.example.org.evil.net",
                           "images.example.or", ""}) {
    CAPTURE(host);
    CHECK_FALSE(allows(policy, host, 80, "8.8.8.8"));
    CHECK_FALSE(policy.may_allow(host, 80));
    CHECK_FALSE(policy.names(host, 80));
  }
}

TEST_CASE("a range allows its addresses, whatever name leads to them") {
  const AddressPolicy policy({"10.1.0.0/16", "192.168.7.7:8080", "[fd00:1::]/32:8443", "fd02::/16",
                              "[fd03::1]", "[fd04::/16]:81"});
  CHECK(allows(policy, "any.example.org", 80, "10.1.0.0"));
  CHECK(allows(policy, "any.example.org", 443, "10.1.255.255"));
  CHECK(allows(policy, "any.example.org", 443, "::ffff:10.1.2.3"));
  for (const char* address : {"10.0.255.255", "10.2.0.0", "127.0.0.1", "8.8.8.8", "fd01::1", "::1",
                              "64:ff9b::10.1.2.3"}) {
    CAPTURE(address);
    CHECK_FALSE(allows(policy, "any.example.org", 80, address));
  }
  CHECK_FALSE(allows(policy, "any.example.org", 8080, "10.1.2.3"));
  CHECK(allows(policy, "192.168.7.7", 8080, "192.168.7.7"));
  CHECK_FALSE(allows(policy, "192.168.7.7", 80, "192.168.7.7"));
  CHECK(allows(policy, "a", 8443, "fd00:1:ffff::1"));
  CHECK_FALSE(allows(policy, "a", 8443, "fd00:2::1"));
  CHECK(allows(policy, "a", 443, "fd02::1"));
  CHECK(allows(policy, "a", 80, "fd03::1"));
  CHECK_FALSE(allows(policy, "a", 80, "fd03::2"));
  CHECK(allows(policy, "a", 81, "fd04::2"));

  // A name could lead there; an address says at once whether it is there.
  CHECK(policy.may_allow("any.example.org", 80));
  CHECK_FALSE(policy.may_allow("any.example.org", 9999));
  CHECK(policy.may_allow("10.1.2.3", 80));
  CHECK_FALSE(policy.may_allow("127.0.0.1", 80));
  // Only single addresses are servers that the operator has named.
  CHECK(policy.names("192.168.7.7", 8080));
  CHECK(policy.names("fd03::1", 80));
  CHECK_FALSE(policy.names("10.1.2.3", 80));
  CHECK_FALSE(policy.names("any.example.org", 80));
}

TEST_CASE("public allows public addresses at 80 and 443") {
  const AddressPolicy policy({" PUBLIC "});
  CHECK(allows(policy, "example.org", 80, "8.8.8.8"));
  CHECK(allows(policy, "example.org", 443, "2600::1"));
  CHECK_FALSE(allows(policy, "example.org", 8080, "8.8.8.8"));
  CHECK_FALSE(allows(policy, "example.org", 80, "169.254.169.254"));
  CHECK(policy.may_allow("example.org", 443));
  CHECK_FALSE(policy.may_allow("example.org", 8443));
  CHECK_FALSE(policy.may_allow("10.0.0.1", 80));
  CHECK_FALSE(policy.may_allow("::1", 80));
  CHECK_FALSE(policy.names("8.8.8.8", 80));
}

TEST_CASE("an address of another family is never allowed") {
  sockaddr other = {};
  other.sa_family = AF_UNIX;
  CHECK_FALSE(AddressPolicy({"public", "0.0.0.0/0", "::/0", "a"}).allows("a", 80, other));
}

TEST_CASE("a rule that cannot be meant is refused") {
  for (const char* rule : {"",
                           " ",
                           "*",
                           "*.example.org",
                           "http://example.org",
                           "example.org/images",
                           "example.org:",
                           "example.org:0",
                           "example.org:65536",
                           "example.org:http",
                           "example.org:80:80",
                           "10.0.0.300",
                           "10.0.0",
                           "127.1",
                           "2130706433",
                           "0x7f000001",
                           "10.1.2.3/8",
                           "10.0.0.0/33",
                           "10.0.0.0/-1",
                           "10.0.0.0/",
                           "10.0.0.0/a",
                           "fd00::/129",
                           "fd00::1/8",
                           "[fd00::",
                           "[10.0.0.1]",
                           "[example.org]",
                           "[fd00::]x",
                           "[fd00::]/8x",
                           "[fd00::/8]/8",
                           "-a",
                           "a..b",
                           "user@host",
                           "public:8080",
                           "exam ple.org"}) {
    CAPTURE(rule);
    try {
      const AddressPolicy policy({rule});
      FAIL_CHECK("it was taken");
    } catch (const Error& error) {
      CHECK(error.kind() == ErrorKind::usage);
      CHECK(std::string(error.what()).find("--allow-http") != std::string::npos);
    }
  }
}
