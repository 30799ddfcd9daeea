// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/image_sight.h"
#include "sql/session.h"

namespace backglance {

// The gate of contract. Only what was looked at and judged opens it: an image without a hash that
// nobody could look at blocks contract like one that can be read.

struct GateFindings {
  // Live images without a hash that can be read.
  std::int64_t readable = 0;
  std::vector<std::string> first_readable;  // ids, at most 10

  // Live images without a hash whose data may exist where this host cannot see it. One entry for
  // each reason, the one with the most images first.
  struct Unknown {
    std::string reason;  // one text for all its images, without secrets
    std::string store;   // the name for --without-store; empty if it would not help
    std::int64_t images = 0;
    std::string example;  // the id of one
  };
  std::vector<Unknown> unknown;
  std::int64_t unknown_images = 0;

  std::int64_t gone = 0;      // their data is gone from stores that this host sees
  std::int64_t left_out = 0;  // --without-store names their store

  bool is_open() const { return readable == 0 && unknown_images == 0; }
};

// Looks at every live image without a hash. Memory does not grow with their number.
GateFindings look_at_gate(Session& session, const StoreQuestions& stores);

// "1 readable image has no hash, 3 images have no hash and may still be readable"; empty if the
// gate is open.
std::string what_blocks(const GateFindings& findings);
// Throws Error{gate} unless the gate is open. The text names images and reasons, and next() the
// command to run.
void require_open(Session& session, const GateFindings& findings);

// The gate while contract removes properties: Glance works on meanwhile, and images become active
// or lose their hash. One thread at a time.
class GateWatch {
 public:
  // Both must live longer than this.
  GateWatch(Session& session, const StoreQuestions& stores) : session_(session), stores_(stores) {}

  // Looks at the whole gate, and throws as require_open() does.
  void look();
  // Call it before the properties of an image are removed. Throws Error{gate} if the image itself
  // blocks the gate now. Looks at the whole gate again from time to time, but does not spend most
  // of the time on it.
  void before_removal(const std::string& image_id);

 private:
  using Clock = std::chrono::steady_clock;

  Session& session_;
  const StoreQuestions& stores_;
  Clock::time_point look_again_;
};

}  // namespace backglance
