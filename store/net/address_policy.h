// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// An IPv6 address, or an IPv4 address as "::ffff:a.b.c.d".
using AddressBytes = std::array<std::uint8_t, 16>;

// Nothing for a text that is no address. "10.0.0.1", "fd00::1"; no brackets, no zone, and only the
// usual four decimal numbers: other spellings of an IPv4 address are names here.
std::optional<AddressBytes> parse_address(std::string_view text);

// Whether the rule `public` allows the address: it is none of this host's own, and global unicast
// according to the special-purpose registries of IANA (RFC 6890). An address that contains an IPv4
// address (IPv4-mapped, NAT64 64:ff9b::/96, 6to4) is judged by that one.
bool is_public_address(const AddressBytes& address);

// Which servers a location of a row may make this program connect to. Whoever registers an image
// chooses its URL: without a rule, this host would read from addresses that only it can reach, and
// publish the digest.
//
// It is asked for each socket address that is really used, after the name was resolved, so that
// neither a name with a private address nor a redirect leads past it.
//
// Rules, as --allow-http takes them:
//   HOST[:PORT]   this name, whatever its address is; without a port: 80 and 443
//   CIDR[:PORT]   "10.1.0.0/16", "[fd00::]/8", a single address too: "10.1.2.3", "[fd00::1]:8080"
//   public        every address that is not loopback, link-local, private, multicast, reserved, a
//                 metadata service's, or one of this host's own; ports 80 and 443
// A HOST rule counts for that name only: not for the names below it, and not for its address.
// Thread-safe, once made.
class AddressPolicy {
 public:
  // Throws Error{usage} for a rule that is none of these, with the rule in the text.
  explicit AddressPolicy(const std::vector<std::string>& rules);

  bool allows_nothing() const { return rules_.empty(); }
  // Whether `host` of a URL (a name, or an address without brackets) may be asked at `port`, when
  // its name has resolved to `address`. False for an address that is neither IPv4 nor IPv6.
  bool allows(std::string_view host, int port, const sockaddr& address) const;
  // Whether it may be looked up at all: some rule could allow it.
  bool may_allow(std::string_view host, int port) const;
  // Whether a rule has exactly this server in its text, as a name or as a single address. Then the
  // operator knows it, and it may be named in messages.
  bool names(std::string_view host, int port) const;

 private:
  struct Rule {
    std::string host;  // in lower case; empty: a range of addresses
    AddressBytes address = {};
    int prefix = 0;  // bits; of an IPv4 range 96 more
    bool is_public = false;
    std::optional<int> port;  // nothing: 80 and 443

    bool has_port(int asked) const;
    bool contains(const AddressBytes& other) const;
  };
  static Rule parse_rule(const std::string& text);

  std::vector<Rule> rules_;
};

}  // namespace backglance
