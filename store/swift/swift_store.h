// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glance/site.h"
#include "store/attempt.h"
#include "store/net/address_policy.h"
#include "store/net/transfer.h"
#include "store/store_settings.h"
#include "store/swift/swift_config.h"
#include "store/swift/swift_location.h"
#include "store/swift/swift_requests.h"
#include "store/swift/swift_session.h"

namespace backglance {

// Glance's swift store: objects of Swift, or of a server that speaks its protocol.
//
// Which store a location belongs to: the one that image_locations.meta_data names; else the first
// that knows the reference of the location, else the first.
//
// Whose secrets go where:
// - Those of the configuration go to the auth servers of the configuration, and their tokens to the
//   servers that these name.
// - Credentials in a location go to the auth server in it. If that is none of the configuration's,
//   it is asked only if --allow-http allows it, and every server that it names too.
// - A location with neither is read if its store has swift_store_multi_tenant, with the token of
// the
//   default reference, and if Keystone's catalog or swift_store_endpoint names its server.
//
// A place is a container of a store. Locations of another account have places of their own, so that
// nobody can make a container of the operator look away. If their server answers that it refuses
// the user, or does not have the object, they are in no place: the answer is of this image alone,
// and no other image is left because of it.
class SwiftStore : public ObjectStore {
 public:
  // All must live longer than this, `policy` too. Asks nobody.
  SwiftStore(std::vector<SwiftConfig> configs, std::shared_ptr<const AddressPolicy> policy,
             const StoreHooks& hooks);
  ~SwiftStore() override;

  std::variant<std::unique_ptr<Object>, AttemptFailure> open(const Location& location) override;
  std::variant<std::string, AttemptFailure> identify(const Location& location) override;
  std::string place_of(const Location& location) const override;
  std::optional<PlaceTraits> traits(const std::string& place) const override;
  // The container of each store in which Glance saves images; of a store with several containers,
  // and of a multi-tenant store, the account.
  std::vector<PlaceState> survey() override;

  // Where a location leads, as far as it is known, and why it cannot be read.
  struct Resolved {
    SwiftTarget target;
    std::optional<AttemptFailure> failure;
  };
  Resolved resolve(const Location& location) const;

 private:
  struct Pools;

  const SwiftConfig* config_for(const std::string& store_id, const SwiftLocation& location) const;
  bool knows_server(const std::string& auth_url) const;
  void resolve_credentials(const SwiftLocation& location, Resolved& resolved) const;
  void resolve_storage_url(const SwiftLocation& location, Resolved& resolved) const;
  SwiftRequests requests_for(SwiftTarget target);
  // Remembers, for place_of(), whether the server of another account has refused an image.
  void remember(const SwiftTarget& target, const AttemptFailure* failure);
  std::string why_away(const SwiftConfig& config);

  std::vector<SwiftConfig> configs_;
  std::shared_ptr<const AddressPolicy> policy_;
  SwiftSessions sessions_;
  std::map<const SwiftConfig*, Pools> pools_;
  mutable std::mutex mutex_;       // guards refused_
  std::set<std::string> refused_;  // places
};

inline constexpr std::string_view kSwiftSchemes[] = {"swift", "swift+http", "swift+https",
                                                     "swift+config"};

// All swift stores of the site as one. For store/registry.cpp.
std::unique_ptr<SourceOpener> open_swift_stores(const Site& site, const StoreSettings& settings,
                                                const StoreHooks& hooks);

}  // namespace backglance
