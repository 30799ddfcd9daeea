// SPDX-License-Identifier: Apache-2.0
#include "signature/verify.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rsa.h>

#include <memory>

namespace backglance {
namespace {

struct Free {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_PKEY_CTX, Free>;

// The property names a kind of key, and the certificate has one: cursive compares them too.
bool is_of_kind(const EVP_PKEY* key, SignatureKey kind) {
  switch (kind) {
    case SignatureKey::rsa_pss:
      return EVP_PKEY_is_a(key, "RSA") == 1;
    case SignatureKey::dsa:
      return EVP_PKEY_is_a(key, "DSA") == 1;
    case SignatureKey::ecc:
      return EVP_PKEY_is_a(key, "EC") == 1;
  }
  return false;
}

bool begin(EVP_PKEY_CTX* context, const Signature& signature, int salt_length) {
  if (signature.key != SignatureKey::rsa_pss)
    return EVP_PKEY_verify_init(context) == 1;
  // OSSL_PARAM takes what it does not change as not constant.
  auto* const hash = const_cast<char*>(signature.hash->openssl_name);
  char padding[] = OSSL_PKEY_RSA_PAD_MODE_PSS;
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_DIGEST, hash, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_PAD_MODE, padding, 0),
      OSSL_PARAM_construct_utf8_string(OSSL_SIGNATURE_PARAM_MGF1_DIGEST, hash, 0),
      OSSL_PARAM_construct_int(OSSL_SIGNATURE_PARAM_PSS_SALTLEN, &salt_length),
      OSSL_PARAM_construct_end()};
  return EVP_PKEY_verify_init_ex(context, parameters) == 1;
}

bool fits(const Signature& signature, EVP_PKEY* key, std::span<const unsigned char> digest,
          int salt_length) {
  const Context context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  return context && begin(context.get(), signature, salt_length) &&
         EVP_PKEY_verify(context.get(), signature.bytes.data(), signature.bytes.size(),
                         digest.data(), digest.size()) == 1;
}

}  // namespace

KeyVerdict verify(const Signature& signature, const Certificate& certificate,
                  std::span<const unsigned char> digest) {
  EVP_PKEY* const key = certificate.key();
  if (key == nullptr || !is_of_kind(key, signature.key))
    return KeyVerdict::key_disagrees;
  ERR_set_mark();  // what does not fit is no error of the code that runs next
  KeyVerdict verdict = KeyVerdict::invalid;
  // Nova takes only the longest possible salt. A signature with another one is worth telling apart:
  // its bytes are right, and its owner need only sign with other options.
  if (fits(signature, key, digest, signature.salt_length.value_or(RSA_PSS_SALTLEN_MAX)))
    verdict = KeyVerdict::valid;
  else if (signature.key == SignatureKey::rsa_pss &&
           fits(signature, key, digest, RSA_PSS_SALTLEN_AUTO))
    verdict = KeyVerdict::other_salt;
  ERR_pop_to_mark();
  return verdict;
}

}  // namespace backglance
