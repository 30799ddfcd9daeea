// SPDX-License-Identifier: Apache-2.0
#include "store/s3/s3_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "store/retrying.h"
#include "store/s3/s3_object.h"

namespace backglance {
namespace {

constexpr std::string_view kOneOfSeveral = "of one of the s3 stores";

}  // namespace

S3Store::S3Store(const std::vector<S3Settings>& stores, const StoreHooks& hooks) {
  for (const S3Settings& store : stores)
    clients_.push_back(std::make_unique<S3Client>(store, hooks));
}

std::vector<S3Client*> S3Store::candidates(const S3Location& location,
                                           std::string_view store_id) const {
  std::vector<const S3Settings*> stores;
  for (const auto& client : clients_)
    stores.push_back(&client->settings());
  std::vector<S3Client*> found;
  for (const S3Settings* store : s3_candidates(stores, location, store_id))
    found.push_back(std::ranges::find(clients_, store, [](const auto& client) {
                      return &client->settings();
                    })->get());
  return found;
}

std::variant<S3Store::Found, AttemptFailure> S3Store::find_in(S3Client& client,
                                                              const S3Location& object) {
  const S3Settings& store = client.settings();
  if (!store.problem.empty())
    return place_failure(store.problem);
  std::vector<S3Keys> keys = s3_keys_for(store, object);
  if (keys.empty() && object.bucket != store.bucket)
    return image_failure(ImageResult::unreadable,
                         fmt::format("its location has no keys, and those of {} are for another "
                                     "bucket (s3_store_bucket)",
                                     store.group));
  if (keys.empty()) {
    AttemptFailure failure = place_failure(
        fmt::format("{} s3_store_access_key and s3_store_secret_key are not set", store.group));
    failure.is_of_keys = true;
    return failure;
  }
  // The last ones are always tried: a key may be enabled again.
  while (keys.size() > 1 && client.were_refused(keys.front()))
    keys.erase(keys.begin());
  for (std::size_t i = 0;; ++i) {
    auto looked = client.look(object, keys[i]);
    if (auto* const seen = std::get_if<S3Sight>(&looked))
      return Found{&client, object, keys[i], std::move(*seen)};
    auto& refused = std::get<S3Client::Refused>(looked);
    refused.failure.is_of_keys = refused.other_keys_may_do;
    if (!refused.other_keys_may_do || i + 1 == keys.size())
      return std::move(refused.failure);
  }
}

std::variant<S3Store::Found, AttemptFailure> S3Store::find(const Location& location) const {
  auto parsed = parse_s3_location(location.uri);
  if (auto* const reason = std::get_if<std::string>(&parsed))
    return image_failure(ImageResult::unreadable, std::move(*reason));
  const S3Location& object = std::get<S3Location>(parsed);
  std::optional<AttemptFailure> worst;
  for (S3Client* const client : candidates(object, location.store_id)) {
    auto found = find_in(*client, object);
    auto* const failure = std::get_if<AttemptFailure>(&found);
    if (failure == nullptr || failure->kind == FailureKind::stopped)
      return found;
    // Of several stores, the object is missing only if it is in none of them.
    const bool says_missing =
        failure->kind == FailureKind::image && failure->result == ImageResult::missing;
    if (!worst || (worst->result == ImageResult::missing && !says_missing))
      worst = std::move(*failure);
  }
  if (!worst)
    return image_failure(ImageResult::store_not_supported,
                         "the site has no store of type s3 in its configuration");
  return std::move(*worst);
}

std::variant<std::unique_ptr<Object>, AttemptFailure> S3Store::open(const Location& location) {
  auto found = find(location);
  if (auto* const failure = std::get_if<AttemptFailure>(&found))
    return std::move(*failure);
  auto& [client, object, keys, seen] = std::get<Found>(found);
  return std::make_unique<S3Object>(*client, std::move(object), std::move(keys), std::move(seen));
}

std::variant<std::string, AttemptFailure> S3Store::identify(const Location& location) {
  const auto found = find(location);
  if (const auto* failure = std::get_if<AttemptFailure>(&found))
    return *failure;
  const Found& there = std::get<Found>(found);
  return s3_identity(there.object, there.seen);
}

std::string S3Store::place_of(const Location& location) const {
  const auto parsed = parse_s3_location(location.uri);
  const auto* const object = std::get_if<S3Location>(&parsed);
  if (object == nullptr)
    return {};
  const auto found = candidates(*object, location.store_id);
  // Without keys for it nobody can be asked: no place is away because of such a location.
  const bool can_be_asked = std::ranges::any_of(found, [&](const S3Client* client) {
    return client->settings().bucket == object->bucket || object->keys.are_set();
  });
  if (!can_be_asked)
    return {};
  // What one of several says must not count as said by the first.
  return found.size() == 1
             ? found.front()->settings().place(object->bucket)
             : fmt::format("bucket {} {}", printable(object->bucket, 64), kOneOfSeveral);
}

std::optional<PlaceTraits> S3Store::traits(const std::string& place) const {
  if (place.starts_with("bucket ") && place.ends_with(kOneOfSeveral))
    return PlaceTraits{.kind = StoreKind::remote, .shared = std::string(kOneOfSeveral)};
  // A place ends with its store, whatever the bucket is: " of store fast".
  const auto is_of = [&](const S3Settings& store) {
    const std::string end = store.place("").substr(std::string_view("bucket ").size());
    return place.starts_with("bucket ") && place.ends_with(end);
  };
  for (const auto& client : clients_) {
    if (!is_of(client->settings()))
      continue;
    // Stores with one server share its streams.
    const auto same =
        std::ranges::find(clients_, client->settings().endpoint.authority(),
                          [](const auto& other) { return other->settings().endpoint.authority(); });
    return PlaceTraits{.kind = StoreKind::remote, .shared = (*same)->settings().place("*")};
  }
  return std::nullopt;
}

std::vector<PlaceState> S3Store::survey() {
  std::vector<PlaceState> states;
  for (const auto& client : clients_)
    states.push_back(client->survey());
  return states;
}

std::unique_ptr<SourceOpener> open_s3_stores(const Site& site, const StoreSettings&,
                                             const StoreHooks& hooks) {
  std::vector<S3Settings> stores;
  for (const Store& store : site.stores)
    if (store.type == "s3")
      stores.push_back(read_s3_settings(store));
  return std::make_unique<RetryingStore>(std::make_unique<S3Store>(stores, hooks), hooks);
}

}  // namespace backglance
