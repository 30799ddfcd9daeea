// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "report/owners.h"
#include "report/summary.h"

namespace backglance {
namespace {

// Everything here ends in somebody's shell. So each text of the database is used only if it can be
// nothing but what it should be.
bool is_hex(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// Glance gives UUIDs; some old ids are plain words. An id that begins with a dash would be taken
// for an option.
bool is_usable_id(std::string_view id) {
  constexpr std::string_view kSafe =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
  return !id.empty() && id.front() != '-' && id.size() <= 36 &&
         id.find_first_not_of(kSafe) == std::string_view::npos;
}

// hashlib's names, the programs of coreutils that compute the same, and the length of the digest.
struct DigestProgram {
  std::string_view algorithm;
  std::string_view program;
  std::size_t hex_digits;
};
constexpr std::array kPrograms = {
    DigestProgram{"sha512", "sha512sum", 128}, DigestProgram{"sha384", "sha384sum", 96},
    DigestProgram{"sha256", "sha256sum", 64},  DigestProgram{"sha224", "sha224sum", 56},
    DigestProgram{"blake2b", "b2sum", 128},    DigestProgram{"sha1", "sha1sum", 40},
    DigestProgram{"md5", "md5sum", 32}};

std::string check_with(std::string_view algorithm, const std::string& digest) {
  for (const DigestProgram& one : kPrograms)
    // The right length and nothing but digits, so it needs no quotes.
    if (one.algorithm == algorithm && digest.size() == one.hex_digits && is_hex(digest))
      return fmt::format("echo \"{}  $DATA\" | {} --check", lower_ascii(digest), one.program);
  return {};
}

// Checks os_hash_value if a program computes its algorithm, else the MD5; empty if neither is
// known.
std::string check_command(const SiteReport::Signature& signature) {
  const std::string check = check_with(signature.hash_algorithm, signature.hash_value);
  return check.empty() ? check_with("md5", signature.checksum) : check;
}

// The image's own algorithm if a signature can name it: whoever verifies computes one digest less.
std::string_view hash_of(const SiteReport::Signature& signature) {
  for (const std::string_view known : {"sha224", "sha384", "sha512"})
    if (signature.hash_algorithm == known)
      return known;
  return "sha256";
}

std::string unset_command(const SiteReport::Signature& signature, bool data_signature_too) {
  // The names are ours: `present` holds only those that we know.
  std::string names;
  for (const std::string& name : signature.present)
    if ((is_outstanding(signature) && is_legacy_signature_name(name)) ||
        (data_signature_too && is_data_signature_name(name)))
      names += " --property " + name;
  return names.empty() ? names : "openstack image unset" + names + " \"$IMAGE\"";
}

std::string image_command(const SiteReport::Signature& signature) {
  return "IMAGE=" + signature.image_id;
}

}  // namespace

// For five years; then the images must be signed again.
std::vector<std::string> key_commands() {
  const std::string make =
      "openssl req -x509 -newkey rsa:3072 -nodes -sha256 -days 1825 -subj \"/CN=image signing\" "
      "-keyout signing-key.pem -out signing-certificate.pem";
  return {make};
}

// As application/octet-stream, because Glance cannot read what Barbican has as text
// (signature/secret.cpp).
std::vector<std::string> certificate_commands() {
  const std::string store =
      "SECRET=$(openstack secret store --name image-signing --secret-type certificate "
      "--payload-content-type application/octet-stream --payload-content-encoding base64 "
      "--payload \"$(openssl base64 -A -in \"$CERTIFICATE\")\" -f value -c \"Secret href\")";
  return {"KEY=signing-key.pem", "CERTIFICATE=signing-certificate.pem", store,
          "CERTIFICATE_ID=${SECRET##*/}", "echo \"The certificate is $CERTIFICATE_ID\""};
}

std::vector<std::string> signing_commands(const SiteReport::Signature& signature) {
  if (!is_usable_id(signature.image_id))
    return {};
  const std::string_view hash = hash_of(signature);
  std::vector<std::string> commands = {
      image_command(signature), "DATA=image-$IMAGE",
      // An image that is there already is not loaded again: some have hundreds of GB.
      "{ test -e \"$DATA\" || openstack image save --file \"$DATA\" \"$IMAGE\"; }"};
  // Before the signature, and joined by &&: nobody shall sign other data than the site has.
  if (has_known_digest(signature))
    commands.push_back(check_command(signature));
  commands.push_back(
      fmt::format("openssl dgst -{} -sign \"${{KEY:?}}\" -sigopt rsa_padding_mode:pss "
                  "-sigopt rsa_pss_saltlen:max -out \"$IMAGE.signature\" \"$DATA\"",
                  hash));
  commands.push_back("SIGNATURE=$(openssl base64 -A -in \"$IMAGE.signature\")");
  commands.push_back(
      fmt::format("openstack image set --property img_signature=\"$SIGNATURE\" "
                  "--property img_signature_hash_method=SHA-{} "
                  "--property img_signature_key_type=RSA-PSS "
                  "--property img_signature_certificate_uuid=\"${{CERTIFICATE_ID:?}}\" \"$IMAGE\"",
                  hash.substr(3)));
  // Last: until the new signature is set, the old one stays.
  if (std::string unset = unset_command(signature, false); !unset.empty())
    commands.push_back(std::move(unset));
  return commands;
}

std::vector<std::string> removal_commands(const SiteReport::Signature& signature) {
  std::string unset = unset_command(signature, has_signature_finding(signature));
  if (!is_usable_id(signature.image_id) || unset.empty())
    return {};
  return {image_command(signature), std::move(unset)};
}

bool has_known_digest(const SiteReport::Signature& signature) {
  return !check_command(signature).empty();
}

}  // namespace backglance
