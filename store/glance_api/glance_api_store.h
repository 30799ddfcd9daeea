// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "openstack/cloud.h"
#include "store/attempt.h"
#include "store/glance_api/glance_api.h"
#include "store/net/transfer.h"
#include "store/source.h"
#include "store/store_settings.h"

namespace backglance {

inline constexpr std::string_view kGlanceApiPlace = "the Glance API";

// Images as users download them, for locations that no store here can read. It has no scheme and no
// store id: Stores::locate() chooses it, and only for an image with one live location, because
// Glance tries its locations in its own order and does not say which one it has read
// (glance/location.py, get_data).
//
// open() asks for the image and not for its bytes: one request. One image is read at a time, two if
// the operator asks for more, because each download occupies a thread of glance-api.
class GlanceApiStore : public ObjectStore {
 public:
  // Throws Error{usage} if a URL of `access` is none, or if there is a token without the URL of
  // Glance. `hooks` must live longer than this.
  GlanceApiStore(CloudAccess access, bool needs_checksum, const StoreHooks& hooks);

  // unreadable for a location without image_id, and for an id that is no part of a URL.
  std::variant<std::unique_ptr<Object>, AttemptFailure> open(const Location& location) override;
  // Never the same as another one; asks nothing.
  std::variant<std::string, AttemptFailure> identify(const Location& location) override;
  std::string place_of(const Location&) const override { return std::string(kGlanceApiPlace); }
  std::optional<PlaceTraits> traits(const std::string& place) const override;
  std::vector<PlaceState> survey() override;

 private:
  TransferPool pool_;
  GlanceApi api_;
  bool needs_checksum_;
};

// Null if StoreSettings::through_api is off. The credentials are those of the environment
// (read_cloud_access()); throws Error{usage} if they are missing.
std::unique_ptr<SourceOpener> open_glance_api(const StoreSettings& settings,
                                              const StoreHooks& hooks);

}  // namespace backglance
