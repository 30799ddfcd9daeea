// SPDX-License-Identifier: Apache-2.0
#include "store/net/address_policy.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

constexpr int kBits = 128;
constexpr int kBitsBeforeV4 = 96;
constexpr int kHttpPort = 80;
constexpr int kHttpsPort = 443;

AddressBytes from_v4(const std::uint8_t* bytes) {
  AddressBytes address = {};
  address[10] = address[11] = 0xff;
  std::copy_n(bytes, 4, address.begin() + 12);
  return address;
}

bool is_within(const AddressBytes& address, const AddressBytes& net, int prefix) {
  const auto whole = static_cast<std::size_t>(prefix / 8);
  if (!std::equal(net.begin(), net.begin() + static_cast<std::ptrdiff_t>(whole), address.begin()))
    return false;
  const int rest = prefix % 8;
  return rest == 0 || ((address[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

struct Range {
  std::string_view net;
  int prefix;
};

bool is_in(const AddressBytes& address, const auto& ranges) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    const auto net = parse_address(range.net);
    const int before = range.net.find(':') == std::string_view::npos ? kBitsBeforeV4 : 0;
    return net && is_within(address, *net, before + range.prefix);
  });
}

// The registry of IANA for IPv4, what is not unicast, and addresses that look public but are those
// of a cloud's own services.
constexpr std::array kNotPublicV4 = {
    Range{"0.0.0.0", 8},                                  // Linux connects to itself
    Range{"10.0.0.0", 8},      Range{"100.64.0.0", 10},   // carriers; some metadata services
    Range{"127.0.0.0", 8},     Range{"169.254.0.0", 16},  // link-local; most metadata services
    Range{"172.16.0.0", 12},   Range{"192.0.0.0", 24},     Range{"192.0.2.0", 24},
    Range{"192.88.99.0", 24},  Range{"192.168.0.0", 16},   Range{"198.18.0.0", 15},
    Range{"198.51.100.0", 24}, Range{"203.0.113.0", 24},   Range{"224.0.0.0", 4},
    Range{"240.0.0.0", 4},     Range{"168.63.129.16", 32},  // Azure's metadata and agent service
};
// All that IANA has given out as global unicast is in here: everything else (::1, fc00::/7,
// fe80::/10, fec0::/10, ff00::/8, 100::/64, 64:ff9b:1::/48, ::/96, ...) is not public.
constexpr std::array kGlobalV6 = {Range{"2000::", 3}};
constexpr std::array kNotPublicV6 = {
    Range{"2001::", 23},  // protocols; Teredo, whose inner address is another's to choose
    Range{"2001:db8::", 32},
    Range{"3fff::", 20},
};
constexpr std::array kV4Mapped = {Range{"::ffff:0:0", 96}};
constexpr std::array kNat64 = {Range{"64:ff9b::", 96}};
constexpr std::array k6to4 = {Range{"2002::", 16}};

bool is_public_by_number(const AddressBytes& address) {
  if (is_in(address, kV4Mapped))
    return !is_in(address, kNotPublicV4);
  if (is_in(address, kNat64))
    return is_public_by_number(from_v4(&address[12]));
  if (is_in(address, k6to4))
    return is_public_by_number(from_v4(&address[2]));
  return is_in(address, kGlobalV6) && !is_in(address, kNotPublicV6);
}

std::optional<AddressBytes> address_of(const sockaddr& address) {
  // Copied, because the argument may be of any alignment.
  if (address.sa_family == AF_INET) {
    sockaddr_in v4 = {};
    std::memcpy(&v4, &address, sizeof v4);
    std::array<std::uint8_t, 4> bytes = {};
    std::memcpy(bytes.data(), &v4.sin_addr, bytes.size());
    return from_v4(bytes.data());
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6 = {};
    std::memcpy(&v6, &address, sizeof v6);
    AddressBytes bytes = {};
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return bytes;
  }
  return std::nullopt;
}

// Asked each time, because addresses come and go. If they cannot be listed now, for example because
// no more files can be opened, each address may be one.
bool is_of_this_host(const AddressBytes& address) {
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0)
    return true;
  bool found = false;
  for (const ifaddrs* one = first; one != nullptr && !found; one = one->ifa_next)
    found = one->ifa_addr != nullptr && address_of(*one->ifa_addr) == address;
  freeifaddrs(first);
  return found;
}

// Without the dot of an absolute name, which means the same server.
std::string plain_host(std::string_view host) {
  std::string plain = lower_ascii(host);
  if (plain.ends_with('.'))
    plain.pop_back();
  return plain;
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t kLongest = 253;
  if (text.empty() || text.size() > kLongest)
    return false;
  for (const std::string& label : split(text, '.'))
    if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-' ||
        !std::ranges::all_of(label, [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        }))
      return false;
  // A last label of digits is a mistyped address ("10.0.0.300", "2130706433", "0x7f000001"), which
  // resolvers take for one.
  const std::string_view last = text.substr(text.rfind('.') + 1);
  return !(last.front() >= '0' && last.front() <= '9');
}

std::optional<int> parse_number(std::string_view text, int least, int most) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || number < least ||
      number > most)
    return std::nullopt;
  return number;
}

}  // namespace

std::optional<AddressBytes> parse_address(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 4> v4 = {};
  if (inet_pton(AF_INET, copy.c_str(), v4.data()) == 1 && copy.size() == text.size())
    return from_v4(v4.data());
  AddressBytes v6 = {};
  if (inet_pton(AF_INET6, copy.c_str(), v6.data()) == 1)
    return v6;
  return std::nullopt;
}

bool is_public_address(const AddressBytes& address) {
  return is_public_by_number(address) && !is_of_this_host(address);
}

bool AddressPolicy::Rule::has_port(int asked) const {
  return port ? *port == asked : asked == kHttpPort || asked == kHttpsPort;
}

bool AddressPolicy::Rule::contains(const AddressBytes& other) const {
  return host.empty() && !is_public && is_within(other, address, prefix);
}

AddressPolicy::Rule AddressPolicy::parse_rule(const std::string& text) {
  const auto refuse = [&](std::string_view why) -> Error {
    return {ErrorKind::usage, fmt::format("--allow-http {}: {}", printable(text, 300), why),
            "write HOST, HOST:PORT, an address, a range such as 10.1.0.0/16 or [fd00::]/8, or "
            "public"};
  };
  Rule rule;
  std::string rest = lower_ascii(trim(text));
  if (rest == "public") {
    rule.is_public = true;
    return rule;
  }
  const auto take_port = [&](std::string_view after) {
    if (after.empty())
      return;
    constexpr int kLastPort = 65535;
    rule.port = after.front() == ':' ? parse_number(after.substr(1), 1, kLastPort) : std::nullopt;
    if (!rule.port)
      throw refuse("its port is no number from 1 to 65535");
  };
  // Brackets keep the colons of an IPv6 address from that of a port. They may close before or after
  // the length of a range.
  std::string address;
  std::string length;
  if (rest.starts_with('[')) {
    const auto close = rest.find(']');
    if (close == std::string::npos)
      throw refuse("it has no \"]\"");
    address = rest.substr(1, close - 1);
    std::string_view after = std::string_view(rest).substr(close + 1);
    if (after.starts_with('/')) {
      const auto colon = std::min(after.find(':'), after.size());
      length = after.substr(0, colon);
      after = after.substr(colon);
    }
    take_port(after);
    if (address.find(':') == std::string::npos)
      throw refuse("only an IPv6 address has brackets");
  } else {
    // An IPv6 address without brackets has no port.
    const bool is_v6 = std::ranges::count(rest, ':') > 1;
    const auto colon = is_v6 ? rest.size() : std::min(rest.find(':'), rest.size());
    take_port(std::string_view(rest).substr(colon));
    address = rest.substr(0, colon);
  }
  if (const auto slash = address.find('/'); slash != std::string::npos && length.empty()) {
    length = address.substr(slash);
    address.resize(slash);
  }
  const auto parsed = parse_address(address);
  if (!parsed) {
    rule.host = plain_host(address);
    if (rule.host == "public")
      throw refuse("\"public\" has no port of its own: its ports are 80 and 443");
    if (!length.empty() || !is_host_name(rule.host))
      throw refuse("it is no host name, no address and no range of addresses");
    return rule;
  }
  const bool is_v4 = address.find(':') == std::string::npos;
  const int bits = is_v4 ? kBits - kBitsBeforeV4 : kBits;
  const auto prefix = length.empty() ? bits : parse_number(length.substr(1), 0, bits);
  if (!prefix)
    throw refuse(fmt::format("the length of its range is no number from 0 to {}", bits));
  rule.address = *parsed;
  rule.prefix = *prefix + (kBits - bits);
  // "10.1.2.3/8" may be a slip for /32, and would open all of 10.0.0.0/8.
  for (int bit = rule.prefix; bit < kBits; ++bit)
    if ((rule.address[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8)) & 1)
      throw refuse(fmt::format("its address has bits beyond /{}", *prefix));
  return rule;
}

AddressPolicy::AddressPolicy(const std::vector<std::string>& rules) {
  for (const std::string& text : rules)
    rules_.push_back(parse_rule(text));
}

bool AddressPolicy::allows(std::string_view host, int port, const sockaddr& address) const {
  const auto bytes = address_of(address);
  if (!bytes)
    return false;
  const std::string name = plain_host(host);
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    return rule.has_port(port) &&
           ((!rule.host.empty() && rule.host == name) || rule.contains(*bytes) ||
            (rule.is_public && is_public_address(*bytes)));
  });
}

bool AddressPolicy::may_allow(std::string_view host, int port) const {
  const std::string name = plain_host(host);
  const auto literal = parse_address(name);
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    if (!rule.has_port(port))
      return false;
    if (!rule.host.empty())
      return rule.host == name;
    if (!literal)
      return true;  // a name: its addresses decide
    return rule.is_public ? is_public_address(*literal) : rule.contains(*literal);
  });
}

bool AddressPolicy::names(std::string_view host, int port) const {
  const std::string name = plain_host(host);
  const auto literal = parse_address(name);
  return std::ranges::any_of(rules_, [&](const Rule& rule) {
    if (!rule.has_port(port))
      return false;
    return rule.host.empty() ? literal && rule.prefix == kBits && rule.contains(*literal)
                             : rule.host == name;
  });
}

}  // namespace backglance
