// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "glance/site.h"
#include "store/attempt.h"
#include "store/http/http_object.h"
#include "store/http/http_servers.h"
#include "store/store_options.h"
#include "store/store_settings.h"

namespace backglance {

// Locations that Glance's http driver reads. Whoever registers an image chooses its URL, so none is
// read unless the operator allows its server (StoreSettings::allow_http, AddressPolicy).
//
// Places: "http host images.example.org:443" for a server that a rule names itself, and "http host
// allowed by address, 0123456789abcdef" for each other one, with a digest instead of its name,
// which is text of a user. Each has its own place, because an image that opens shows that the
// others of its place are really gone, and one server must not show that of another. They share
// their streams (traits()). A location that no rule could allow is in no place.
//
// No configured secret is ever sent: the only credentials are those of the location itself.
class HttpStore : public ObjectStore {
 public:
  // One http store of the site; `authorities` is its https_ca_certificates_file.
  struct Backend {
    std::string id;
    std::string authorities;
  };

  // The first backend is for locations that name none. Throws Error{usage} for a rule that is none.
  // `hooks` must live longer than this. `largest`: of an object, in bytes.
  HttpStore(const std::vector<Backend>& backends, const StoreSettings& settings,
            const StoreHooks& hooks, std::uint64_t largest = HttpObject::kLargest);

  std::variant<std::unique_ptr<Object>, AttemptFailure> open(const Location& location) override;
  std::variant<std::string, AttemptFailure> identify(const Location& location) override;
  std::string place_of(const Location& location) const override;
  std::optional<PlaceTraits> traits(const std::string& place) const override;
  // None: the places are named by rows and by the command line.
  std::vector<PlaceState> survey() override { return {}; }
  // If no rule allows anything.
  std::string unusable() const override;

 private:
  struct OpenBackend {
    std::string id;
    std::unique_ptr<TransferPool> pool;
  };
  TransferPool& pool_of(const Location& location);

  HttpServers servers_;
  std::vector<OpenBackend> backends_;  // at least one
  std::uint64_t largest_;
};

inline constexpr std::string_view kHttpSchemes[] = {"http", "https"};

// https_insecure is not followed: certificates are always verified. http_proxy_information neither:
// a proxy would decide to which address a name leads.
inline constexpr StoreOption kHttpOptions[] = {{"https_ca_certificates_file", ""}};

// All http stores of the site as one. For store/registry.cpp.
std::unique_ptr<SourceOpener> open_http_stores(const Site& site, const StoreSettings& settings,
                                               const StoreHooks& hooks);

}  // namespace backglance
