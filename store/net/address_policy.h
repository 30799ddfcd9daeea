// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>
#include <vector>

namespace backglance {

// Which servers a location of a row may make this program connect to. Whoever registers an image
// chooses its URL: without a rule, this host would read from addresses that only it can reach, and
// publish the digest.
//
// It is asked for each socket address that is really used, after the name was resolved, so that
// neither a name with a private address nor a redirect leads past it.
//
// Rules, as --allow-http takes them:
//   HOST[:PORT]   this name, whatever its address is; without a port: 80 and 443
//   CIDR[:PORT]   "10.1.0.0/16", "[fd00::]/8", a single address too
//   public        every address that is not loopback, link-local, private, multicast, reserved, a
//                 metadata service's, or one of this host's own; ports 80 and 443
// Thread-safe, once made.
class AddressPolicy {
 public:
  // Throws Error{usage} for a rule that is none of these, with the rule in the text.
  explicit AddressPolicy(const std::vector<std::string>& rules);

  bool allows_nothing() const;
  // Whether `host` of a URL (a name, or an address without brackets) may be asked at `port`, when
  // its name has resolved to `address`.
  bool allows(std::string_view host, int port, const sockaddr& address) const;
  // Whether it may be looked up at all: some rule could allow it.
  bool may_allow(std::string_view host, int port) const;
};

}  // namespace backglance
