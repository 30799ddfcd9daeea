// SPDX-License-Identifier: Apache-2.0
#include "glance/location.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/base64.h"
#include "base/text.h"
#include "base/utf8.h"

namespace backglance {
namespace {

using Bytes = std::vector<unsigned char>;

constexpr std::size_t kAesBlock = 16;

// What the drivers of every glance_store have registered, those taken out since among them.
constexpr std::array<std::string_view, 16> kSchemes = {
    "file",       "filesystem",  "http",         "https", "rbd",     "swift",
    "swift+http", "swift+https", "swift+config", "s3",    "s3+http", "s3+https",
    "cinder",     "vsphere",     "sheepdog",     "gridfs"};

// The scheme in front of "://", lower case; empty if that is no URI.
std::string scheme_of(std::string_view text) {
  const auto end = text.find("://");
  if (end == std::string_view::npos || end == 0)
    return {};
  std::string scheme = lower_ascii(text.substr(0, end));
  // RFC 3986, 3.1: a letter first.
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz";
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyz0123456789+-.";
  if (kLetters.find(scheme[0]) == std::string_view::npos ||
      scheme.find_first_not_of(kAllowed) != std::string::npos)
    return {};
  return scheme;
}

const EVP_CIPHER* cipher_for(std::size_t key_bytes) {
  switch (key_bytes) {
    case 16:
      return EVP_aes_128_cbc();
    case 24:
      return EVP_aes_192_cbc();
    case 32:
      return EVP_aes_256_cbc();
    default:
      return nullptr;
  }
}

struct CipherFree {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

// AES-CBC of `sealed` (IV, then whole blocks), its padding still on.
std::optional<std::string> decrypted(const Bytes& sealed, std::string_view key) {
  // Anything may stand in the column: what cannot be such a value is refused before OpenSSL sees
  // it.
  const EVP_CIPHER* cipher = cipher_for(key.size());
  constexpr auto kLongest = static_cast<std::size_t>(std::numeric_limits<int>::max()) - kAesBlock;
  if (!cipher || sealed.size() < 2 * kAesBlock || sealed.size() % kAesBlock != 0 ||
      sealed.size() > kLongest)
    return std::nullopt;
  // Without OpenSSL's own padding: Glance pads in its own way (read_location).
  const std::unique_ptr<EVP_CIPHER_CTX, CipherFree> context(EVP_CIPHER_CTX_new());
  Bytes plain(sealed.size());
  int done = 0;
  int rest = 0;
  Bytes key_bytes(key.begin(), key.end());
  if (!context ||
      EVP_DecryptInit_ex(context.get(), cipher, nullptr, key_bytes.data(), sealed.data()) != 1 ||
      EVP_CIPHER_CTX_set_padding(context.get(), 0) != 1 ||
      EVP_DecryptUpdate(context.get(), plain.data(), &done, sealed.data() + kAesBlock,
                        static_cast<int>(sealed.size() - kAesBlock)) != 1 ||
      EVP_DecryptFinal_ex(context.get(), plain.data() + done, &rest) != 1)
    return std::nullopt;
  return std::string(plain.begin(), plain.begin() + done + rest);
}

}  // namespace

std::optional<Location> read_location(std::string_view stored, std::string_view key) {
  // Base64 has no ':', so this cannot be an encrypted value.
  if (std::string scheme = scheme_of(stored); !scheme.empty())
    return Location{std::move(scheme), std::string(stored)};
  const auto sealed = decode_base64(stored, Base64Alphabet::url_safe);
  if (!sealed)
    return std::nullopt;
  auto plain = decrypted(*sealed, key);
  if (!plain)
    return std::nullopt;
  // The padding is 1 to 16 bytes, of which just the first is zero. Where it is not, blocks are
  // missing at the end, and the rest would be taken for a shorter URI.
  const auto end = plain->rfind('\0');
  if (end == std::string::npos || plain->size() - end > kAesBlock)
    return std::nullopt;
  plain->resize(end);
  // There is no MAC: a known scheme is the one sign that the key was the right one. Glance refuses
  // what is not UTF-8.
  std::string scheme = scheme_of(*plain);
  if (!is_glance_scheme(scheme) || !is_utf8(*plain))
    return std::nullopt;
  return Location{std::move(scheme), std::move(*plain)};
}

bool is_glance_scheme(std::string_view scheme) {
  return std::ranges::find(kSchemes, scheme) != kSchemes.end();
}

std::optional<std::string> file_path(const Location& location) {
  std::string_view rest = location.uri;
  // With case, as the driver compares them.
  for (const std::string_view prefix : {"file://", "filesystem://"}) {
    if (!rest.starts_with(prefix))
      continue;
    rest.remove_prefix(prefix.size());
    rest = rest.substr(0, rest.find_first_of("?#"));
    std::string path(rest);
    // Python's urlparse drops these wherever they stand.
    std::erase_if(path, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
    // What Python's strip() takes for blank, in ASCII.
    constexpr std::string_view kBlank = " \v\f\x1c\x1d\x1e\x1f";
    path.erase(0, path.find_first_not_of(kBlank));
    path.resize(path.find_last_not_of(kBlank) + 1);
    if (!path.starts_with('/') || path.find('\0') != std::string::npos)
      return std::nullopt;
    return path;
  }
  return std::nullopt;
}

std::string store_id(std::string_view meta_data) {
  const auto json = nlohmann::json::parse(meta_data, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object())
    return {};
  // The first releases with several stores wrote `backend`, later ones `store`.
  for (const char* key : {"store", "backend"}) {
    const auto found = json.find(key);
    if (found != json.end() && found->is_string())
      return found->get<std::string>();
  }
  return {};
}

}  // namespace backglance
