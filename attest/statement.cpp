// SPDX-License-Identifier: Apache-2.0
#include "attest/statement.h"

#include <nlohmann/json.hpp>

#include "base/json_text.h"

namespace backglance {
namespace {

using nlohmann::json;

constexpr const char* kStatementType = "https://in-toto.io/Statement/v1";
// Of our own: a URI that names it, and need not lead anywhere (spec/v1/predicate.md, TypeURI).
constexpr const char* kPredicateType = "urn:backglance:stored-image:v1";

}  // namespace

std::string statement_of(const StoredImage& image) {
  // A site's algorithm may be MD5.
  nlohmann::ordered_json digests = {{"md5", image.md5}};
  digests[image.algorithm] = image.digest;
  // In this order, as people read it; the signature covers the text as it is.
  const nlohmann::ordered_json statement = {
      {"_type", kStatementType},
      {"subject", {{{"name", image.id}, {"digest", digests}}}},
      {"predicateType", kPredicateType},
      {"predicate",
       {{"size", image.size},
        {"os_hash_algo", image.algorithm},
        {"read_at", image.read_at},
        {"host", image.host}}}};
  return statement.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::variant<StoredImage, std::string> read_statement(std::string_view text) {
  const json statement = parse_json(text);
  if (text_member(statement, "_type") != kStatementType ||
      text_member(statement, "predicateType") != kPredicateType)
    return "it is not a statement about a stored image";
  // One image only: of several it would not be clear whose size the predicate has.
  const auto subject = statement.find("subject");
  const auto predicate = statement.find("predicate");
  if (subject == statement.end() || !subject->is_array() || subject->size() != 1 ||
      predicate == statement.end() || !predicate->is_object())
    return "its subject or its predicate is missing";
  const json& image = subject->front();
  const auto size = predicate->find("size");
  StoredImage stored{.id = text_member(image, "name"),
                     // -1 is refused below, like every other negative size.
                     .size = size != predicate->end() && size->is_number_integer()
                                 ? size->get<std::int64_t>()
                                 : -1,
                     .md5 = {},
                     .algorithm = text_member(*predicate, "os_hash_algo"),
                     .digest = {},
                     .read_at = text_member(*predicate, "read_at"),
                     .host = text_member(*predicate, "host")};
  const auto digests = image.is_object() ? image.find("digest") : image.end();
  if (digests != image.end()) {
    stored.md5 = text_member(*digests, "md5");
    stored.digest = text_member(*digests, stored.algorithm);
  }
  if (stored.id.empty() || stored.size < 0 || stored.md5.empty() || stored.digest.empty())
    return "it lacks an image, its size or its digests";
  return stored;
}

}  // namespace backglance
