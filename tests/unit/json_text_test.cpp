// SPDX-License-Identifier: Apache-2.0
#include "base/json_text.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "attest/stated_images.h"
#include "base/base64.h"

using namespace backglance;

namespace {

std::string times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i)
    all += text;
  return all;
}

}  // namespace

TEST_CASE("JSON of few values and little nesting is read", "[attest]") {
  CHECK(parse_json("{\"a\": [1, \"b\"]}").at("a").at(1) == "b");
  CHECK(parse_json(times(15, "[") + times(15, "]")).is_array());
  CHECK(parse_json("[" + times(900, "0,") + "0]").size() == 901);
}

TEST_CASE("other JSON is refused, and so is text that is not JSON", "[attest]") {
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("{} {}"), std::string("\"\xff\""),
        times(17, "[") + times(17, "]"), times(100'000, "["), times(5'000'000, "["),
        times(1'000'000, "{\"a\":"), "[" + times(1'000'000, "[],") + "0]",
        "{" + times(1'000, "\"a\":1,") + "\"a\":1}"})
    CHECK(parse_json(text).is_discarded());
}

TEST_CASE("base64 is written as it is read", "[attest]") {
  CHECK(encode_base64("").empty());
  CHECK(encode_base64("foob") == "Zm9vYg==");
  CHECK(encode_base64("fooba") == "Zm9vYmE=");
  CHECK(encode_base64("foobar") == "Zm9vYmFy");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) {
    all += static_cast<char>(byte);
    const auto bytes = decode_base64(encode_base64(all));
    REQUIRE(bytes);
    CHECK(std::string(bytes->begin(), bytes->end()) == all);
  }
  CHECK(encode_base64("\xfb\xff\xbf") == "+/+/");
}

TEST_CASE("a set of images has those that were added, however often", "[attest]") {
  StatedImages images;
  for (int i = 0; i < 1000; ++i)
    images.add("image " + std::to_string(i % 500));
  images.sort();
  for (int i = 0; i < 1000; ++i)
    CHECK(images.contains("image " + std::to_string(i)) == (i < 500));
  CHECK_FALSE(images.contains(""));
}

TEST_CASE("JSON with characters that reorder text is plain text with the same meaning") {
  const std::string name = "a\u202eb\U000E0041\u0085\x7f\u200d \u05d0";
  const std::string text = nlohmann::json({{"name", name}}).dump(2);
  CHECK(safe_json(text) ==
        "{\n  \"name\": \"a\\u202eb\\udb40\\udc41\\u0085\\u007f\u200d \u05d0\"\n}");
  CHECK(nlohmann::json::parse(safe_json(text))["name"] == name);
  CHECK(safe_json("{\n}") == "{\n}");
}
