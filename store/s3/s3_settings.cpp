// SPDX-License-Identifier: Apache-2.0
#include "store/s3/s3_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

S3UrlFormat url_format(const StoreOptions& options) {
  const std::string text = lower_ascii(trim(options.text("s3_store_bucket_url_format")));
  if (text == "auto" || text.empty())
    return S3UrlFormat::automatic;
  if (text == "path")
    return S3UrlFormat::path;
  if (text == "virtual")
    return S3UrlFormat::virtual_host;
  throw Error(
      ErrorKind::usage,
      fmt::format("{} s3_store_bucket_url_format must be auto, path or virtual", options.group()));
}

bool has_control(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7f; });
}

// "s3.example.org" of "https://s3.example.org/": as rows have it (process_specs of the driver).
std::string host_of_rows(const S3Endpoint& endpoint) {
  return endpoint.authority() + endpoint.base;
}

}  // namespace

std::string S3Settings::place(std::string_view of_bucket) const {
  return id.empty()
             ? fmt::format("bucket {} of the s3 store", printable(of_bucket, 64))
             : fmt::format("bucket {} of store {}", printable(of_bucket, 64), printable(id, 80));
}

S3Settings read_s3_settings(const Store& store) {
  const StoreOptions options(store, kS3Options);
  S3Settings settings;
  settings.id = store.id;
  settings.group = options.group();
  settings.bucket = trim(options.text("s3_store_bucket"));
  settings.keys = {std::string(trim(options.text("s3_store_access_key"))),
                   std::string(trim(options.text("s3_store_secret_key")))};
  settings.authorities = trim(options.text("s3_store_cacert"));
  settings.format = url_format(options);
  const auto endpoint = parse_s3_endpoint(options.text("s3_store_host"));
  if (const auto* reason = std::get_if<std::string>(&endpoint))
    settings.problem = fmt::format("{} s3_store_host {}", settings.group, *reason);
  else
    settings.endpoint = std::get<S3Endpoint>(endpoint);
  // They become parts of header lines.
  if (has_control(settings.keys.access))
    settings.problem = settings.group + " s3_store_access_key contains a control character";

  settings.region = trim(options.text("s3_store_region_name"));
  if (settings.region.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                        "0123456789-_") != std::string::npos)
    settings.problem = settings.group + " s3_store_region_name is not the name of a region";
  if (settings.region.empty())
    settings.region = s3_region_of(settings.endpoint.host);
  if (settings.region.empty())
    settings.region = "us-east-1";  // what botocore signs for where no region is known
  return settings;
}

std::vector<const S3Settings*> s3_candidates(const std::vector<const S3Settings*>& stores,
                                             const S3Location& location,
                                             std::string_view store_id) {
  const auto which = [&](const auto& is_right) {
    std::vector<const S3Settings*> right;
    std::ranges::copy_if(stores, std::back_inserter(right), is_right);
    return right;
  };
  const std::string host = lower_ascii(location.host);
  auto found =
      which([&](const S3Settings* store) { return !store_id.empty() && store->id == store_id; });
  if (found.empty())
    found = which([&](const S3Settings* store) {
      return store->bucket == location.bucket && lower_ascii(host_of_rows(store->endpoint)) == host;
    });
  if (found.empty())
    found = which([&](const S3Settings* store) { return store->bucket == location.bucket; });
  return found.empty() ? stores : found;
}

std::vector<S3Keys> s3_keys_for(const S3Settings& settings, const S3Location& location) {
  std::vector<S3Keys> keys;
  if (location.keys.are_set() && !has_control(location.keys.access))
    keys.push_back(location.keys);
  const bool are_new = keys.empty() || keys.front().access != settings.keys.access ||
                       keys.front().secret != settings.keys.secret;
  if (settings.keys.are_set() && are_new && location.bucket == settings.bucket)
    keys.push_back(settings.keys);
  return keys;
}

}  // namespace backglance
