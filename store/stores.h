// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "glance/site.h"
#include "store/registry.h"
#include "store/source.h"
#include "store/store_settings.h"

namespace backglance {

// A deciphered location and the store that opens it.
struct FoundLocation {
  Location location;
  SourceOpener* opener = nullptr;
  bool is_through_api = false;

  std::string place() const { return opener->place_of(location); }
  // Whether it can be opened for reading now. Reads nothing.
  bool opens() const {
    return std::holds_alternative<std::unique_ptr<Source>>(opener->open(location));
  }
};

// "store directory /srv/images"; the place itself, if it is no directory; safe to print.
std::string place_text(const std::string& place);
// "store directory /srv/images cannot be opened: No such file or directory".
std::string away_text(const PlaceState& place);

// The stores of one site. Any thread, once made.
class Stores {
 public:
  // What to do if the site has places and this host can use not one of them: a mount that is gone
  // is not a site without images. `refuse` throws Error{io}. `accept` is for callers that look at
  // survey() themselves.
  enum class AllAway { refuse, accept };

  // Opens the site's stores of every type in store/registry.h and asks each whether it is there.
  // Throws Error{usage} for options that cannot be meant, and if the Glance API is to be used and
  // the environment has no credentials for it. `site` may go.
  explicit Stores(const Site& site, AllAway all_away = AllAway::refuse);

  // The location that a row of image_locations holds (value: a secret, possibly encrypted;
  // meta_data), and its store; or why it cannot be read: it is no URI, or no store here is for its
  // scheme.
  //
  // `image_id`: the image, if it has this one live location and no other; otherwise empty. Then a
  // location whose store goes_through_api() belongs to the Glance API. Glance does not say which
  // of several locations it reads, so these stay as they are.
  std::variant<FoundLocation, ReadFailure> find(const std::string& value,
                                                std::string_view meta_data,
                                                std::string_view image_id = {}) const;
  // The same, with the location's scheme; the scheme is empty if the value is no URI.
  struct Located {
    std::string scheme;
    std::variant<FoundLocation, ReadFailure> found;
  };
  Located locate(const std::string& value, std::string_view meta_data,
                 std::string_view image_id = {}) const;

  // Whether two rows (value and meta_data) lead to the same object: the same URI in the same store,
  // once deciphered. False if one of them cannot be deciphered.
  bool is_same_location(const std::string& value, std::string_view meta_data,
                        const std::string& other_value, std::string_view other_meta_data) const;

  // Whether locations of this type (a driver's name) that name this store, or none, are read
  // through the Glance API: the operator allows it, and no store here can read them, or all their
  // places were away when this was made.
  bool goes_through_api(const std::string& type, const std::string& store_id) const;
  // What the operator allows.
  ThroughApi through_api() const { return site_->through_api; }

  // Those of the configuration, in its order.
  const std::vector<Store>& configured() const { return site_->stores; }

  // Why no location of this type (a driver's name) can be read; empty if some can.
  std::string unusable(const std::string& type) const;
  // False if the configuration has a store of this id, and it is of another type.
  bool may_be_of(const std::string& id, const std::string& type) const;
  // True if a store says that nothing at all is in `place` (SourceOpener::is_empty). False for an
  // empty `place`: that stands for a location outside every place.
  bool is_empty(const std::string& place) const;
  // How much the place bears. Also for a place that only a row names.
  PlaceTraits traits(const std::string& place) const;

  // Every place of every store, as it was when this was made.
  const std::vector<PlaceState>& survey() const { return survey_; }
  // Their names, without an empty one.
  const std::vector<std::string>& places() const { return places_; }
  // True for one of places(), and for a directory below one.
  bool has_place(const std::string& place) const;
  // Those that were away; a store directory whose name is empty too.
  const std::vector<std::string>& unavailable() const { return unavailable_; }

  // What the run adds, before a thread reads.
  StoreHooks& hooks() const { return *hooks_; }

 private:
  struct OpenStores {
    const StoreType* type;
    std::unique_ptr<SourceOpener> opener;
  };

  std::unique_ptr<const Site> site_;   // the openers refer to it
  std::unique_ptr<StoreHooks> hooks_;  // and to these
  std::vector<OpenStores> open_;       // one for each type
  std::unique_ptr<SourceOpener> api_;  // null: nothing is read through the Glance API
  bool is_api_away_ = false;
  std::vector<PlaceState> survey_;
  std::vector<std::string> places_;
  std::vector<std::string> unavailable_;
};

}  // namespace backglance
