// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backglance {

// What became of one image. The one table of all results stands below: a new result is a value
// here, a row there, and the place in the code that finds it. Ledger, SQL, JSON, CSV, metrics,
// reports and exit codes follow from the row; tests/unit/image_result_test.cpp checks that they do.
// The names are the ledger's and never change.
enum class ImageResult {
  hashed,              // read, agrees with what Glance knows, published
  restored,            // a published hash that a Glance save had erased was put back without a read
  already_done,        // another program wrote the hash first
  verified,            // verify: the bytes agree with what is stored
  no_location,         // nothing to read: no live location
  missing,             // the store says that there is no such object
  unreadable,          // the object is there, or may be, and cannot be read
  size_differs,        // the number of bytes is not images.size
  checksum_differs,    // the MD5 of the bytes is not images.checksum
  hash_differs,        // verify: the digest of the bytes is not os_hash_value
  changed_while_read,  // the object was not the same at the end as at the beginning
  busy_in_glance,      // Glance itself is working on the image
  other_location,  // only a later location could be read, and what Glance serves first could not
  store_not_supported,  // the image lies in a store that is not configured, or cannot be read
  hash_not_supported,   // os_hash_algo names an algorithm that cannot be computed here
  gone,                 // deleted in Glance, or no longer active
  end_of_results,       // no result: the number of them
};

// When an image with this result is read again by itself, without an option of the operator.
struct RetryRule {
  enum class When {
    never,           // only with --retry-failed
    soon,            // it stays in the queue, and is due again after `delay_seconds`
    when_reachable,  // it leaves the queue, and comes back after an hour: a store may be back
    when_live,       // it leaves the queue, and comes back when Glance serves the image again
    when_located,    // the same, when the image has a live location
  };
  When when = When::never;
  std::int64_t delay_seconds = 0;
  std::int64_t attempts = 0;  // of `soon`: the limit; 0: no limit, and attempts are not counted
};

// Whether a read supports what is already known about the bytes of an image.
enum class Evidence {
  none,     // nothing was compared
  agrees,   // the bytes are the image's
  against,  // the expected bytes were not found
  refutes,  // the bytes are not those that Glance knows; verdicts on signatures are void too
};

struct ResultFacts {
  ImageResult result;
  std::string_view name;  // "checksum_differs", in the ledger, JSON, CSV and metrics
  std::string_view text;  // "checksum differs", as people read it
  bool finding;           // a person must look at the image; such a run ends with exit code 10
  bool done;              // nothing is left to do: the ledger's state is `done`, else `failed`
  RetryRule retry;
  int severity;       // of several failed locations the highest counts; 0: not of a location
  Evidence evidence;  // of verify; `against` and `refutes` block the removal of settled signatures
  bool of_store;      // of a finding: whether the stored data itself is at fault
  // What the result means and what the operator does about it, in two or three short sentences.
  // Reports print it.
  std::string_view meaning;
  // The same for a result of verify; empty: as `meaning`.
  std::string_view verify_meaning;
};

inline constexpr RetryRule kNoRetry = {};
inline constexpr RetryRule kWhenReachable = {RetryRule::When::when_reachable};
inline constexpr RetryRule kWhenLive = {RetryRule::When::when_live};
inline constexpr RetryRule kWhenLocated = {RetryRule::When::when_located};

// clang-format off
inline constexpr std::array kResults = {
    ResultFacts{ImageResult::hashed, "hashed", "hashed", false, true, kNoRetry, 0,
                Evidence::agrees, false,
                "The image was read once and agrees with what Glance knows. Its hash is published.",
                ""},
    ResultFacts{ImageResult::restored, "restored", "restored", false, true, kNoRetry, 0,
                Evidence::none, false,
                "A save in Glance had erased a published hash. It was put back without a read.",
                ""},
    ResultFacts{ImageResult::already_done, "already_done", "already done", false, true, kNoRetry, 0,
                Evidence::none, false,
                "Another program wrote the hash first.", ""},
    ResultFacts{ImageResult::verified, "verified", "verified", false, true, kNoRetry, 0,
                Evidence::agrees, false,
                "The image was read again. Its bytes agree with the stored hash or checksum.", ""},
    ResultFacts{ImageResult::no_location, "no_location", "no location", false, false,
                kWhenLocated, 0, Evidence::none, false,
                "The image has no live location, so there is nothing to read.", ""},
    ResultFacts{ImageResult::missing, "missing", "missing", true, false, kWhenReachable, 2,
                Evidence::against, true,
                "The store has no such object. Restore it from a backup or delete the image, then "
                "run \"backglance backfill --retry-failed\".",
                "The store has no such object. Restore it from a backup or delete the image, then "
                "run \"backglance verify --image ID\"."},
    ResultFacts{ImageResult::unreadable, "unreadable", "unreadable", true, false, kWhenReachable, 3,
                Evidence::against, true,
                "The data could not be read. Fix what the reason names (rights, path, disk), then "
                "run \"backglance backfill --retry-failed\".",
                "The data could not be read. Fix what the reason names (rights, path, disk), then "
                "run \"backglance verify --image ID\"."},
    ResultFacts{ImageResult::size_differs, "size_differs", "size differs", true, false, kNoRetry, 0,
                Evidence::refutes, true,
                "The stored data is longer or shorter than Glance says. The image got no hash. "
                "Compare the data with its source. If it is damaged, replace the image.",
                "The stored data is longer or shorter than Glance says. Compare it with its "
                "source. If it is damaged, replace the image."},
    ResultFacts{ImageResult::checksum_differs, "checksum_differs", "checksum differs", true, false,
                kNoRetry, 0, Evidence::refutes, true,
                "The stored data is not what was uploaded: its MD5 is not Glance's checksum. The "
                "image got no hash. Compare the data with its source, then replace the image.",
                "The stored data is not what was uploaded: its MD5 is not Glance's checksum. "
                "Compare the data with its source, then replace the image."},
    ResultFacts{ImageResult::hash_differs, "hash_differs", "hash differs", true, false, kNoRetry, 0,
                Evidence::refutes, true,
                "The stored data does not have the hash that Glance stores, so downloads of the "
                "image fail. Compare the data with its source. Then replace the image or correct "
                "the hash.", ""},
    ResultFacts{ImageResult::changed_while_read, "changed_while_read", "changed while read", true,
                false, {RetryRule::When::soon, 60, 3}, 4, Evidence::against, true,
                "The object changed while it was read. Find the program that writes to it, then "
                "run \"backglance backfill --retry-failed\".",
                "The object changed while it was read. Find the program that writes to it, then "
                "run \"backglance verify --image ID\"."},
    ResultFacts{ImageResult::busy_in_glance, "busy_in_glance", "busy in Glance", false, false,
                {RetryRule::When::soon, 600, 0}, 0, Evidence::none, false,
                "Glance was working on the image. A later run reads it.", ""},
    ResultFacts{ImageResult::other_location, "other_location", "other location", true, false,
                kWhenReachable, 0, Evidence::against, false,
                "The location that Glance serves first could not be read, and no checksum proves "
                "that another location holds the same data. The image got no hash. Repair or "
                "remove that location, then run \"backglance backfill --retry-failed\".",
                "The location that Glance serves first could not be read. Another location agrees "
                "with Glance. Repair or remove the first location, then run \"backglance verify "
                "--image ID\"."},
    ResultFacts{ImageResult::store_not_supported, "store_not_supported", "store not supported",
                true, false, kNoRetry, 1, Evidence::against, false,
                "The image is in a store that is not configured or not switched on here, or that this "
                "release cannot read. It gets no hash. If you change that, run \"backglance backfill "
                "--retry-failed\".",
                "The image is in a store that is not configured or not switched on here, or that this "
                "release cannot read."},
    ResultFacts{ImageResult::hash_not_supported, "hash_not_supported", "hash not supported", true,
                false, kNoRetry, 0, Evidence::against, false,
                "os_hash_algo names an algorithm that backglance cannot compute. Correct it in "
                "Glance, then run \"backglance backfill --retry-failed\".",
                "os_hash_algo names an algorithm that backglance cannot compute. Correct it in "
                "Glance, then run \"backglance verify --image ID\"."},
    ResultFacts{ImageResult::gone, "gone", "not live", false, false, kWhenLive, 0,
                Evidence::none, false,
                "The image is deleted in Glance, or Glance does not serve it for another reason. There is "
                "nothing to look at.", ""},
};
// clang-format on

namespace image_result_checks {

// The facts of a result are found by its value.
consteval bool is_in_order() {
  for (std::size_t i = 0; i < kResults.size(); ++i)
    if (static_cast<std::size_t>(kResults[i].result) != i)
      return false;
  return true;
}
static_assert(is_in_order(), "the rows of kResults stand in the order of ImageResult");
// Each value has a row: without one it would index beyond the table.
static_assert(static_cast<std::size_t>(ImageResult::end_of_results) == kResults.size(),
              "every ImageResult has a row in kResults");

// backglance_item.result and backglance_verify.result are VARCHAR(24).
consteval bool has_fitting_names() {
  for (const ResultFacts& row : kResults)
    if (row.name.empty() || row.name.size() > 24 || row.text.empty() || row.meaning.empty())
      return false;
  return true;
}
static_assert(has_fitting_names());

// What is done asks for nothing more; what is tried again soon cannot be done.
consteval bool is_consistent() {
  for (const ResultFacts& row : kResults)
    if (row.done && (row.finding || row.retry.when != RetryRule::When::never))
      return false;
  return true;
}
static_assert(is_consistent());

}  // namespace image_result_checks

constexpr const ResultFacts& facts_of(ImageResult result) {
  return kResults[static_cast<std::size_t>(result)];
}
constexpr std::string_view result_name(ImageResult result) {
  return facts_of(result).name;
}
constexpr std::string_view result_text(ImageResult result) {
  return facts_of(result).text;
}
constexpr bool is_finding(ImageResult result) {
  return facts_of(result).finding;
}
constexpr std::string_view result_meaning(ImageResult result) {
  return facts_of(result).meaning;
}
constexpr std::string_view verify_result_meaning(ImageResult result) {
  const ResultFacts& facts = facts_of(result);
  return facts.verify_meaning.empty() ? facts.meaning : facts.verify_meaning;
}
std::optional<ImageResult> result_from_name(std::string_view name);

// True for a result that says: the bytes that were read are the image's.
constexpr bool agrees(ImageResult result) {
  return facts_of(result).evidence == Evidence::agrees;
}

// The lists of results that SQL texts name in braces ({results_without_findings}), each as
// "'missing', 'unreadable'" and never empty; nothing for another name. No SQL text spells a result
// itself.
//   results_without_findings   nobody has to look at these
//   results_retried_when_reachable
//   results_retried_when_live
//   results_retried_when_located
//   results_retried_when_image_changes  those two together: no failure that an operator mends
//   results_against            verify did not find the bytes as they were
//   results_compared           something was compared, whatever was found
std::optional<std::string> sql_result_list(std::string_view name);

}  // namespace backglance
