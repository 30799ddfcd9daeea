// SPDX-License-Identifier: Apache-2.0
#include "cli/signature_options.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "base/text.h"
#include "cli/console.h"
#include "openstack/cloud.h"
#include "signature/key_manager.h"

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
    print_out("  {}: {}\n", scheme, join(parts, "; "));
}

// The directory comes first, because it costs nothing. Null: no signature is to be verified.
std::shared_ptr<Certificates> sources_of(const SignatureFlags& flags) {
  std::vector<std::unique_ptr<CertificateSource>> sources;
  if (flags.certificates)
    sources.push_back(certificate_directory(*flags.certificates));
  if (flags.key_manager) {
    require_key_manager_url(*flags.key_manager);  // before a token is requested
    sources.push_back(key_manager(*flags.key_manager, read_cloud_access(environment_variable)));
  }
  return sources.empty() ? nullptr : std::make_shared<Certificates>(std::move(sources));
}

}  // namespace

void add_signature_options(Arguments& app, SignatureFlags& flags) {
  app.group(kSignaturesGroup);
  app.option("--certificates", flags.certificates,
             "Verify the signatures of the images read, with the certificates in this directory: "
             "files ID.pem or ID.der, where ID is the certificate's id in the key manager")
      .type("DIR");
  app.option("--key-manager", flags.key_manager,
             "Verify the signatures of the images read, with certificates that are fetched from "
             "Barbican at this URL; set OS_TOKEN, or OS_CLOUD for a cloud of clouds.yaml, or "
             "OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and OS_PROJECT_NAME")
      .type("URL");
  app.option(
         "--trusted-certificates", flags.trusted,
         "Also check that the certificate of each signature was issued by a certificate in this "
         "directory (*.pem, *.crt, *.der), as Nova does; requires --certificates or --key-manager")
      .type("DIR");
}

void take_signature_options(const SignatureFlags& flags, ReadOptions& options) {
  options.certificates = sources_of(flags);
  if (flags.signed_only && !options.certificates)
    throw Error(ErrorKind::usage, "--signatures requires --certificates or --key-manager");
  if (flags.trusted && !options.certificates)
    throw Error(ErrorKind::usage,
                "--trusted-certificates requires --certificates or --key-manager");
  if (flags.trusted) {
    options.trusted =
        std::make_shared<const TrustedCertificates>(TrustedCertificates::read(*flags.trusted));
    for (const std::string& line : options.trusted->unusable(
             std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now())))
      print_err("--trusted-certificates: {}: nothing is trusted because of this certificate\n",
                line);
  }
  options.signed_only = flags.signed_only;
}

void print_signatures(const ReadResult& result) {
  print_verdicts("img_signature", result.signatures);
  print_verdicts("signature over the MD5", result.legacy_signatures);
  if (result.trusted_chains + result.untrusted_chains > 0)
    print_out("  certificates of img_signature: {} trusted; {} not trusted\n",
              grouped(result.trusted_chains), grouped(result.untrusted_chains));
}

}  // namespace backglance
