// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>

#include "store/attempt.h"
#include "store/http/http_location.h"
#include "store/http/http_servers.h"
#include "store/http/http_version.h"
#include "store/http/least_rate.h"
#include "store/net/transfer.h"

namespace backglance {

enum class LookBy { head, get };

// Asks for the version of the object at a location: by HEAD; and where that does not tell, by a GET
// whose body is not read. LookBy::get: by such a GET alone. `is_opened`: as for HttpServers::ask().
std::variant<HttpVersion, AttemptFailure> look_at(HttpServers& servers, TransferPool& pool,
                                                  const HttpLocation& location, bool is_opened,
                                                  LookBy by = LookBy::head);

// The object of one location. It is read by one GET. If its connection breaks, the next GET asks
// for the rest (Range), and counts only if the server proves that it is of the same version: many
// servers ignore If-Match, and some ignore Range.
class HttpObject : public Object {
 public:
  // Larger objects are refused: Glance's image_size_cap, by default.
  static constexpr std::uint64_t kLargest = std::uint64_t{1} << 40;

  // `found` is what look_at() returned. `servers` and `pool` must live longer than this.
  HttpObject(HttpServers& servers, TransferPool& pool, HttpLocation location, HttpVersion found,
             std::uint64_t largest = kLargest, LeastRate rate = LeastRate());

  std::optional<std::uint64_t> length() const override { return found_.length; }
  std::variant<std::size_t, AttemptFailure> read_some(std::span<std::byte> buffer) override;
  // What a GET says, for some servers make up the length in the answer to a HEAD.
  std::optional<AttemptFailure> confirm_length() override;
  // False if nothing could prove that the bytes before and after belong together.
  bool skip_to(std::uint64_t offset) override;
  std::optional<std::string> identity_when_opened() const override;
  std::variant<std::string, AttemptFailure> identity() override;
  bool proves_its_end() const override { return proves_its_end_; }

 private:
  std::variant<std::size_t, AttemptFailure> read_next(std::span<std::byte> buffer);
  // Counts what came since the last call. True if the server sends too slowly.
  bool is_too_slow(std::size_t bytes);
  // Sends the GET for what comes after offset_. Sets transfer_, or is_at_end_.
  std::optional<AttemptFailure> connect();
  std::optional<AttemptFailure> accept(const HttpServers::Answer& answer);
  // After the last byte of a range: whether it was the last of the object. "/*" proves no end.
  bool ends_object() const;
  // The transfer has ended without a failure.
  std::optional<AttemptFailure> end();

  HttpServers& servers_;
  TransferPool& pool_;
  HttpLocation location_;
  HttpVersion found_;  // when it was opened
  LookBy found_by_ = LookBy::head;
  std::optional<HttpVersion> began_;  // of the GET for the first byte
  std::uint64_t largest_;
  LeastRate rate_;

  std::unique_ptr<Transfer> transfer_;
  std::uint64_t offset_ = 0;
  std::chrono::steady_clock::time_point rated_until_;  // what rate_ has seen
  bool has_failed_ = false;                            // the last read_some()
  std::uint64_t to_drop_ = 0;               // of the transfer's bytes: they come before offset_
  std::optional<std::uint64_t> range_end_;  // what comes after the last byte of transfer_'s range
  std::optional<std::uint64_t> whole_;      // the length, once a GET has told it
  bool is_at_end_ = false;
  bool proves_its_end_ = true;
};

}  // namespace backglance
