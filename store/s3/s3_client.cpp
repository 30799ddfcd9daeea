// SPDX-License-Identifier: Apache-2.0
#include "store/s3/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <utility>

#include "base/text.h"

namespace backglance {
namespace {

constexpr std::size_t kMostOfError = 1 << 16;
constexpr std::size_t kMostRemembered = 256;  // regions and keys: a bound, in practice a handful

bool is_success(int status) {
  return status >= 200 && status < 300;
}

S3Error error_of(const TransferHead& head, std::string_view body) {
  S3Error error = read_s3_error(head.status, head.header("x-amz-bucket-region"), body);
  error.retry_after = head.retry_after();
  return error;
}

std::string unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
    etag = etag.substr(1, etag.size() - 2);
  return lower_ascii(etag);
}

// What of an error body is looked at.
std::variant<std::string, AttemptFailure> rest_of(Transfer& transfer) {
  std::string body(kMostOfError, '\0');
  std::size_t filled = 0;
  while (filled < body.size()) {
    const auto got = transfer.read(
        std::as_writable_bytes(std::span(body.data() + filled, body.size() - filled)));
    if (const auto* failure = std::get_if<AttemptFailure>(&got))
      return *failure;
    if (std::get<std::size_t>(got) == 0)
      break;
    filled += std::get<std::size_t>(got);
  }
  body.resize(filled);
  return body;
}

}  // namespace

S3Sight s3_sight(const TransferHead& head, std::uint64_t length) {
  S3Sight sight;
  sight.length = length;
  sight.etag = head.header("etag");
  sight.modified = head.header("last-modified");
  sight.version = head.header("x-amz-version-id");
  // Of a bucket whose versioning is suspended: this version is overwritten like a plain object.
  if (sight.version == "null")
    sight.version.clear();
  const std::string digest = unquoted(sight.etag);
  const bool is_digest =
      digest.size() == 32 && digest.find_first_not_of("0123456789abcdef") == std::string::npos;
  const bool is_of_content = !head.header("x-amz-server-side-encryption").starts_with("aws:kms") &&
                             head.header("x-amz-server-side-encryption-customer-algorithm").empty();
  if (is_digest && is_of_content)
    sight.md5 = digest;
  return sight;
}

struct S3Client::Question {
  std::string method = "GET";
  std::string bucket;
  std::string key = {};
  S3Fields query = {};
  S3Keys keys = {};  // not set: the request is not signed
  std::optional<TransferRequest::Range> range = {};
  std::string if_match = {};
};

S3Client::S3Client(S3Settings settings, const StoreHooks& hooks)
    : settings_(std::move(settings)),
      hooks_(hooks),
      pool_(std::make_unique<TransferPool>(TransferTerms{.authorities = settings_.authorities},
                                           hooks)) {}

std::string S3Client::region_of(const std::string& bucket) const {
  const std::lock_guard lock(mutex_);
  const auto known = regions_.find(bucket);
  return known == regions_.end() ? settings_.region : known->second;
}

TransferRequest S3Client::request(const Question& question, const std::string& region) const {
  const S3Target target =
      s3_target(settings_.endpoint, settings_.format, question.bucket, question.key);
  TransferRequest request;
  request.method = question.method;
  request.url = target.url(question.query);
  request.range = question.range;
  // Range and If-Match stay unsigned: the answer is checked for both.
  if (question.keys.are_set())
    request.headers = s3_signature({.method = question.method,
                                    .host = target.host,
                                    .path = target.path,
                                    .query = question.query},
                                   question.keys, region, std::chrono::system_clock::now());
  if (!question.if_match.empty())
    request.headers.emplace_back("if-match", question.if_match);
  return request;
}

std::variant<S3Client::Answer, AttemptFailure> S3Client::ask(TransferPool& pool,
                                                             const Question& question) const {
  const std::string region = region_of(question.bucket);
  auto answer = pool.ask(request(question, region), kMostOfError);
  const auto* const first = std::get_if<Answer>(&answer);
  if (first == nullptr || is_success(first->head.status))
    return answer;
  const S3Error error = error_of(first->head, first->body);
  if (!is_of_other_region(error) || error.region.empty() || error.region == region)
    return answer;
  {
    const std::lock_guard lock(mutex_);
    if (regions_.size() >= kMostRemembered)
      regions_.clear();
    regions_[question.bucket] = error.region;
  }
  return pool.ask(request(question, error.region), kMostOfError);
}

std::variant<S3Sight, S3Client::Refused> S3Client::look(const S3Location& object,
                                                        const S3Keys& keys) {
  Question question{.bucket = object.bucket, .key = object.key, .keys = keys};
  question.range = TransferRequest::Range{0, 0};
  auto answer = ask(*pool_, question);
  constexpr int kRangeNotSatisfiable = 416;
  if (const auto* none = std::get_if<Answer>(&answer);
      none != nullptr && none->head.status == kRangeNotSatisfiable) {
    question.range.reset();
    question.method = "HEAD";
    answer = ask(*pool_, question);
  }
  if (auto* const failure = std::get_if<AttemptFailure>(&answer))
    return Refused{std::move(*failure)};

  const auto& [head, body, is_cut] = std::get<Answer>(answer);
  // The answer to HEAD cannot say NoSuchKey. The next attempt begins with GET again.
  if (question.method == "HEAD" && head.status == 404)
    return Refused{transient_failure("the object was replaced while it was opened")};
  if (!is_success(head.status)) {
    const S3Error error = error_of(head, body);
    // Not AccessDenied: these keys may be good for the next object.
    const bool is_refused = refuses_keys(error);
    if (is_refused && error.code != "AccessDenied") {
      const std::lock_guard lock(mutex_);
      if (refused_.size() < kMostRemembered)
        refused_.insert(network_identity("keys", {keys.access, keys.secret}));
    }
    return Refused{s3_failure(error), is_refused};
  }
  // Of an answer that ignores the range the body was not read, and no window could be either.
  std::optional<std::uint64_t> length;
  if (const auto range = head.content_range(); range && range->first == 0)
    length = range->whole;
  else if (question.method == "HEAD" || head.length == 0U)
    length = head.length;
  if (!length)
    return Refused{place_failure("the store does not answer requests for a part of an object")};
  // With bytes, the object was replaced between the two requests.
  if (question.method == "HEAD" && *length != 0)
    return Refused{transient_failure("the object was replaced while it was opened")};
  S3Sight sight = s3_sight(head, *length);
  // With a weak one, which a proxy may make of it, If-Match is never true (RFC 9110, 13.1.1).
  if (sight.etag.empty() || sight.etag.starts_with("W/"))
    return Refused{place_failure("the store tells no strong ETag, so that no change would show")};
  return sight;
}

std::variant<std::unique_ptr<Transfer>, AttemptFailure> S3Client::read(const S3Location& object,
                                                                       const S3Keys& keys,
                                                                       const S3Sight& seen,
                                                                       std::uint64_t first,
                                                                       std::uint64_t last) {
  Question question{.bucket = object.bucket, .key = object.key, .keys = keys};
  question.range = TransferRequest::Range{first, last};
  // Both: a store that ignores the one may heed the other, and the answer is checked anyway.
  question.if_match = seen.etag;
  if (!seen.version.empty())
    question.query = {{"versionId", seen.version}};
  std::unique_ptr<Transfer> transfer = pool_->begin(request(question, region_of(object.bucket)));
  const auto begun = transfer->head();
  if (const auto* failure = std::get_if<AttemptFailure>(&begun))
    return *failure;
  const TransferHead& head = std::get<TransferHead>(begun);
  switch (head.status) {
    case 206:
      break;
    case 200:
      return place_failure("the store does not answer requests for a part of an object");
    case 412:
      return changed_failure("another object replaced it while it was read");
    case 416:
      return changed_failure("it became shorter while it was read");
    default: {
      const auto body = rest_of(*transfer);
      if (const auto* failure = std::get_if<AttemptFailure>(&body))
        return *failure;
      AttemptFailure failure = s3_failure(error_of(head, std::get<std::string>(body)));
      if (failure.kind == FailureKind::image && failure.result == ImageResult::missing)
        return changed_failure("it was removed while it was read");
      return failure;
    }
  }
  const auto range = head.content_range();
  const S3Sight now = s3_sight(head, range ? range->whole.value_or(seen.length) : seen.length);
  if (now.length != seen.length || now.etag != seen.etag)
    return changed_failure("another object replaced it while it was read");
  const std::uint64_t count = last - first + 1;
  if (!range || range->first != first || head.length.value_or(count) != count)
    return transient_failure("the store's answer has other bytes than those that were asked for");
  return transfer;
}

bool S3Client::were_refused(const S3Keys& keys) const {
  const std::lock_guard lock(mutex_);
  return refused_.contains(network_identity("keys", {keys.access, keys.secret}));
}

PlaceState S3Client::survey() const {
  const bool has_bucket = !settings_.bucket.empty();
  PlaceState state{settings_.place(has_bucket ? settings_.bucket : "(not set)"), settings_.id};
  state.away = settings_.problem;
  // Glance refuses such a store too.
  if (state.away.empty() && !has_bucket)
    state.away = settings_.group + " s3_store_bucket is not set";
  if (!state.away.empty())
    return state;
  TransferPool pool({.authorities = settings_.authorities,
                     .connect_timeout = std::chrono::seconds(5),
                     .stall_timeout = std::chrono::seconds(5)},
                    hooks_);
  Question question{.method = "HEAD", .bucket = settings_.bucket, .keys = settings_.keys};
  auto answer = ask(pool, question);
  if (const auto* none = std::get_if<Answer>(&answer);
      none != nullptr && !is_success(none->head.status)) {
    // Why not is in a body.
    question.method = "GET";
    question.query = {{"list-type", "2"}, {"max-keys", "1"}};
    answer = ask(pool, question);
  }
  if (const auto* failure = std::get_if<AttemptFailure>(&answer)) {
    state.away = failure->reason;
    return state;
  }
  const auto& [head, body, is_cut] = std::get<Answer>(answer);
  if (is_success(head.status))
    return state;
  const S3Error error = error_of(head, body);
  // Who may read objects need not be allowed to list them; a store without keys in the
  // configuration is asked without any.
  if (error.code != "AccessDenied")
    state.away = s3_failure(error).reason;
  return state;
}

}  // namespace backglance
