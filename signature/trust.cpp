// SPDX-License-Identifier: Apache-2.0
#include "signature/trust.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstdint>
#include <system_error>

#include "base/error.h"
#include "base/text.h"
#include "signature/certificate_file.h"

namespace backglance {
namespace {

// Two texts of other kinds (UTF8String, PrintableString) are one; case and blanks count.
std::string utf8_of(const X509_NAME_ENTRY* entry) {
  unsigned char* bytes = nullptr;
  const int length = ASN1_STRING_to_UTF8(&bytes, X509_NAME_ENTRY_get_data(entry));
  if (length < 0)
    return {};
  std::string text(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length));
  OPENSSL_free(bytes);
  return text;
}

// Not X509_NAME_cmp(), to which case and blanks are nothing.
bool is_same(const X509_NAME* one, const X509_NAME* other) {
  // Entry by entry, in order, with their grouping.
  const int entries = X509_NAME_entry_count(one);
  if (entries != X509_NAME_entry_count(other))
    return false;
  for (int i = 0; i < entries; ++i) {
    const X509_NAME_ENTRY* const a = X509_NAME_get_entry(one, i);
    const X509_NAME_ENTRY* const b = X509_NAME_get_entry(other, i);
    if (X509_NAME_ENTRY_set(a) != X509_NAME_ENTRY_set(b) ||
        OBJ_cmp(X509_NAME_ENTRY_get_object(a), X509_NAME_ENTRY_get_object(b)) != 0 ||
        utf8_of(a) != utf8_of(b))
      return false;
  }
  return true;
}

// PKCS #1 v1.5, ECDSA and DSA are what cursive knows.
bool has_known_signature(X509* x509) {
  int hash = NID_undef;
  int key = NID_undef;
  return OBJ_find_sigid_algs(X509_get_signature_nid(x509), &hash, &key) == 1 && hash != NID_undef &&
         (key == NID_rsaEncryption || key == NID_X9_62_id_ecPublicKey || key == NID_dsa);
}

// By name and by key: two authorities may have the same name, for example after a renewal.
bool has_signed(const Certificate& issuer, const Certificate& certificate) {
  if (!is_same(X509_get_subject_name(issuer.x509()), X509_get_issuer_name(certificate.x509())) ||
      !has_known_signature(certificate.x509()) || issuer.key() == nullptr)
    return false;
  ERR_set_mark();
  const bool fits = X509_verify(certificate.x509(), issuer.key()) == 1;
  ERR_pop_to_mark();
  return fits;
}

// Nothing if it may sign others.
std::string why_no_issuer(const Certificate& certificate, Certificate::Time now) {
  if (!certificate.is_valid_at(now))
    return "is not valid today";
  // A key usage that is missing counts as one that forbids, as in cursive.
  const std::uint32_t flags = X509_get_extension_flags(certificate.x509());
  if ((flags & EXFLAG_INVALID) != 0)
    return "has extensions that cannot be read";
  if ((flags & EXFLAG_BCONS) == 0 || (flags & EXFLAG_CA) == 0)
    return "is not a CA certificate (basic constraints)";
  if ((flags & EXFLAG_KUSAGE) == 0 ||
      (X509_get_key_usage(certificate.x509()) & KU_KEY_CERT_SIGN) == 0)
    return "may not sign certificates (key usage)";
  return {};
}

std::vector<std::filesystem::path> files_of(const std::filesystem::path& directory) {
  std::error_code error;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string suffix = entry.path().extension().native();
    if (suffix == ".pem" || suffix == ".crt" || suffix == ".der")
      files.push_back(entry.path());
  }
  if (error)
    throw Error(ErrorKind::usage, fmt::format("--trusted-certificates {}: {}",
                                              printable(directory.native()), error.message()));
  // The order of a directory is that of its file system; where two fit, the same one must be found
  // on every host.
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<Certificate> certificates_of(const std::filesystem::path& file) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::usage, fmt::format("--trusted-certificates: {}", why));
  };
  const std::string name = printable(file.filename().native());
  auto bytes = read_certificate_file(file);
  if (!bytes)  // gone since the directory was listed
    return {};
  if (const auto* const none = std::get_if<NoCertificate>(&*bytes))
    refuse(none->reason);
  auto certificates = Certificate::parse_all(std::get<std::string>(*bytes));
  if (const auto* const why = std::get_if<std::string>(&certificates))
    refuse(fmt::format("{}: {}", name, *why));
  return std::get<std::vector<Certificate>>(std::move(certificates));
}

}  // namespace

TrustedCertificates TrustedCertificates::read(const std::filesystem::path& directory) {
  std::vector<Trusted> all;
  for (const std::filesystem::path& file : files_of(directory)) {
    for (Certificate& certificate : certificates_of(file))
      all.push_back({file.filename().native(), std::move(certificate)});
  }
  // With none, every image's certificate would be a finding: surely the wrong directory.
  if (all.empty())
    throw Error(ErrorKind::usage,
                fmt::format("--trusted-certificates {}: there is no *.pem, *.crt or *.der in it",
                            printable(directory.native())));
  return TrustedCertificates(std::move(all));
}

std::vector<std::string> TrustedCertificates::unusable(Certificate::Time now) const {
  std::vector<std::string> lines;
  for (const Trusted& one : trusted_)
    if (const std::string why = why_no_issuer(one.certificate, now); !why.empty())
      lines.push_back(fmt::format("{} {}", printable(one.name), why));
  return lines;
}

// The first that fits, as cursive takes it.
const TrustedCertificates::Trusted* TrustedCertificates::issuer_of(const Certificate& certificate,
                                                                   Certificate::Time now) const {
  const auto found = std::find_if(trusted_.begin(), trusted_.end(), [&](const Trusted& one) {
    return has_signed(one.certificate, certificate) && why_no_issuer(one.certificate, now).empty();
  });
  return found == trusted_.end() ? nullptr : &*found;
}

std::optional<std::string> TrustedCertificates::why_untrusted(const Certificate& certificate,
                                                              Certificate::Time now) const {
  if (!certificate.is_valid_at(now))
    return "it is not valid today";
  std::vector<const Trusted*> above;  // from its issuer up
  const Certificate* last = &certificate;
  for (;;) {
    const Trusted* const issuer = issuer_of(*last, now);
    if (issuer == nullptr)
      return above.empty() ? "no trusted certificate has signed it"
                           : fmt::format("no trusted certificate has signed {}",
                                         printable(above.back()->name));
    // It has signed itself: the end of the chain.
    if (X509_cmp(issuer->certificate.x509(), last->x509()) == 0)
      break;
    // cursive would never end.
    if (above.size() == trusted_.size())
      return "the trusted certificates sign each other in a circle";
    above.push_back(issuer);
    last = &issuer->certificate;
  }
  // `below` is the number of CA certificates between this one and the image's.
  for (std::size_t below = 0; below < above.size(); ++below) {
    const long allowed = X509_get_pathlen(above[below]->certificate.x509());
    const std::string name = printable(above[below]->name);
    // It compares None with a number (Python's TypeError), and Nova does not boot the image.
    if (allowed < 0)
      return fmt::format("{} sets no path length, and Nova's validation fails on that", name);
    if (static_cast<std::size_t>(allowed) < below)
      return fmt::format("{} allows {} CAs below it, and there are {}", name, allowed, below);
  }
  return std::nullopt;
}

}  // namespace backglance
