// SPDX-License-Identifier: Apache-2.0
// One stream by OpenSSL's code for this CPU. Its EVP interface keeps the chaining value to itself;
// the older functions, deprecated in OpenSSL 3.0 and there in all of its releases, take and give
// it.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/md5.h>
#include <openssl/sha.h>

#include <algorithm>

#include "digest/lanes.h"

namespace backglance {
namespace {

// In all three: the context holds no bytes, because it only ever gets whole blocks. Its count of
// bytes is wrong after the first call and is not used: the padding is made by BlockDigest.
void md5(const Lane& lane, std::size_t blocks) {
  ChainingValue& value = *lane.value;
  MD5_CTX context = {};
  context.A = static_cast<MD5_LONG>(value[0]);
  context.B = static_cast<MD5_LONG>(value[1]);
  context.C = static_cast<MD5_LONG>(value[2]);
  context.D = static_cast<MD5_LONG>(value[3]);
  MD5_Update(&context, lane.data, blocks * block_bytes(BlockHash::md5));
  value = {context.A, context.B, context.C, context.D};
}

void sha256(const Lane& lane, std::size_t blocks) {
  SHA256_CTX context = {};
  context.md_len = SHA256_DIGEST_LENGTH;
  std::transform(lane.value->begin(), lane.value->end(), context.h,
                 [](std::uint64_t word) { return static_cast<SHA_LONG>(word); });
  SHA256_Update(&context, lane.data, blocks * block_bytes(BlockHash::sha256));
  std::copy(std::begin(context.h), std::end(context.h), lane.value->begin());
}

void sha512(const Lane& lane, std::size_t blocks) {
  SHA512_CTX context = {};
  context.md_len = SHA512_DIGEST_LENGTH;
  std::copy(lane.value->begin(), lane.value->end(), context.h);
  SHA512_Update(&context, lane.data, blocks * block_bytes(BlockHash::sha512));
  std::copy(std::begin(context.h), std::end(context.h), lane.value->begin());
}

}  // namespace

void compress_one(BlockHash hash, const Lane& lane, std::size_t blocks) {
  switch (hash) {
    case BlockHash::md5:
      return md5(lane, blocks);
    case BlockHash::sha256:
      return sha256(lane, blocks);
    case BlockHash::sha512:
      return sha512(lane, blocks);
  }
}

}  // namespace backglance
