// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace backglance {

// What a site states about an image that it has read. As text it is an in-toto Statement v1
// (github.com/in-toto/attestation, spec/v1/statement.md) with the image as its subject.
struct StoredImage {
  std::string id;
  std::int64_t size = 0;
  std::string md5;
  std::string algorithm;  // as in os_hash_algo
  std::string digest;     // hex, as in os_hash_value
  std::string read_at;    // RFC 3339, UTC
  std::string host;
};

inline constexpr std::string_view kStatementPayloadType = "application/vnd.in-toto+json";

std::string statement_of(const StoredImage& image);
// The image of a statement. If `text` is no such statement, the reason, for a person.
std::variant<StoredImage, std::string> read_statement(std::string_view text);

}  // namespace backglance
