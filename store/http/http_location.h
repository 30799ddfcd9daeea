// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace backglance {

// A location http:// or https://, as Glance's driver reads it (glance_store/_drivers/http.py,
// StoreLocation.parse_uri), and the target of a redirect, which it reads in the same way.
struct HttpLocation {
  bool is_tls = false;
  std::string user;  // a secret, as the password; both empty: none
  std::string password;
  std::string host;  // in lower case, without brackets
  int port = 0;
  std::string target;  // path and query, percent-encoded; a secret: a query may hold a token

  // The URL to ask, without user and password.
  std::string url() const;
  // "images.example.org:443", "[fd00::1]:80": for messages, if the operator knows the server.
  std::string server() const;
};

// As the driver, and as Python's urlparse: the scheme in lower case; line ends and tabs are
// removed; at most one "@", and one ":" before it; the fragment is dropped, and so are the
// ";parameters" of the last part of the path; the query is kept. As `requests`, which the driver
// uses: user and password are percent-decoded, and what is not allowed in a URL is percent-encoded.
// Nothing if it is not absolute, has no host, another scheme, or a port that is no number from 1 to
// 65535. A host is one of letters, digits, ".", "-" and "_", or an IPv6 address in brackets.
std::optional<HttpLocation> parse_http_location(std::string_view uri);

}  // namespace backglance
