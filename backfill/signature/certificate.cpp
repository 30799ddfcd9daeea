#include "backfill/signature/certificate.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>
#include <optional>

#include "base/no_phrase.h"

namespace backglance {
namespace {

// Far more than a certificate has, and what a file is read up to.
constexpr std::size_t kLargest = 1 << 20;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};

std::optional<Certificate::Time> time_of(const ASN1_TIME* time) {
  std::tm parts = {};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1)
    return std::nullopt;
  return Certificate::Time(std::chrono::seconds(timegm(&parts)));
}

X509* read_pem(std::string_view bytes) {
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
  return bio ? PEM_read_bio_X509(bio.get(), nullptr, no_phrase, nullptr) : nullptr;
}

X509* read_der(std::string_view bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  const unsigned char* const end = at + bytes.size();
  X509* const x509 = d2i_X509(nullptr, &at, static_cast<long>(bytes.size()));
  if (x509 != nullptr && at != end) {
    X509_free(x509);
    return nullptr;
  }
  return x509;
}

}  // namespace

std::variant<Certificate, std::string> Certificate::parse(std::string_view bytes) {
  if (bytes.size() > kLargest)
    return "it is larger than 1 MiB";
  ERR_set_mark();
  const bool is_pem = bytes.find("-----BEGIN ") != std::string_view::npos;
  Pointer x509(is_pem ? read_pem(bytes) : read_der(bytes));
  ERR_pop_to_mark();
  if (!x509)
    return is_pem ? "its PEM holds no certificate that can be read" : "it is no certificate";
  const auto not_before = time_of(X509_get0_notBefore(x509.get()));
  const auto not_after = time_of(X509_get0_notAfter(x509.get()));
  if (!not_before || !not_after)
    return "its dates cannot be read";
  return Certificate(std::move(x509), *not_before, *not_after);
}

EVP_PKEY* Certificate::key() const {
  ERR_set_mark();
  EVP_PKEY* const key = X509_get0_pubkey(x509_.get());
  ERR_pop_to_mark();
  return key;
}

}  // namespace backglance
