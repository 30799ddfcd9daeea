// SPDX-License-Identifier: Apache-2.0
#include "store/s3/sigv4.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <vector>

#include "base/error.h"
#include "base/hex.h"

namespace backglance {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
// SHA-256 of no bytes: the requests have no body.
constexpr std::string_view kNoBody =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

using Bytes = std::vector<unsigned char>;

Bytes sha256(std::string_view text) {
  Bytes digest(EVP_MAX_MD_SIZE);
  unsigned int length = 0;
  if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1)
    throw Error(ErrorKind::io, "OpenSSL cannot compute SHA-256");
  digest.resize(length);
  return digest;
}

Bytes hmac(const Bytes& key, std::string_view text) {
  const Bytes data(text.begin(), text.end());
  Bytes digest(EVP_MAX_MD_SIZE);
  unsigned int length = 0;
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
           digest.data(), &length) == nullptr)
    throw Error(ErrorKind::io, "OpenSSL cannot compute HMAC-SHA-256");
  digest.resize(length);
  return digest;
}

// A key that is good for one day, one region and one service.
Bytes signing_key(const std::string& secret, std::string_view date, std::string_view region) {
  const std::string first = "AWS4" + secret;
  Bytes key(first.begin(), first.end());
  for (const std::string_view part : {date, region, std::string_view("s3")})
    key = hmac(key, part);
  return hmac(key, "aws4_request");
}

}  // namespace

std::string s3_encode(std::string_view text, std::string_view kept) {
  constexpr std::string_view kUnreserved =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (kUnreserved.find(c) != std::string_view::npos || kept.find(c) != std::string_view::npos)
      encoded += c;
    else
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return encoded;
}

std::string s3_query(const S3Fields& query) {
  S3Fields fields;
  fields.reserve(query.size());
  for (const auto& [name, value] : query)
    fields.emplace_back(s3_encode(name), s3_encode(value));
  // The signature covers this text, and the server sorts in the same way: after the encoding.
  std::ranges::sort(fields);
  std::string text;
  for (const auto& [name, value] : fields)
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  return text;
}

S3Fields s3_signature(const S3Unsigned& request, const S3Keys& keys, std::string_view region,
                      std::chrono::system_clock::time_point now) {
  const std::string time =
      fmt::format("{:%Y%m%dT%H%M%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
  const std::string date = time.substr(0, 8);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", date, region);

  S3Fields headers = request.also_signed;
  headers.emplace_back("host", request.host);
  headers.emplace_back("x-amz-content-sha256", kNoBody);
  headers.emplace_back("x-amz-date", time);
  std::ranges::sort(headers);
  std::string lines;
  std::string names;
  for (const auto& [name, value] : headers) {
    lines += fmt::format("{}:{}\n", name, value);
    names += (names.empty() ? "" : ";") + name;
  }

  const std::string canonical = fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, request.path,
                                            s3_query(request.query), lines, names, kNoBody);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scope, hex(sha256(canonical)));
  const std::string signature = hex(hmac(signing_key(keys.secret, date, region), to_sign));
  return {{"authorization", fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}",
                                        kAlgorithm, keys.access, scope, names, signature)},
          {"x-amz-content-sha256", std::string(kNoBody)},
          {"x-amz-date", time}};
}

}  // namespace backglance
