// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glance/site.h"
#include "store/attempt.h"
#include "store/rbd/choose_store.h"
#include "store/rbd/module.h"
#include "store/rbd/rbd_object.h"
#include "store/store_options.h"
#include "store/store_settings.h"

namespace backglance {

inline constexpr std::array<std::string_view, 1> kRbdSchemes = {"rbd"};

// glance_store, rbd.py, _RBD_OPTS. A user without a value is librados' default, client.admin.
// (Glance's driver then asks for a user "None"; a site that works has set it.)
inline constexpr std::array kRbdOptions = {
    StoreOption{"rbd_store_ceph_conf", ""},
    StoreOption{"rbd_store_user", ""},
    StoreOption{"rbd_store_pool", "images"},
    StoreOption{"rados_connect_timeout", "-1"},
};

// One configured store.
struct RbdStoreSettings {
  std::string id;
  std::string pool;
  RbdSettings connection;
};

// The images of all rbd stores of a site. Its places are the pools that the stores name.
class RbdStore : public ObjectStore {
 public:
  // `module`: or why there is none, which is then the failure of each place. `hooks` must live
  // longer than this.
  RbdStore(std::vector<RbdStoreSettings> stores, std::variant<const RbdModule*, std::string> module,
           const StoreHooks& hooks);

  std::variant<std::unique_ptr<Object>, AttemptFailure> open(const Location& location) override;
  std::variant<std::string, AttemptFailure> identify(const Location& location) override;
  std::string place_of(const Location& location) const override;
  std::optional<PlaceTraits> traits(const std::string& place) const override;
  std::vector<PlaceState> survey() override;

 private:
  std::variant<std::vector<std::size_t>, AttemptFailure> choose(const RbdAddress& address,
                                                                const Location& location) const;
  // Connects, if need be, and remembers the fsid.
  std::variant<std::string, AttemptFailure> fsid(std::size_t store);
  // Asks the stores that may have the location with `ask`, until one of them says something other
  // than that it is missing.
  template <typename Answer, typename Ask>
  std::variant<Answer, AttemptFailure> ask_stores(const Location& location, const Ask& ask);

  std::function<bool()> should_stop_;
  std::string missing_module_;  // empty: it is there
  std::vector<std::shared_ptr<RbdCluster>> clusters_;
  std::vector<std::string> places_;
  mutable std::mutex mutex_;  // guards the fsid of the candidates
  std::vector<RbdCandidate> candidates_;
};

// As StoreType::open. The module is loaded only if the site has a store of this type.
std::unique_ptr<SourceOpener> open_rbd_stores(const Site& site, const StoreSettings& settings,
                                              const StoreHooks& hooks);

}  // namespace backglance
