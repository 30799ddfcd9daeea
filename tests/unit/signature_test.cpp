// SPDX-License-Identifier: Apache-2.0
#include <openssl/core_names.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "base/base64.h"
#include "base/error.h"
#include "signature/certificate_source.h"
#include "signature/signature.h"
#include "signature/verify.h"
#include "tests/unit/config_dir.h"

using namespace backglance;

namespace {

using Bytes = std::vector<unsigned char>;

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(X509* x509) const { X509_free(x509); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

Key make_dsa() {
  EVP_PKEY* parameters = nullptr;
  const std::unique_ptr<EVP_PKEY_CTX, Free> first(
      EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
  REQUIRE(EVP_PKEY_paramgen_init(first.get()) == 1);
  REQUIRE(EVP_PKEY_CTX_set_dsa_paramgen_bits(first.get(), 1024) == 1);
  REQUIRE(EVP_PKEY_paramgen(first.get(), &parameters) == 1);
  const Key held(parameters);
  const std::unique_ptr<EVP_PKEY_CTX, Free> second(
      EVP_PKEY_CTX_new_from_pkey(nullptr, parameters, nullptr));
  EVP_PKEY* key = nullptr;
  REQUIRE(EVP_PKEY_keygen_init(second.get()) == 1);
  REQUIRE(EVP_PKEY_generate(second.get(), &key) == 1);
  return Key(key);
}

Key make_key(SignatureKey kind, const char* curve = "P-384") {
  switch (kind) {
    case SignatureKey::rsa_pss:
      return Key(EVP_RSA_gen(2048));
    case SignatureKey::ecc:
      return Key(EVP_EC_gen(curve));
    case SignatureKey::dsa:
      break;
  }
  return make_dsa();
}

std::string certificate_pem(EVP_PKEY* key, long seconds = 3600) {
  const std::unique_ptr<X509, Free> x509(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(x509.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(x509.get()), -7200);
  X509_gmtime_adj(X509_getm_notAfter(x509.get()), seconds);
  X509_set_pubkey(x509.get(), key);
  REQUIRE(X509_sign(x509.get(), key, EVP_sha256()) > 0);
  BIO* const bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, x509.get());
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio, &text);
  std::string pem(text, static_cast<std::size_t>(length));
  BIO_free(bio);
  return pem;
}

Certificate certificate_of(EVP_PKEY* key) {
  return std::get<Certificate>(Certificate::parse(certificate_pem(key)));
}

Bytes sign(EVP_PKEY* key, const EVP_MD* hash, const Bytes& digest, int salt_length) {
  const std::unique_ptr<EVP_PKEY_CTX, Free> context(
      EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  REQUIRE(EVP_PKEY_sign_init(context.get()) == 1);
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    REQUIRE(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PSS_PADDING) == 1);
    REQUIRE(EVP_PKEY_CTX_set_signature_md(context.get(), hash) == 1);
    REQUIRE(EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), salt_length) == 1);
  }
  std::size_t length = 0;
  REQUIRE(EVP_PKEY_sign(context.get(), nullptr, &length, digest.data(), digest.size()) == 1);
  Bytes signature(length);
  REQUIRE(EVP_PKEY_sign(context.get(), signature.data(), &length, digest.data(), digest.size()) ==
          1);
  signature.resize(length);
  return signature;
}

Bytes digest_of(const EVP_MD* hash, std::string_view text) {
  Bytes digest(static_cast<std::size_t>(EVP_MD_get_size(hash)));
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, hash, nullptr);
  return digest;
}

std::string text_of(const std::optional<Bytes>& bytes) {
  return bytes ? std::string(bytes->begin(), bytes->end()) : "no base64";
}

ImageProperties properties(const std::string& prefix) {
  return {{prefix + "signature", "AAAA"},
          {prefix + "signature_hash_method", "SHA-256"},
          {prefix + "signature_key_type", "RSA-PSS"},
          {prefix + "signature_certificate_uuid", "7a1bd3b2-62b4-4f5e-a3a4-93c5a1b1c4f2"}};
}

std::string fault(const std::variant<Signature, std::string>& read) {
  const auto* const text = std::get_if<std::string>(&read);
  return text == nullptr ? "" : *text;
}

}  // namespace

// Each as Python 3.11's base64.b64decode() answers it.
TEST_CASE("base64 of the standard alphabet is read as Python reads it", "[signature]") {
  CHECK(text_of(decode_base64("")).empty());
  CHECK(text_of(decode_base64("Zm9v")) == "foo");
  CHECK(text_of(decode_base64("Zm9vYg==")) == "foob");
  CHECK(text_of(decode_base64("Zm9vYmE=")) == "fooba");
  CHECK(text_of(decode_base64(" Zm\r\n9v\tYg=\n= ")) == "foob");
  CHECK(text_of(decode_base64("Zm9v-_!*")) == "foo");
  CHECK(text_of(decode_base64("Zm9vYg==Zm9v")) == "foob");
  CHECK(text_of(decode_base64("Zm9v=")) == "foo");
  CHECK(text_of(decode_base64("=Zm9v")) == "foo");
  CHECK(text_of(decode_base64("Z=m9v")) == "foo");
  CHECK(text_of(decode_base64("Zm=9v")) == "foo");
  CHECK(text_of(decode_base64("Zm9=v")) == "fo");
  CHECK(text_of(decode_base64("\xc3\xa9Zm9v")) == "foo");
  for (const char* const wrong : {"Z", "Zm9vY", "Zm9vYg", "Zm9vYg=", "Zm9vYmE", "A==="})
    CHECK(text_of(decode_base64(wrong)) == "no base64");
}

TEST_CASE("a signature is read from its properties, or it is said why not", "[signature]") {
  CHECK(fault(read_signature(properties("img_"))).empty());
  CHECK(fault(read_legacy_signature(properties(""))).empty());
  CHECK(fault(read_signature({})) == "there is no img_signature");
  for (const auto& [name, value] : properties("img_")) {
    ImageProperties without = properties("img_");
    without.erase(name);
    CHECK(fault(read_signature(without)) == "there is no " + name);
  }
  const auto with = [](const std::string& name, const std::string& value) {
    ImageProperties changed = properties("img_");
    changed[name] = value;
    return fault(read_signature(changed));
  };
  CHECK(with("img_signature", "A") == "img_signature is not base64");
  CHECK(with("img_signature",
             "\xc3\xa9"
             "AAAA") == "img_signature is not base64");
  CHECK(with("img_signature", "--") == "img_signature is empty");
  CHECK(with("img_signature_hash_method", "SHA-1") == "img_signature_hash_method is 'SHA-1'");
  CHECK(with("img_signature_hash_method", "sha-256") == "img_signature_hash_method is 'sha-256'");
  CHECK(with("img_signature_key_type", "SECT571K1") == "img_signature_key_type is 'SECT571K1'");
  CHECK(with("img_signature_key_type", "ECC_SECP384R1").empty());
  // Of the new scheme they are not read.
  CHECK(with("pss_salt_length", "many").empty());
  CHECK(with("mask_gen_algorithm", "MGF2").empty());
}

TEST_CASE("options of a legacy signature are read as Liberty reads them", "[signature]") {
  const auto with = [](const std::string& name, const std::string& value) {
    ImageProperties changed = properties("");
    changed[name] = value;
    return read_legacy_signature(changed);
  };
  for (const auto& [text, length] : std::vector<std::pair<std::string, int>>{
           {"32", 32}, {" 32\n", 32}, {"+32", 32}, {"032", 32}, {"0", 0}})
    CHECK(std::get<Signature>(with("pss_salt_length", text)).salt_length == length);
  for (const std::string text : {"", "-1", "+", "3_2", "3 2", "3.0", "0x20", "many"})
    CHECK(fault(with("pss_salt_length", text)) == "pss_salt_length is '" + text + "'");
  CHECK(fault(with("mask_gen_algorithm", "MGF1")).empty());
  CHECK(fault(with("mask_gen_algorithm", "mgf1")) == "mask_gen_algorithm is 'mgf1'");
  ImageProperties of_ecc = properties("");
  of_ecc["signature_key_type"] = "ECC_SECP521R1";
  of_ecc["mask_gen_algorithm"] = "mgf1";
  CHECK(fault(read_legacy_signature(of_ecc)).empty());
}

TEST_CASE("a signature fits what was signed and nothing else", "[signature]") {
  const auto kind = GENERATE(SignatureKey::rsa_pss, SignatureKey::dsa, SignatureKey::ecc);
  const Key key = make_key(kind);
  const Certificate certificate = certificate_of(key.get());
  for (const char* const name : {"sha224", "sha256", "sha384", "sha512"}) {
    CAPTURE(signature_key_text(kind), name);
    const EVP_MD* const hash = EVP_get_digestbyname(name);
    const Bytes digest = digest_of(hash, "content");
    Signature signature{.hash = find_digest_algorithm(name),
                        .key = kind,
                        .certificate = {},
                        .bytes = sign(key.get(), hash, digest, RSA_PSS_SALTLEN_MAX),
                        .salt_length = {}};
    CHECK(verify(signature, certificate, digest) == KeyVerdict::valid);
    CHECK(verify(signature, certificate, digest_of(hash, "contents")) == KeyVerdict::invalid);
    const Key other = make_key(kind);
    CHECK(verify(signature, certificate_of(other.get()), digest) == KeyVerdict::invalid);
    Signature damaged = signature;
    damaged.bytes[damaged.bytes.size() / 2] ^= 1;
    CHECK(verify(damaged, certificate, digest) == KeyVerdict::invalid);
    damaged = signature;
    damaged.bytes.pop_back();
    CHECK(verify(damaged, certificate, digest) == KeyVerdict::invalid);
    damaged = signature;
    damaged.bytes.push_back(0);
    CHECK(verify(damaged, certificate, digest) == KeyVerdict::invalid);
    for (const auto wrong : {SignatureKey::rsa_pss, SignatureKey::dsa, SignatureKey::ecc}) {
      damaged = signature;
      damaged.key = wrong;
      if (wrong != kind)
        CHECK(verify(damaged, certificate, digest) == KeyVerdict::key_disagrees);
    }
  }
}

TEST_CASE("the length of the salt is the longest, or what a legacy signature says", "[signature]") {
  const Key key = make_key(SignatureKey::rsa_pss);
  const Certificate certificate = certificate_of(key.get());
  const Bytes digest = digest_of(EVP_sha256(), "content");
  const auto signed_with = [&](int salt_length) {
    return Signature{.hash = find_digest_algorithm("sha256"),
                     .key = SignatureKey::rsa_pss,
                     .certificate = {},
                     .bytes = sign(key.get(), EVP_sha256(), digest, salt_length),
                     .salt_length = {}};
  };
  CHECK(verify(signed_with(256 - 32 - 2), certificate, digest) == KeyVerdict::valid);
  Signature short_salt = signed_with(32);
  CHECK(verify(short_salt, certificate, digest) == KeyVerdict::other_salt);
  short_salt.salt_length = 32;
  CHECK(verify(short_salt, certificate, digest) == KeyVerdict::valid);
  for (const int wrong : {0, 31, 33, 222, 1 << 30}) {
    short_salt.salt_length = wrong;
    CHECK(verify(short_salt, certificate, digest) == KeyVerdict::other_salt);
  }
  Signature none = signed_with(0);
  none.salt_length = 0;
  CHECK(verify(none, certificate, digest) == KeyVerdict::valid);
}

TEST_CASE("certificates are found in a directory by their id", "[signature]") {
  const ConfigDir directory;
  const std::string id = "7a1bd3b2-62b4-4f5e-a3a4-93c5a1b1c4f2";
  const Key key = make_key(SignatureKey::ecc);
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(directory.path() / name, std::ios::binary) << text;
  };
  const auto reason = [&](const std::string& wanted) {
    std::vector<std::unique_ptr<CertificateSource>> sources;
    sources.push_back(certificate_directory(directory.path()));
    const auto found = Certificates(std::move(sources)).find(wanted);
    const auto* const none = std::get_if<NoCertificate>(&found);
    return none == nullptr ? "" : none->reason;
  };
  CHECK(reason(id) == "there is no " + id + ".pem or " + id + ".der");
  write(id + ".pem", certificate_pem(key.get()));
  CHECK(reason(id).empty());
  CHECK(reason("7A1BD3B2-62B4-4F5E-A3A4-93C5A1B1C4F2").empty());
  for (const std::string& wrong :
       std::vector<std::string>{"", "../" + id, "7a1bd3b2", id + "/", id + ".pem"})
    CHECK(reason(wrong) == "'" + wrong + "' is not a UUID");

  const Certificate read = certificate_of(key.get());
  unsigned char* der = nullptr;
  const int length = i2d_X509(read.x509(), &der);
  const std::string der_text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  const std::string second = "00000000-0000-4000-8000-000000000002";
  write(second + ".der", der_text);
  CHECK(reason(second).empty());
  write(second + ".der", der_text + "x");
  CHECK(reason(second) == second + ".der: it is not a certificate");
  write(second + ".der", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  CHECK(reason(second) == second + ".der: its PEM holds no certificate that can be read");
  write(second + ".der", std::string(2 << 20, 'x'));
  CHECK(reason(second) == second + ".der: it is larger than 1 MiB");
  std::filesystem::create_directory(directory.path() / (second + ".pem"));
  CHECK(reason(second) == second + ".pem is not a file");
  REQUIRE_THROWS_AS(certificate_directory(directory.path() / "nowhere"), Error);
}

TEST_CASE("a certificate is valid within its dates", "[signature]") {
  const Key key = make_key(SignatureKey::ecc);
  const auto now =
      std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto parse = [&](long seconds) {
    return std::get<Certificate>(Certificate::parse(certificate_pem(key.get(), seconds)));
  };
  CHECK(parse(3600).is_valid_at(now));
  CHECK_FALSE(parse(-60).is_valid_at(now));
  CHECK(parse(-60).is_valid_at(now - std::chrono::hours(1)));
  CHECK_FALSE(parse(3600).is_valid_at(now - std::chrono::hours(3)));
}
