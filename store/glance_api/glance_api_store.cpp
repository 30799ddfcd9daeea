// SPDX-License-Identifier: Apache-2.0
#include "store/glance_api/glance_api_store.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "openstack/http.h"
#include "store/glance_api/glance_api_object.h"
#include "store/retrying.h"

namespace backglance {
namespace {

// Before a token or a password goes anywhere.
CloudAccess checked(CloudAccess access) {
  const auto refuse = [](const char* text) { throw Error(ErrorKind::usage, text); };
  if (access.asks_keystone() && !is_plain_url(access.auth_url))
    refuse("auth_url is not an http:// or https:// URL");
  if (!access.asks_keystone() && access.image_endpoint.empty())
    refuse(
        "--through-api needs the address of Glance, which OS_TOKEN does not have: set "
        "OS_IMAGE_ENDPOINT_OVERRIDE too, or use a user and a password, or an application "
        "credential");
  if (!access.image_endpoint.empty() && glance_images_url(access.image_endpoint).empty())
    refuse("OS_IMAGE_ENDPOINT_OVERRIDE is not an http:// or https:// URL");
  return access;
}

// Of a UUID, and of nothing that would make another path of it.
bool is_plain_id(std::string_view id) {
  constexpr std::string_view kAllowed =
      "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
  return !id.empty() && id.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

GlanceApiStore::GlanceApiStore(CloudAccess access, bool needs_checksum, const StoreHooks& hooks)
    : pool_({.authorities = access.authorities}, hooks),
      api_(checked(std::move(access)), pool_),
      needs_checksum_(needs_checksum) {}

std::variant<std::unique_ptr<Object>, AttemptFailure> GlanceApiStore::open(
    const Location& location) {
  if (!is_plain_id(location.image_id))
    return image_failure(ImageResult::unreadable,
                         "the Glance API cannot be asked for an image with this id");
  auto image = api_.look_at(location.image_id);
  if (auto* const failure = std::get_if<AttemptFailure>(&image))
    return std::move(*failure);
  return std::make_unique<GlanceApiObject>(api_, location.image_id,
                                           std::get<ApiImage>(std::move(image)), needs_checksum_);
}

std::variant<std::string, AttemptFailure> GlanceApiStore::identify(const Location&) {
  return new_api_identity();
}

std::optional<PlaceTraits> GlanceApiStore::traits(const std::string& place) const {
  if (place != kGlanceApiPlace)
    return std::nullopt;
  return PlaceTraits{.shared = place, .most_streams = 1, .most_asked = 2};
}

std::vector<PlaceState> GlanceApiStore::survey() {
  PlaceState state{.place = std::string(kGlanceApiPlace), .store_id = {}};
  if (const auto failure = api_.check())
    state.away = failure->reason;
  return {state};
}

std::unique_ptr<SourceOpener> open_glance_api(const StoreSettings& settings,
                                              const StoreHooks& hooks) {
  if (settings.through_api == ThroughApi::off)
    return nullptr;
  return std::make_unique<RetryingStore>(
      std::make_unique<GlanceApiStore>(read_cloud_access(environment_variable, "--through-api"),
                                       settings.through_api == ThroughApi::with_checksum, hooks),
      hooks);
}

}  // namespace backglance
