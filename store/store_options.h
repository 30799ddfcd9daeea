// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "glance/site.h"

namespace backglance {

// An option of one of Glance's drivers that this program reads. Each type of store has a table of
// them; documents and tests read it too.
struct StoreOption {
  std::string_view name;           // "rbd_store_pool"
  std::string_view default_value;  // as in the driver
  bool is_secret = false;          // never in an output
};

// The options of one store. Thread-safe.
class StoreOptions {
 public:
  // Both must live longer than this. `options` must have a row for each name that is asked for.
  StoreOptions(const Store& store, std::span<const StoreOption> options)
      : store_(store), options_(options) {}

  // The configured value, else the default. Throws Error{usage}, as the following do, for what
  // oslo.config refuses.
  std::string text(std::string_view name) const;
  bool flag(std::string_view name) const;
  std::int64_t number(std::string_view name) const;
  // The group in which an operator finds the options, for messages: "[fast]" or "[glance_store]".
  std::string group() const;

 private:
  const Store& store_;
  std::span<const StoreOption> options_;
};

}  // namespace backglance
