// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace backglance {

// A row of image_locations, its value taken out of encryption. The URI is a secret: it may hold
// credentials, so it reaches no log, error, report or ledger.
struct Location {
  std::string scheme;  // "file", "rbd", "swift+https", ...: lower case
  std::string uri;     // whole
};

// What `stored` (image_locations.value) holds: plain text if it begins with a scheme and "://", one
// that no Glance knows included (such a store is not supported, which is no damage); else the
// decrypted text if `key` fits and the result begins with a scheme that Glance knows. Nothing
// otherwise. AES-CBC with the key's bytes (16, 24 or 32), URL-safe base64 of IV || ciphertext,
// padded with one zero byte and then random non-zero bytes (glance/common/crypt.py). Never throws
// for bad data, whatever its size. Thread-safe.
std::optional<Location> read_location(std::string_view stored, std::string_view key);

// The path that Glance would open for a file:// or filesystem:// URI (lower case, as its driver
// insists): not percent-decoded, cut at '?' and '#' as urlparse cuts it, without line ends and
// tabs, and without blanks at its ends. Nothing if the URI is of another kind or its path is not
// absolute or holds a NUL.
std::optional<std::string> file_path(const Location& location);

// The store id in image_locations.meta_data: "store" (Train and later), else "backend" (Rocky,
// Stein). Empty if there is none that is a string, or the text is not a JSON object. Never throws.
std::string store_id(std::string_view meta_data);

}  // namespace backglance
