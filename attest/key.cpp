// SPDX-License-Identifier: Apache-2.0
#include "attest/key.h"

#include <fmt/format.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/hex.h"
#include "base/input_file.h"
#include "base/no_phrase.h"
#include "base/text.h"

namespace backglance {
namespace {

constexpr int kSmallestRsa = 2048;
// A key in PEM has a few KiB. Of a larger file the beginning is read, and is no key.
constexpr std::size_t kLargestFile = 1 << 20;

struct FreeObject {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* x509) const { X509_free(x509); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeObject>;

// Why the text has no key for `part`, in PEM. `text` is what a person gave by mistake.
std::string why_no_key(const std::string& text, SiteKey::Part part) {
  const auto has = [&](std::string_view label) {
    return text.find(fmt::format("-----BEGIN {}-----", label)) != std::string::npos;
  };
  if (text.empty())
    return "the file is empty";
  if (part == SiteKey::Part::open)
    return "it contains no public key and no certificate in PEM";
  if (has("ENCRYPTED PRIVATE KEY") || text.find("Proc-Type: 4,ENCRYPTED") != std::string::npos)
    return "its private key has a pass phrase; openssl pkey -in FILE -out NEW writes it without "
           "one";
  if (has("PUBLIC KEY") || has("CERTIFICATE"))
    return "it contains a public key or a certificate; the private key is required";
  if (has("OPENSSH PRIVATE KEY"))
    return "its key has the format of OpenSSH; openssl genpkey -algorithm ed25519 makes one in PEM";
  if (has("PRIVATE KEY") || has("EC PRIVATE KEY") || has("RSA PRIVATE KEY"))
    return "its private key is damaged: OpenSSL cannot read it";
  return "it contains no private key in PEM";
}

// None of these asks for a pass phrase: at night nobody would answer.
EVP_PKEY* read_private(BIO* bio) {
  return PEM_read_bio_PrivateKey(bio, nullptr, no_phrase, nullptr);
}

EVP_PKEY* read_certificate(BIO* bio) {
  const std::unique_ptr<X509, FreeObject> x509(PEM_read_bio_X509(bio, nullptr, no_phrase, nullptr));
  return x509 ? X509_get_pubkey(x509.get()) : nullptr;
}

EVP_PKEY* read_public(BIO* bio) {
  return PEM_read_bio_PUBKEY(bio, nullptr, no_phrase, nullptr);
}

bool is_curve(const EVP_PKEY* key, std::string_view name) {
  std::array<char, 64> found = {};
  std::size_t length = 0;
  return EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, found.data(), found.size(),
                                        &length) == 1 &&
         std::string_view(found.data(), length) == name;
}

bool is_taken(const EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") == 1)
    return is_curve(key, "secp384r1");
  if (EVP_PKEY_is_a(key, "RSA") == 1)
    return EVP_PKEY_get_bits(key) >= kSmallestRsa;
  return EVP_PKEY_is_a(key, "ED25519") == 1;
}

// Of the public part, so a private key, its public key and its certificate have one id.
std::string id_of(const EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int length = i2d_PUBKEY(key, &der);
  std::array<unsigned char, 32> digest = {};
  EVP_Digest(der, static_cast<std::size_t>(std::max(length, 0)), digest.data(), nullptr,
             EVP_sha256(), nullptr);
  OPENSSL_free(der);
  return hex(digest);
}

// Of RSA; other keys have none.
std::array<OSSL_PARAM, 4> pss(const EVP_PKEY* key) {
  // OpenSSL takes pointers to what may be changed, but only reads it.
  static char padding[] = OSSL_PKEY_RSA_PAD_MODE_PSS;
  static char salt[] = OSSL_PKEY_RSA_PSS_SALT_LEN_DIGEST;
  if (EVP_PKEY_is_a(key, "RSA") != 1)
    return {OSSL_PARAM_construct_end()};
  return {OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, padding, 0),
          OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, salt, 0),
          OSSL_PARAM_construct_end()};
}

const unsigned char* data_of(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

SiteKey SiteKey::read(const std::filesystem::path& file, Part part) {
  const std::string text = read_input(file, kLargestFile);
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::usage, fmt::format("{}: {}", printable(file.native()), why));
  };
  // Whoever only checks must not have it, so say so instead of using its public part.
  if (part == Part::open && text.find("PRIVATE KEY-----") != std::string::npos)
    refuse(
        "it contains a private key; give the public key, which openssl pkey -in FILE -pubout "
        "prints");
  ERR_set_mark();
  Pointer key;
  // A private key can verify as well, so it is tried first for both parts. The attempts that fail
  // leave errors in OpenSSL's queue for this thread, which would be taken for those of the next
  // call.
  using Reader = EVP_PKEY* (*)(BIO*);
  const std::vector<Reader> readers = part == Part::secret
                                          ? std::vector<Reader>{read_private}
                                          : std::vector<Reader>{read_public, read_certificate};
  for (const Reader reader : readers) {
    const std::unique_ptr<BIO, FreeObject> bio(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    key.reset(reader(bio.get()));
    if (key)
      break;
  }
  ERR_pop_to_mark();
  if (!key)
    refuse(why_no_key(text, part));
  if (!is_taken(key.get()))
    refuse(fmt::format("the key must be Ed25519, ECDSA on P-384, or RSA of {} bits or more",
                       kSmallestRsa));
  return SiteKey(std::move(key));
}

SiteKey::SiteKey(Pointer key) : key_(std::move(key)), id_(id_of(key_.get())) {}

// The digest that is signed; Ed25519 does without one.
const char* SiteKey::hash() const {
  if (EVP_PKEY_is_a(key_.get(), "ED25519") == 1)
    return nullptr;  // its own
  return EVP_PKEY_is_a(key_.get(), "EC") == 1 ? "SHA2-384" : "SHA2-512";
}

std::vector<unsigned char> SiteKey::sign(std::string_view bytes) const {
  const Context context(EVP_MD_CTX_new());
  const auto parameters = pss(key_.get());
  std::size_t length = 0;
  std::vector<unsigned char> signature;
  // First only how long a signature can be; it may become shorter.
  if (!context ||
      EVP_DigestSignInit_ex(context.get(), nullptr, hash(), nullptr, nullptr, key_.get(),
                            parameters.data()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &length, data_of(bytes), bytes.size()) != 1)
    throw Error(ErrorKind::usage, "OpenSSL refused to sign");
  signature.resize(length);
  if (EVP_DigestSign(context.get(), signature.data(), &length, data_of(bytes), bytes.size()) != 1)
    throw Error(ErrorKind::usage, "OpenSSL refused to sign");
  signature.resize(length);
  return signature;
}

bool SiteKey::verify(std::string_view bytes, const std::vector<unsigned char>& signature) const {
  ERR_set_mark();
  const Context context(EVP_MD_CTX_new());
  const auto parameters = pss(key_.get());
  // Any failure, also of OpenSSL itself, means: this signature proves nothing.
  const bool fits = context &&
                    EVP_DigestVerifyInit_ex(context.get(), nullptr, hash(), nullptr, nullptr,
                                            key_.get(), parameters.data()) == 1 &&
                    EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                                     data_of(bytes), bytes.size()) == 1;
  ERR_pop_to_mark();
  return fits;
}

}  // namespace backglance
