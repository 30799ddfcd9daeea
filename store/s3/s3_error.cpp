// SPDX-License-Identifier: Apache-2.0
#include "store/s3/s3_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace backglance {
namespace {

constexpr std::string_view kAlphanumeric =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

// `text`, if it has only letters, digits and `others`.
std::string_view only(std::string_view text, std::string_view others) {
  constexpr std::size_t kLongest = 64;
  const bool is_fit = text.size() <= kLongest && std::ranges::all_of(text, [&](char c) {
                        return kAlphanumeric.find(c) != std::string_view::npos ||
                               others.find(c) != std::string_view::npos;
                      });
  return is_fit ? text : std::string_view();
}

std::string_view element(std::string_view body, std::string_view begin, std::string_view end) {
  const auto from = body.find(begin);
  if (from == std::string_view::npos)
    return {};
  body.remove_prefix(from + begin.size());
  const auto to = body.find(end);
  return to == std::string_view::npos ? std::string_view() : body.substr(0, to);
}

enum class Means { missing, unreadable, place, transient, overloaded };

struct Row {
  std::string_view code;
  Means means;
  std::string_view reason;
};

constexpr std::string_view kUnknownKey =
    "the store does not accept the access key: check the keys in Glance's configuration";

// docs.aws.amazon.com, "Amazon S3 API Reference", "Error responses"; UserSuspended is radosgw's.
constexpr std::array kRows = {
    Row{"NoSuchKey", Means::missing, "the bucket has no such object"},
    Row{"NoSuchVersion", Means::missing, "the bucket has no such version of the object"},
    Row{"InvalidObjectState", Means::unreadable,
        "the object is archived: restore it from the archive first"},
    // Swift's, of an object in several parts.
    Row{"BrokenMPU", Means::unreadable, "the store has lost a part of the object"},
    Row{"InvalidRequest", Means::unreadable,
        "the store gives the object only with parameters of its owner, such as its encryption key"},
    Row{"KeyTooLongError", Means::unreadable, "the key in its location is too long for the store"},
    Row{"InvalidURI", Means::unreadable, "the store does not accept the key in its location"},
    Row{"NoSuchBucket", Means::place, "the store has no such bucket"},
    Row{"InvalidAccessKeyId", Means::place, kUnknownKey},
    Row{"UserSuspended", Means::place, kUnknownKey},
    Row{"AccountProblem", Means::place, kUnknownKey},
    Row{"SignatureDoesNotMatch", Means::place,
        "the store does not accept the signature: check the secret key in Glance's configuration"},
    Row{"AccessDenied", Means::place,
        "the store denies access: allow s3:GetObject and s3:ListBucket to the user of the key"},
    Row{"AllAccessDisabled", Means::place, "the store has disabled all access to the bucket"},
    Row{"RequestTimeTooSkewed", Means::place,
        "the store refuses the time of the request: this host's clock is off"},
    Row{"SlowDown", Means::overloaded, "the store asks for fewer requests (SlowDown)"},
    Row{"TooManyRequests", Means::overloaded, "the store asks for fewer requests"},
    Row{"ServiceUnavailable", Means::overloaded, "the store is overloaded (ServiceUnavailable)"},
    Row{"InternalError", Means::transient, "the store has an internal error"},
    Row{"RequestTimeout", Means::transient, "the store waited too long for the request"},
    Row{"OperationAborted", Means::transient, "the store aborted the request"},
};

AttemptFailure made(Means means, std::string reason, const S3Error& error) {
  switch (means) {
    case Means::missing:
      return image_failure(ImageResult::missing, std::move(reason));
    case Means::unreadable:
      return image_failure(ImageResult::unreadable, std::move(reason));
    case Means::place:
      return place_failure(std::move(reason));
    case Means::transient:
    case Means::overloaded:
      break;
  }
  AttemptFailure failure = transient_failure(std::move(reason));
  failure.is_overloaded = means == Means::overloaded;
  failure.retry_after = error.retry_after;
  return failure;
}

}  // namespace

S3Error read_s3_error(int status, std::string_view region_header, std::string_view body) {
  S3Error error;
  error.status = status;
  error.code = only(element(body, "<Code>", "</Code>"), "");
  error.region = only(region_header, "-_");
  if (error.region.empty())
    error.region = only(element(body, "<Region>", "</Region>"), "-_");
  return error;
}

bool refuses_keys(const S3Error& error) {
  constexpr std::array<std::string_view, 5> kCodes = {"InvalidAccessKeyId", "SignatureDoesNotMatch",
                                                      "AccessDenied", "UserSuspended",
                                                      "AccountProblem"};
  return std::ranges::find(kCodes, error.code) != kCodes.end();
}

bool is_of_other_region(const S3Error& error) {
  constexpr std::array<std::string_view, 5> kCodes = {
      "PermanentRedirect", "AuthorizationHeaderMalformed", "TemporaryRedirect", "Redirect",
      "IllegalLocationConstraintException"};
  // An answer to HEAD has no body.
  return std::ranges::find(kCodes, error.code) != kCodes.end() ||
         (error.code.empty() && !error.region.empty() &&
          (error.status == 301 || error.status == 307 || error.status == 400));
}

AttemptFailure s3_failure(const S3Error& error) {
  const auto row = std::ranges::find(kRows, std::string_view(error.code), &Row::code);
  if (row != kRows.end())
    return made(row->means, std::string(row->reason), error);
  if (is_of_other_region(error))
    return place_failure(
        "the bucket belongs to another region or another host: check s3_store_host and "
        "s3_store_region_name");
  const std::string answer =
      error.code.empty()
          ? fmt::format("the store answers with status {}", error.status)
          : fmt::format("the store answers with status {} ({})", error.status, error.code);
  switch (error.status) {
    case 429:
    case 498:
    case 503:
      return made(Means::overloaded, answer, error);
    case 408:
    case 499:
      return made(Means::transient, answer, error);
    default:
      break;
  }
  if (error.status >= 500 && error.status != 501)
    return made(Means::transient, answer, error);
  if (error.code.empty() && error.status == 404)
    return place_failure(
        "the store answers with status 404 and without an S3 error: check s3_store_host");
  return place_failure(answer);
}

}  // namespace backglance
