// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace backglance {

// A row of image_locations, decrypted. The URI is a secret, because it may contain credentials: it
// must not reach any log, error, report or ledger.
struct Location {
  std::string scheme;  // "file", "rbd", "swift+https", ...: lower case
  std::string uri;     // complete, with the scheme
  // The id of the store, as image_locations.meta_data has it; empty if it names none.
  std::string store_id = {};
  // The image whose only live location this is; empty if it has others, or if the caller does not
  // know. Without it nothing is read through the Glance API.
  std::string image_id = {};
};

// Reads `stored`, a value of image_locations.value.
// - If it begins with a scheme and "://", it is plain text. Any scheme is accepted: an unknown one
//   means a store that is not supported, not damage.
// - Otherwise it is decrypted with `key`. The result counts if it begins with a scheme that Glance
//   knows.
// - Otherwise returns nothing.
//
// The encryption (glance/common/crypt.py) is AES-CBC with a key of 16, 24 or 32 bytes. The text is
// URL-safe base64 of the IV and the ciphertext. The padding is one zero byte and then random bytes
// that are not zero. Never throws for bad data of any size. Thread-safe.
std::optional<Location> read_location(std::string_view stored, std::string_view key);

// True for a scheme (lower case) that a driver of some glance_store has registered. Any other one
// is the text of whoever wrote the row: do not print it.
bool is_glance_scheme(std::string_view scheme);

// The path that Glance would open for a file:// or filesystem:// URI. The scheme must be in lower
// case, as Glance's driver requires. The path is not percent-decoded. It ends at '?' or '#', as
// with Python's urlparse; line ends and tabs are removed, and blanks at both ends. Returns nothing
// for another scheme, and if the path is not absolute or contains a NUL.
std::optional<std::string> file_path(const Location& location);

// The store id in image_locations.meta_data: the member "store" (Train and later), or else
// "backend" (Rocky, Stein). Empty if neither is a string, or the text is not a JSON object. Never
// throws.
std::string store_id(std::string_view meta_data);

}  // namespace backglance
