// SPDX-License-Identifier: Apache-2.0
#include "digest/digest_set.h"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/provider.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/hex.h"

namespace backglance {
namespace {

// EVP_MD of every algorithm, fetched once for the process: a fetch takes OpenSSL's locks and builds
// an object, which would weigh on a site of many tiny images. Read-only once made, so any thread
// may use it.
class FetchedDigests {
 public:
  static const FetchedDigests& instance() {
    // Made after OpenSSL's own atexit handler was registered, hence destroyed before OpenSSL ends.
    static const FetchedDigests fetched;
    return fetched;
  }

  // Null if this OpenSSL lacks it.
  const EVP_MD* of(const DigestAlgorithm& algorithm) const {
    return digests_[static_cast<std::size_t>(&algorithm - digest_algorithms().data())].get();
  }

 private:
  FetchedDigests() {
    ERR_set_mark();
    digests_.resize(digest_algorithms().size());
    for (std::size_t i = 0; i < digests_.size(); ++i)
      digests_[i].reset(fetch(digest_algorithms()[i].openssl_name));
    ERR_pop_to_mark();  // a fetch that failed is no error of the code that runs next
  }

  // First as this host is configured. A host in FIPS mode demands a validated implementation; the
  // second attempt drops that demand. The configuration may also have loaded no provider with this
  // algorithm: then from the default one, in a context that no configuration reaches.
  EVP_MD* fetch(const char* name) {
    if (EVP_MD* digest = EVP_MD_fetch(nullptr, name, nullptr))
      return digest;
    if (EVP_MD* digest = EVP_MD_fetch(nullptr, name, "-fips"))
      return digest;
    if (!own_context_) {
      own_context_.reset(OSSL_LIB_CTX_new());
      own_provider_.reset(OSSL_PROVIDER_load(own_context_.get(), "default"));
    }
    return EVP_MD_fetch(own_context_.get(), name, "-fips");
  }

  struct Free {
    void operator()(OSSL_LIB_CTX* context) const { OSSL_LIB_CTX_free(context); }
    void operator()(OSSL_PROVIDER* provider) const { OSSL_PROVIDER_unload(provider); }
    void operator()(EVP_MD* digest) const { EVP_MD_free(digest); }
  };
  // In this order, so that what uses the context goes before it.
  std::unique_ptr<OSSL_LIB_CTX, Free> own_context_;
  std::unique_ptr<OSSL_PROVIDER, Free> own_provider_;
  std::vector<std::unique_ptr<EVP_MD, Free>> digests_;
};

[[noreturn]] void fail(const DigestAlgorithm& algorithm) {
  throw Error(ErrorKind::usage,
              fmt::format("this host's OpenSSL cannot compute {}", algorithm.name));
}

}  // namespace

DigestSet::DigestSet(const std::vector<const DigestAlgorithm*>& algorithms) {
  // Each algorithm once; context_of_ leads every position of the list to its context.
  std::vector<const DigestAlgorithm*> distinct;
  for (const DigestAlgorithm* algorithm : algorithms) {
    const auto found = std::find(distinct.begin(), distinct.end(), algorithm);
    context_of_.push_back(static_cast<std::size_t>(found - distinct.begin()));
    if (found != distinct.end())
      continue;
    distinct.push_back(algorithm);
    const EVP_MD* digest = FetchedDigests::instance().of(*algorithm);
    contexts_.emplace_back(EVP_MD_CTX_new());
    if (!digest || !contexts_.back() ||
        EVP_DigestInit_ex2(contexts_.back().get(), digest, nullptr) != 1)
      fail(*algorithm);
  }
}

void DigestSet::update(std::span<const std::byte> chunk) {
  for (const auto& context : contexts_)
    if (EVP_DigestUpdate(context.get(), chunk.data(), chunk.size()) != 1)
      throw Error(ErrorKind::usage, "OpenSSL refused to continue a digest");
}

std::vector<std::string> DigestSet::finish() {
  std::vector<std::string> values;
  for (const auto& context : contexts_) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
    unsigned length = 0;
    if (EVP_DigestFinal_ex(context.get(), bytes.data(), &length) != 1)
      throw Error(ErrorKind::usage, "OpenSSL refused to finish a digest");
    values.push_back(hex({bytes.data(), length}));
  }
  std::vector<std::string> in_order;
  for (const std::size_t context : context_of_)
    in_order.push_back(values[context]);
  return in_order;
}

}  // namespace backglance
