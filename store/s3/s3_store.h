// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glance/site.h"
#include "store/attempt.h"
#include "store/s3/s3_client.h"
#include "store/s3/s3_settings.h"
#include "store/source.h"
#include "store/store_settings.h"

namespace backglance {

inline constexpr std::string_view kS3Schemes[] = {"s3", "s3+http", "s3+https"};

// Glance's S3 stores: AWS, radosgw, Swift with s3api, and others that speak the protocol.
//
// A row names a host, and this class never asks it: like Glance's driver, it asks the host in the
// configuration (s3_store_host) of the store whose id the row has. So no row can lead this program,
// or a key, to another server. See s3_candidates() and s3_keys_for() in s3_settings.h.
class S3Store : public ObjectStore {
 public:
  // `hooks` must live longer than this.
  S3Store(const std::vector<S3Settings>& stores, const StoreHooks& hooks);

  std::variant<std::unique_ptr<Object>, AttemptFailure> open(const Location& location) override;
  std::variant<std::string, AttemptFailure> identify(const Location& location) override;
  // "bucket images of store fast". If several stores may have the object (s3_candidates()): "bucket
  // images of one of the s3 stores". Empty: the location cannot be parsed, has no keys and is in
  // another bucket than the configured one, or the site has no S3 store.
  std::string place_of(const Location& location) const override;
  std::optional<PlaceTraits> traits(const std::string& place) const override;
  std::vector<PlaceState> survey() override;

 private:
  struct Found {
    S3Client* client = nullptr;
    S3Location object;
    S3Keys keys;  // those that the store accepts
    S3Sight seen;
  };

  std::vector<S3Client*> candidates(const S3Location& location, std::string_view store_id) const;
  std::variant<Found, AttemptFailure> find(const Location& location) const;
  static std::variant<Found, AttemptFailure> find_in(S3Client& client, const S3Location& object);

  std::vector<std::unique_ptr<S3Client>> clients_;
};

// All S3 stores of the site as one. For store/registry.cpp.
std::unique_ptr<SourceOpener> open_s3_stores(const Site& site, const StoreSettings& settings,
                                             const StoreHooks& hooks);

}  // namespace backglance
