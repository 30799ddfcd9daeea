// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "glance/site.h"
#include "store/registry.h"
#include "store/source.h"

namespace backglance {

// A deciphered location and the store that opens it.
struct FoundLocation {
  Location location;
  SourceOpener* opener = nullptr;

  std::string place() const { return opener->place_of(location); }
  // Whether it can be opened for reading now. Reads nothing.
  bool opens() const {
    return std::holds_alternative<std::unique_ptr<Source>>(opener->open(location));
  }
};

// The stores of one site. Any thread, once made.
class Stores {
 public:
  // What to do if the site has places and not one of them can be opened: a mount that is gone is
  // not a site without images. `refuse` throws Error{io}. `accept` is for callers that look at
  // unavailable() themselves.
  enum class AllAway { refuse, accept };

  // Opens the site's stores of every type in store/registry.h.
  explicit Stores(const Site& site, AllAway all_away = AllAway::refuse);

  // The location that a row of image_locations holds (a secret, possibly encrypted), and its store;
  // or why it cannot be read: it is no URI, or no store here is for its scheme.
  std::variant<FoundLocation, ReadFailure> find(const std::string& value) const;
  // The same, with the location's scheme; the scheme is empty if the value is no URI.
  struct Located {
    std::string scheme;
    std::variant<FoundLocation, ReadFailure> found;
  };
  Located locate(const std::string& value) const;
  // Whether that location can be opened for reading now. Reads nothing.
  bool opens(const std::string& value) const;

  // True if a store says that nothing at all is in `place` (SourceOpener::is_empty). False for an
  // empty `place`: that stands for a location outside every store directory.
  bool is_empty(const std::string& place) const;
  // Every place of every store.
  const std::vector<std::string>& places() const { return places_; }
  // Places that could not be opened when this was made.
  const std::vector<std::string>& unavailable() const { return unavailable_; }

 private:
  struct OpenStores {
    const StoreType* type;
    std::unique_ptr<SourceOpener> opener;
  };

  std::vector<OpenStores> open_;  // one for each type
  std::vector<std::string> places_;
  std::vector<std::string> unavailable_;
  std::string encryption_key_;  // a secret; empty: locations are in plain text
};

}  // namespace backglance
