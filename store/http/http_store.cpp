// SPDX-License-Identifier: Apache-2.0
#include "store/http/http_store.h"

#include <algorithm>
#include <utility>

#include "store/retrying.h"

namespace backglance {
namespace {

constexpr std::string_view kNamedHost = "http host ";
constexpr std::string_view kOtherHosts = "http hosts allowed by address";
constexpr std::string_view kOtherHost = "http host allowed by address, ";

// Tells one server from the others, and shows nothing of its name: that is text of a user. 64 bits,
// so that nobody finds a name with the place of another server.
std::string stranger(const HttpLocation& where) {
  constexpr std::size_t kDigits = 16;
  const std::string digest = network_identity("", {where.server()});  // ":" and digits
  return std::string(kOtherHost) + digest.substr(1, kDigits);
}

AttemptFailure not_understood() {
  return image_failure(ImageResult::unreadable, "its location is no http or https URL");
}

}  // namespace

HttpStore::HttpStore(const std::vector<Backend>& backends, const StoreSettings& settings,
                     const StoreHooks& hooks, std::uint64_t largest)
    : servers_(std::make_shared<AddressPolicy>(settings.allow_http)), largest_(largest) {
  const auto add = [&](const Backend& backend) {
    backends_.push_back({backend.id, std::make_unique<TransferPool>(
                                         TransferTerms{.authorities = backend.authorities,
                                                       .policy = servers_.shared_policy()},
                                         hooks)});
  };
  std::ranges::for_each(backends, add);
  if (backends_.empty())
    add({});
}

TransferPool& HttpStore::pool_of(const Location& location) {
  const auto found = std::ranges::find(backends_, location.store_id, &OpenBackend::id);
  return found == backends_.end() ? *backends_.front().pool : *found->pool;
}

std::variant<std::unique_ptr<Object>, AttemptFailure> HttpStore::open(const Location& location) {
  if (std::string why = unusable(); !why.empty())
    return image_failure(ImageResult::store_not_supported, std::move(why));
  const auto where = parse_http_location(location.uri);
  if (!where)
    return not_understood();
  TransferPool& pool = pool_of(location);
  auto found = look_at(servers_, pool, *where, /*is_opened=*/false);
  if (auto* const failure = std::get_if<AttemptFailure>(&found))
    return std::move(*failure);
  return std::make_unique<HttpObject>(servers_, pool, *where,
                                      std::get<HttpVersion>(std::move(found)), largest_);
}

std::variant<std::string, AttemptFailure> HttpStore::identify(const Location& location) {
  auto opened = open(location);
  if (auto* const failure = std::get_if<AttemptFailure>(&opened))
    return std::move(*failure);
  // What cannot be proved is never the same as before.
  const auto identity = std::get<std::unique_ptr<Object>>(opened)->identity_when_opened();
  return identity ? *identity : HttpVersion().identity({});
}

std::string HttpStore::place_of(const Location& location) const {
  const auto where = parse_http_location(location.uri);
  if (!where || !servers_.policy().may_allow(where->host, where->port))
    return {};
  // The name stands in the operator's own rule, so it may be shown.
  return servers_.policy().names(where->host, where->port)
             ? std::string(kNamedHost) + where->server()
             : stranger(*where);
}

std::optional<PlaceTraits> HttpStore::traits(const std::string& place) const {
  if (!place.starts_with(kNamedHost))
    return std::nullopt;
  // Whoever registers images could name any number of servers: they share their streams.
  if (place.starts_with(kOtherHost))
    return PlaceTraits{.shared = std::string(kOtherHosts)};
  return PlaceTraits{.shared = place};
}

std::string HttpStore::unusable() const {
  return servers_.policy().allows_nothing() ? "http locations are switched off (--allow-http)" : "";
}

std::unique_ptr<SourceOpener> open_http_stores(const Site& site, const StoreSettings& settings,
                                               const StoreHooks& hooks) {
  std::vector<HttpStore::Backend> backends;
  for (const Store& store : site.stores)
    if (store.type == "http")
      backends.push_back(
          {store.id, StoreOptions(store, kHttpOptions).text("https_ca_certificates_file")});
  return std::make_unique<RetryingStore>(std::make_unique<HttpStore>(backends, settings, hooks),
                                         hooks);
}

}  // namespace backglance
