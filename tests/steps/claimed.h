// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <limits>
#include <optional>
#include <string>

#include "expand/expand.h"
#include "ledger/queue.h"
#include "ledger/read_outcome.h"
#include "ledger/results.h"
#include "ledger/runs.h"
#include "tests/steps/glance_site.h"

namespace backglance {

inline constexpr std::int64_t kAnySize = std::numeric_limits<std::int64_t>::max();

// One image, claimed by a run, and what that run read of it.
struct Claimed {
  Claimed() {
    image = site.upload(content);
    location = site.first_location(image);
    value = "file://" + site.file(image).string();
    site.set(image, "checksum", nullptr);
    Queue(site.sql()).queue_new();
    run.emplace(runs, "backfill");
    claim = Queue(site.sql()).claim_one(run->id(), image, std::chrono::seconds(120)).value();
  }

  ReadOutcome outcome(ImageResult image_result = ImageResult::hashed) {
    ReadOutcome read;
    read.result = image_result;
    read.location_id = location;
    read.location_value = value;
    read.location_meta_data = "{}";
    read.identity = "1:2:3:4";
    read.bytes = static_cast<std::int64_t>(content.size());
    read.md5 = digest_of("md5", content);
    read.algorithm = "sha512";
    read.digest = digest_of("sha512", content);
    return read;
  }

  std::optional<ImageResult> settle(const ReadOutcome& read) {
    return Results(site.sql()).settle(run->id(), {{claim, read}}).front();
  }

  GlanceSite site;
  Session runs = (expand(site.sql()), site.open());
  std::string content = "the content";
  std::string image;
  std::int64_t location = 0;  // that was read
  std::string value;          // of that location
  std::optional<Run> run;
  Claim claim;
};

}  // namespace backglance
