#include "cli/signature_options.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <vector>

#include "base/text.h"

namespace backglance {
namespace {

// "img_signature: 3 valid, 1 invalid"
void print_verdicts(const std::string& scheme, const ReadResult::Verdicts& verdicts) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < verdicts.size(); ++i)
    if (verdicts[i] > 0)
      parts.push_back(fmt::format("{} {}", grouped(verdicts[i]),
                                  signature_verdict_text(static_cast<SignatureVerdict>(i))));
  if (!parts.empty())
    fmt::print("  {}: {}\n", scheme, join(parts, "; "));
}

}  // namespace

void add_signature_options(CLI::App& app, SignatureFlags& flags) {
  app.add_option("--certificates", flags.certificates,
                 "Verify the signatures of what is read, by the certificates in this directory: "
                 "ID.pem or ID.der, named by their id in the key manager")
      ->type_name("DIR");
  app.add_option("--trusted-certificates", flags.trusted,
                 "Hold these certificates against the trusted ones in this directory, as Nova "
                 "does it: *.pem, *.crt, *.der")
      ->type_name("DIR");
}

void take_signature_options(const SignatureFlags& flags, ReadOptions& options) {
  if (flags.certificates)
    options.certificates =
        std::make_shared<Certificates>(certificate_directory(*flags.certificates));
  if (flags.signed_only && !flags.certificates)
    throw Error(ErrorKind::usage, "--signatures needs --certificates");
  if (flags.trusted && !flags.certificates)
    throw Error(ErrorKind::usage, "--trusted-certificates needs --certificates");
  if (flags.trusted) {
    options.trusted =
        std::make_shared<const TrustedCertificates>(TrustedCertificates::read(*flags.trusted));
    for (const std::string& line : options.trusted->unusable(
             std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())))
      fmt::print(stderr, "--trusted-certificates: {}: nothing is trusted for it\n", line);
  }
  options.signed_only = flags.signed_only;
}

void print_signatures(const ReadResult& result) {
  print_verdicts("img_signature", result.signatures);
  print_verdicts("signature over the MD5", result.legacy_signatures);
  if (result.trusted_chains + result.untrusted_chains > 0)
    fmt::print("  certificates of img_signature: {} trusted; {} not trusted\n",
               grouped(result.trusted_chains), grouped(result.untrusted_chains));
}

}  // namespace backglance
