// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <variant>

#include "store/attempt.h"
#include "store/net/transfer.h"
#include "store/s3/s3_error.h"
#include "store/s3/s3_settings.h"

namespace backglance {

// What the store tells of an object. Two that are equal are of the same bytes: the ETag of an
// object changes with its content, whether it was stored in one part or in several.
struct S3Sight {
  std::uint64_t length = 0;
  std::string etag;      // as sent, with its quotes
  std::string modified;  // Last-Modified
  std::string version;   // x-amz-version-id; empty: the bucket has no versions, or "null"
  // The MD5 of the content, if the ETag is one: 32 hex digits, and not encrypted with a key of KMS
  // or of a customer. Of an object of several parts it is a digest of digests, "...-N".
  std::string md5;

  bool operator==(const S3Sight&) const = default;
};

// Of the last answer's headers.
S3Sight s3_sight(const TransferHead& head, std::uint64_t length);

// One configured store and its server. Makes single attempts, as ObjectStore does. Thread-safe.
class S3Client {
 public:
  // `hooks` must live longer than this.
  S3Client(S3Settings settings, const StoreHooks& hooks);

  const S3Settings& settings() const { return settings_; }

  // Asks for the first byte of an object: only an answer to GET says whether an object is archived,
  // and why a request was refused, because one to HEAD has no body. An empty object has no first
  // byte: a HEAD follows.
  // Signs for another region, once, if the answer tells one; and signs for it from then on.
  struct Refused {
    AttemptFailure failure;
    bool other_keys_may_do = false;
  };
  std::variant<S3Sight, Refused> look(const S3Location& object, const S3Keys& keys);

  // Begins to read the bytes from `first` to `last` of the object that was seen. The answer's head
  // is checked: what follows are these bytes of this object. changed_while_read: the object is
  // another one now, or gone.
  std::variant<std::unique_ptr<Transfer>, AttemptFailure> read(const S3Location& object,
                                                               const S3Keys& keys,
                                                               const S3Sight& seen,
                                                               std::uint64_t first,
                                                               std::uint64_t last);

  // Whether the store has refused these keys in this process: a rotation leaves the old keys in
  // thousands of rows, and each attempt would be one more failed login.
  bool were_refused(const S3Keys& keys) const;

  // Asks for the configured bucket, with short timeouts.
  PlaceState survey() const;

 private:
  struct Question;
  using Answer = TransferPool::Answer;

  TransferRequest request(const Question& question, const std::string& region) const;
  // With one more attempt for the region.
  std::variant<Answer, AttemptFailure> ask(TransferPool& pool, const Question& question) const;
  std::string region_of(const std::string& bucket) const;

  S3Settings settings_;
  const StoreHooks& hooks_;
  std::unique_ptr<TransferPool> pool_;
  mutable std::mutex mutex_;                            // guards the following
  mutable std::map<std::string, std::string> regions_;  // of buckets, as answers told
  std::set<std::string> refused_;                       // digests of keys
};

}  // namespace backglance
