// SPDX-License-Identifier: Apache-2.0
// Reads locations as backfill does, for tests of stores with real servers:
//
//   store_reader CONFIG_FILE [--allow-http RULE]...
//
// CONFIG_FILE is Glance's; it needs a [database] connection, which is not used. One line of JSON in
// for each read, {"value": "s3://...", "meta_data": "{...}"}, and one line of JSON out, with result
// ("hashed", or the name of a result), kind of failure, reason, length, bytes, md5, sha512,
// identity and place.
//   "from": N         skips the first N bytes
//   "pause_after": N  reads N bytes, prints {"paused": true} and waits for an empty line
// {"survey": true} prints {"survey": [{"place", "store_id", "away"}...]}, as it was at the start.
//
// SIGTERM requests a clean end, as in the program.
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/hex.h"
#include "base/image_result.h"
#include "base/stop.h"
#include "glance/site.h"
#include "store/stores.h"

using namespace backglance;

namespace {

class Digest {
 public:
  explicit Digest(const EVP_MD* algorithm) : context_(EVP_MD_CTX_new()) {
    EVP_DigestInit_ex(context_.get(), algorithm, nullptr);
  }
  void add(std::span<const std::byte> bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  std::string text() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest = {};
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &length);
    return hex({digest.data(), length});
  }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

const char* kind_name(FailureKind kind) {
  switch (kind) {
    case FailureKind::image:
      return "image";
    case FailureKind::place:
      return "place";
    case FailureKind::transient:
      return "transient";
    case FailureKind::stopped:
      return "stopped";
  }
  return "";
}

void fail(nlohmann::json& answer, const ReadFailure& failure) {
  answer["result"] = std::string(facts_of(failure.result).name);
  answer["kind"] = kind_name(failure.kind);
  answer["reason"] = failure.reason;
}

// Reads to the end. Returns nothing, or the failure.
std::optional<ReadFailure> read_all(Source& source, const nlohmann::json& asked,
                                    nlohmann::json& answer, Digest& md5, Digest& sha512) {
  std::vector<std::byte> buffer(1 << 20);
  std::uint64_t bytes = 0;
  constexpr std::uint64_t kNever = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t pause = asked.value("pause_after", kNever);
  for (;;) {
    const auto part = std::span(buffer).first(
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), pause - bytes)));
    const auto got = source.read(part);
    if (const auto* failure = std::get_if<ReadFailure>(&got)) {
      answer["bytes"] = bytes;
      return *failure;
    }
    const std::size_t count = std::get<std::size_t>(got);
    md5.add(part.first(count));
    sha512.add(part.first(count));
    bytes += count;
    answer["bytes"] = bytes;
    if (count < part.size())
      return std::nullopt;
    if (pause == bytes) {
      std::cout << nlohmann::json{{"paused", true}} << std::endl;
      std::string line;
      std::getline(std::cin, line);
      pause = kNever;
    }
  }
}

nlohmann::json read_one(const Stores& stores, const nlohmann::json& asked) {
  nlohmann::json answer;
  for (const char* name :
       {"result", "kind", "reason", "length", "bytes", "md5", "sha512", "identity", "place"})
    answer[name] = nullptr;
  const auto found =
      stores.find(asked.at("value").get<std::string>(), asked.value("meta_data", std::string()));
  if (const auto* failure = std::get_if<ReadFailure>(&found)) {
    fail(answer, *failure);
    return answer;
  }
  const FoundLocation& location = std::get<FoundLocation>(found);
  answer["place"] = location.place();
  const auto opened = location.opener->open(location.location);
  if (const auto* failure = std::get_if<ReadFailure>(&opened)) {
    fail(answer, *failure);
    return answer;
  }
  Source& source = *std::get<std::unique_ptr<Source>>(opened);
  if (const auto length = source.length())
    answer["length"] = *length;
  if (asked.contains("from") && !source.skip_to(asked["from"].get<std::uint64_t>())) {
    fail(answer, {ImageResult::unreadable, "the store cannot skip"});
    return answer;
  }
  Digest md5(EVP_md5());
  Digest sha512(EVP_sha512());
  if (const auto failure = read_all(source, asked, answer, md5, sha512)) {
    fail(answer, *failure);
    return answer;
  }
  const auto identity = source.identity();
  if (const auto* failure = std::get_if<ReadFailure>(&identity)) {
    fail(answer, *failure);
    return answer;
  }
  answer["md5"] = md5.text();
  answer["sha512"] = sha512.text();
  answer["identity"] = std::get<std::string>(identity);
  answer["result"] = "hashed";
  return answer;
}

nlohmann::json survey(const Stores& stores) {
  nlohmann::json places = nlohmann::json::array();
  for (const PlaceState& state : stores.survey())
    places.push_back({{"place", state.place}, {"store_id", state.store_id}, {"away", state.away}});
  return {{"survey", places}};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: store_reader CONFIG_FILE [--allow-http RULE]...\n";
    return 2;
  }
  install_stop_handlers();
  try {
    SiteSource source;
    source.config.push_back({argv[1], false});
    for (int i = 2; i + 1 < argc; i += 2)
      source.allow_http.emplace_back(argv[i + 1]);
    const Stores stores(read_site(source), Stores::AllAway::accept);
    for (std::string line; std::getline(std::cin, line);) {
      const auto asked = nlohmann::json::parse(line);
      std::cout << (asked.contains("survey") ? survey(stores) : read_one(stores, asked))
                << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
  return 0;
}
