// SPDX-License-Identifier: Apache-2.0
#include "signature/certificate.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <string>

#include "base/no_phrase.h"

namespace backglance {
namespace {

// Far more than a certificate has, and what a file is read up to.
constexpr std::size_t kLargest = 1 << 20;

constexpr const char* kTooLarge = "it is larger than 1 MiB";
constexpr const char* kNoPem = "its PEM holds no certificate that can be read";

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

// ASN1_TIME_to_tm gives UTC, which is what timegm takes.
std::optional<Certificate::Time> time_of(const ASN1_TIME* time) {
  std::tm parts = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1)
    return std::nullopt;
  return Certificate::Time(std::chrono::seconds(timegm(&parts)));
}

using Bio = std::unique_ptr<BIO, FreeBio>;

Bio reader_of(std::string_view bytes) {
  return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

// The next one; null at the end, and for what is none.
X509* read_pem(BIO* bio) {
  return PEM_read_bio_X509(bio, nullptr, no_phrase, nullptr);
}

// By the content, because key managers and people give files any name.
bool is_pem(std::string_view bytes) {
  return bytes.find("-----BEGIN ") != std::string_view::npos;
}

X509* read_der(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const unsigned char* const end = at + bytes.size();
  X509* const x509 = d2i_X509(nullptr, &at, static_cast<long>(bytes.size()));
  // Something follows the certificate: then this is not what somebody meant to store.
  if (x509 != nullptr && at != end) {
    X509_free(x509);
    return nullptr;
  }
  return x509;
}

// Those of cryptography 38 (hazmat/primitives/asymmetric/ec.py), by OpenSSL's names.
constexpr std::array<std::string_view, 19> kCurves = {
    "brainpoolP256r1", "brainpoolP384r1", "brainpoolP512r1", "prime192v1", "prime256v1",
    "secp224r1",       "secp256k1",       "secp384r1",       "secp521r1",  "sect163k1",
    "sect163r2",       "sect233k1",       "sect233r1",       "sect283k1",  "sect283r1",
    "sect409k1",       "sect409r1",       "sect571k1",       "sect571r1"};

// A certificate may also write its curve out, in numbers of its own choice; then cryptography does
// not take it, and neither may we.
bool is_on_named_curve(const EVP_PKEY* key) {
  int is_written_out = 0;
  std::array<char, 64> name = {};
  return EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                &is_written_out) == 1 &&
         is_written_out == 0 &&
         EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) == 1 &&
         std::ranges::find(kCurves, std::string_view(name.data())) != kCurves.end();
}

// The same modulus and exponent as a plain RSA key.
EVP_PKEY* without_restrictions(const EVP_PKEY* key) {
  OSSL_PARAM* parameters = nullptr;
  EVP_PKEY_CTX* const context = EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr);
  EVP_PKEY* plain = nullptr;
  if (context != nullptr && EVP_PKEY_todata(key, EVP_PKEY_PUBLIC_KEY, &parameters) == 1 &&
      EVP_PKEY_fromdata_init(context) == 1) {
    const OSSL_PARAM* const modulus = OSSL_PARAM_locate(parameters, OSSL_PKEY_PARAM_RSA_N);
    const OSSL_PARAM* const exponent = OSSL_PARAM_locate(parameters, OSSL_PKEY_PARAM_RSA_E);
    if (modulus != nullptr && exponent != nullptr) {
      std::array<OSSL_PARAM, 3> numbers = {*modulus, *exponent, OSSL_PARAM_construct_end()};
      EVP_PKEY_fromdata(context, &plain, EVP_PKEY_PUBLIC_KEY, numbers.data());
    }
  }
  OSSL_PARAM_free(parameters);
  EVP_PKEY_CTX_free(context);
  return plain;
}

}  // namespace

Certificate::Certificate(Pointer x509, Time not_before, Time not_after)
    : x509_(std::move(x509)),
      key_(usable_key(x509_.get())),
      not_before_(not_before),
      not_after_(not_after) {}

// Null for a key that Nova could not use either: the verdict must be Nova's.
Certificate::Key Certificate::usable_key(X509* x509) {
  ERR_set_mark();
  Key key(X509_get_pubkey(x509));
  if (key && EVP_PKEY_is_a(key.get(), "RSA-PSS") == 1)
    key.reset(without_restrictions(key.get()));
  if (key && EVP_PKEY_is_a(key.get(), "EC") == 1 && !is_on_named_curve(key.get()))
    key.reset();
  ERR_pop_to_mark();
  return key;
}

std::variant<Certificate, std::string> Certificate::of(Pointer x509) {
  // Without dates it cannot be said whether the certificate holds today.
  const auto not_before = time_of(X509_get0_notBefore(x509.get()));
  const auto not_after = time_of(X509_get0_notAfter(x509.get()));
  if (!not_before || !not_after)
    return "its dates cannot be read";
  return Certificate(std::move(x509), *not_before, *not_after);
}

std::variant<Certificate, std::string> Certificate::parse(std::string_view bytes) {
  if (bytes.size() > kLargest)
    return kTooLarge;
  ERR_set_mark();
  Pointer x509(is_pem(bytes) ? read_pem(reader_of(bytes).get()) : read_der(bytes));
  ERR_pop_to_mark();
  if (!x509)
    return is_pem(bytes) ? kNoPem : "it is not a certificate";
  return of(std::move(x509));
}

std::variant<std::vector<Certificate>, std::string> Certificate::parse_all(std::string_view bytes) {
  // A file of authorities often holds several. One that is damaged refuses the file: without it an
  // authority would be missing, and nobody would know.
  std::vector<Certificate> all;
  if (bytes.size() > kLargest)
    return kTooLarge;
  if (!is_pem(bytes)) {
    auto one = parse(bytes);
    if (auto* const why = std::get_if<std::string>(&one))
      return std::move(*why);
    all.push_back(std::get<Certificate>(std::move(one)));
    return all;
  }
  ERR_set_mark();
  const Bio bio = reader_of(bytes);
  std::string why;
  while (Pointer x509{read_pem(bio.get())}) {
    auto one = of(std::move(x509));
    if (auto* const fault = std::get_if<std::string>(&one))
      why = std::move(*fault);
    else
      all.push_back(std::get<Certificate>(std::move(one)));
  }
  // At the end there is no further start line; anything else is a certificate that is damaged.
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE || all.empty())
    why = kNoPem;
  ERR_pop_to_mark();
  if (!why.empty())
    return why;
  return all;
}

}  // namespace backglance
