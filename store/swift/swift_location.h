// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace backglance {

// A location of Glance's swift driver, read as StoreLocation of glance_store's
// _drivers/swift/store.py reads it.
//
//   swift+config://REFERENCE/CONTAINER/OBJECT                  a section of the accounts file
//   swift+https://USER:KEY@HOST[:PORT]/PATH/CONTAINER/OBJECT   an auth URL and credentials
//   swift+https://HOST[:PORT]/PATH/CONTAINER/OBJECT            a storage URL (multi-tenant)
//
// swift:// is swift+https://; swift+http:// is the same without TLS.
struct SwiftLocation {
  enum class Form { reference, credentials, storage_url };
  Form form = Form::reference;
  std::string reference;  // Form::reference
  // Form::credentials: the auth URL. Form::storage_url: the URL of the account. With the scheme,
  // without a '/' at the end.
  std::string url;
  std::string user;  // Form::credentials, as the following; "project:user" for Keystone
  std::string key;   // a secret
  // As they are in Swift: the driver does not percent-decode them.
  std::string container;
  std::string object;
};

// Nothing for a text that the driver refuses, and for one that names no proper host. Never throws.
std::optional<SwiftLocation> parse_swift_location(const std::string& uri);

// The parts of an http:// or https:// URL without user, query and fragment.
struct SwiftUrl {
  std::string scheme;  // "http" or "https"
  std::string host;    // in lower case; without brackets
  int port = 0;        // of the scheme, if the URL has none
  std::string path;    // without '/' at the end

  // Whether a token for `other` may be sent here.
  bool is_same_server(const SwiftUrl& other) const {
    return scheme == other.scheme && host == other.host && port == other.port;
  }
};

// Nothing if `url` is anything else. The characters of a host are those of names and addresses.
std::optional<SwiftUrl> parse_swift_url(std::string_view url);

// Percent-encodes a name for the path of a request, as the driver's swiftclient does: all but
// letters, digits and "_.-~/".
std::string quote_swift_name(std::string_view name);
// The other way, for the header X-Object-Manifest.
std::string unquote_swift_name(std::string_view quoted);

}  // namespace backglance
