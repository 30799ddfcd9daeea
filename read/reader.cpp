// SPDX-License-Identifier: Apache-2.0
#include "read/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/stop.h"
#include "base/text.h"
#include "read/verdict.h"

namespace backglance {
namespace {

struct Fed {
  bool stopped = false;  // the run must end; the rest of the source was not read
  std::optional<ReadFailure> failure;
};

// Bytes still to read, at most `most`.
std::uint64_t still_to_read(const Source& source, std::int64_t offset, std::uint64_t most) {
  const auto length = source.length();
  const auto done = static_cast<std::uint64_t>(offset);
  return length ? std::min(most, *length - std::min(done, *length)) : most;
}

// Feeds the whole source to the digests. On success outcome.bytes and .identity are set. A source
// of unknown length is read only until it has more bytes than the image: it may have no end.
Fed feed(Source& source, const ImageRow& image, DigestStream& digests, CheckpointTaker& checkpoints,
         std::optional<std::int64_t> most_bytes, ReadContext& context, ReadOutcome& outcome) {
  auto stream = context.streams.take(outcome.place);
  const std::int64_t began_at = outcome.bytes;
  auto before = ReadPace::Clock::now();
  for (;;) {
    const auto buffer = digests.buffer();
    // Before the read, so that not one byte more is read.
    if (most_bytes &&
        outcome.bytes - began_at + static_cast<std::int64_t>(buffer.size()) > *most_bytes) {
      checkpoints.broken_off(digests);
      return {true, {}};
    }
    // The wait for --bandwidth counts as a wait for the store: more streams would not help against
    // either.
    const auto asked = StreamSearch::Clock::now();
    // Wait before the read, not after it: otherwise the first reads of many streams would exceed
    // the limit together.
    context.bandwidth.take(still_to_read(source, outcome.bytes, buffer.size()),
                           [&] { return context.control.should_stop(); });
    if (!context.control.may_go_on()) {
      // Without the lease, the checkpoint would be refused: another run may already have its own.
      if (!context.control.has_lost_leases())
        checkpoints.broken_off(digests);
      return {true, {}};
    }
    auto result = source.read(buffer);
    if (auto* failure = std::get_if<ReadFailure>(&result)) {
      // What was read until now is kept: the store may be back for the next run.
      if (failure->kind != FailureKind::image && !context.control.has_lost_leases())
        checkpoints.broken_off(digests);
      return {false, std::move(*failure)};
    }
    const std::size_t got = std::get<std::size_t>(result);
    stream.add(got, StreamSearch::Clock::now() - asked);
    digests.hand_over(got);
    outcome.bytes += static_cast<std::int64_t>(got);
    context.counters.bytes_read.fetch_add(got, std::memory_order_relaxed);
    const auto now = ReadPace::Clock::now();
    context.pace.add(static_cast<std::int64_t>(got), now - before);
    before = now;
    if (got < buffer.size())
      break;
    if (!source.length() && image.size && outcome.bytes > *image.size) {
      outcome.result = ImageResult::size_differs;
      outcome.reason =
          fmt::format("location {}: the store holds more than {} bytes, Glance says {}",
                      *outcome.location_id, outcome.bytes - 1, *image.size);
      return {};
    }
    checkpoints.passed(buffer, outcome.bytes, digests);
  }
  if (!source.proves_its_end() && !image.size && !has_proof(image))
    return {false,
            ReadFailure{ImageResult::unreadable,
                        "the server does not say where it ends, and Glance knows neither its "
                        "size nor its checksum"}};
  // After the last byte: a change before this point shows here, a later one does not matter.
  auto identity = source.identity();
  if (auto* failure = std::get_if<ReadFailure>(&identity))
    return {false, std::move(*failure)};
  outcome.identity = std::get<std::string>(std::move(identity));
  return {};
}

// A wrong length is reported before the bytes are read in vain.
bool length_differs(const ImageRow& image, const Source& source, ReadOutcome& outcome) {
  if (!has_other_length(image, source))
    return false;
  outcome.result = ImageResult::size_differs;
  outcome.reason = fmt::format("location {}: the store holds {} bytes, Glance says {}",
                               *outcome.location_id, *source.length(), *image.size);
  return true;
}

// One location that is being read: its source, its digests, and the offset at which both begin.
class Reading {
 public:
  // `there` and `workers` must live longer than this.
  Reading(const FoundLocation& there, DigestWorkers& workers,
          std::vector<const DigestAlgorithm*> algorithms)
      : there_(there), workers_(workers), algorithms_(std::move(algorithms)) {}

  std::optional<ReadFailure> begin() {
    auto opened = there_.opener->open(there_.location);
    if (auto* failure = std::get_if<ReadFailure>(&opened))
      return std::move(*failure);
    source_ = std::get<std::unique_ptr<Source>>(std::move(opened));
    return std::nullopt;
  }

  // Begins after the checkpoint if it fits, otherwise at the first byte. Throws Error{usage} for an
  // algorithm that this OpenSSL lacks.
  std::optional<ReadFailure> make_digests(const Checkpoint* from) {
    digests_.emplace(workers_, algorithms_, source_->length().value_or(0));
    if (from == nullptr)
      return std::nullopt;
    const auto resumed = resume(*from, *source_, *digests_);
    if (const auto* const failure = std::get_if<ReadFailure>(&resumed))
      return *failure;
    if (std::get<bool>(resumed)) {
      offset_ = from->offset;
      return std::nullopt;
    }
    // resume() has moved the source and filled the digests in part: make both anew.
    source_.reset();
    if (auto failure = begin())
      return failure;
    digests_.reset();
    digests_.emplace(workers_, algorithms_, source_->length().value_or(0));
    return std::nullopt;
  }

  Source& source() { return *source_; }
  DigestStream& digests() { return *digests_; }
  std::int64_t offset() const { return offset_; }

 private:
  const FoundLocation& there_;
  DigestWorkers& workers_;
  std::vector<const DigestAlgorithm*> algorithms_;
  std::unique_ptr<Source> source_;
  std::optional<DigestStream> digests_;
  std::int64_t offset_ = 0;
};

// The checkpoint, if it is of this location and of the same algorithms; otherwise null.
const Checkpoint* checkpoint_of(const Resumption& resumption, const LocationRow& row,
                                const std::string& algorithms) {
  const Checkpoint* from = resumption.from;
  return from != nullptr && from->location_id == row.id && from->algorithm == algorithms ? from
                                                                                         : nullptr;
}

// True if the checkpoint is of this location, or of one that the image no longer has.
bool is_spent(const Resumption& resumption, const LocationRow& row, const ReadTask& task) {
  return resumption.from != nullptr &&
         (resumption.from->location_id == row.id ||
          std::none_of(task.locations.begin(), task.locations.end(), [&](const LocationRow& other) {
            return other.id == resumption.from->location_id;
          }));
}

// The image if it has one location: Glance does not say which of several it reads.
std::string_view only_of(const ReadTask& task) {
  return task.locations.size() == 1 ? std::string_view(task.image.id) : std::string_view();
}

// The locations in the order in which Glance tries them.
std::vector<LocationRow> in_order(std::vector<LocationRow> rows, const ReadContext& context) {
  if (context.order.is_by_id() || rows.size() < 2)
    return rows;  // sorted by id
  std::stable_sort(rows.begin(), rows.end(), [&](const LocationRow& one, const LocationRow& other) {
    const auto place = [&](const LocationRow& row) {
      return context.order.place_of(row.meta_data,
                                    context.stores.locate(row.value, row.meta_data).scheme);
    };
    return place(one) < place(other);
  });
  return rows;
}

// What could not be asked counts more than `missing`: no image is called lost while one copy of it
// was not looked at.
int severity_of(const ReadFailure& failure) {
  constexpr int kOfMissing = facts_of(ImageResult::missing).severity;
  return failure.kind == FailureKind::image ? 2 * facts_of(failure.result).severity
                                            : 2 * kOfMissing + 1;
}

// The failures of an image's locations.
class Failures {
 public:
  bool is_empty() const { return reasons_.empty(); }
  const std::string& reasons() const { return reasons_; }

  // The worst failure becomes the result; the reason names every location.
  void add(std::int64_t location_id, const ReadFailure& failure, const std::string& place) {
    if (reasons_.empty() || severity_of(failure) > severity_) {
      severity_ = severity_of(failure);
      worst_.result = failure.result;
      worst_.store_is_away = failure.kind == FailureKind::place;
      worst_.store_refused = failure.is_refusal;
      worst_.is_transient = failure.kind == FailureKind::transient;
    }
    reasons_ +=
        fmt::format("{}location {}: {}", reasons_.empty() ? "" : "; ", location_id, failure.reason);
    // Of a store that is away, its own; otherwise that of the location which Glance serves first.
    if (worst_.place.empty() || (failure.kind != FailureKind::image && !has_place_of_store_)) {
      worst_.place = place;
      has_place_of_store_ = failure.kind != FailureKind::image;
    }
  }

  // No other location may stand for the failed ones, for nothing proves what it holds.
  void only_another_opens(std::int64_t location_id) {
    // A first location that is being written to, or whose store is away, is tried again soon.
    if (worst_.result == ImageResult::changed_while_read || worst_.store_is_away ||
        worst_.is_transient)
      return;
    worst_.result = ImageResult::other_location;
    if (reasons_.empty())
      reasons_ = fmt::format(
          "location {}: the image has several locations and no checksum, and without Glance's "
          "configuration (--config-file) it is not known which of them Glance serves",
          location_id);
    else
      reasons_ +=
          fmt::format("; location {} could be read, but no checksum proves that it holds the image",
                      location_id);
  }

  void forget_checkpoint() { worst_.forgets_checkpoint = true; }

  ReadOutcome outcome() const {
    ReadOutcome outcome = worst_;
    outcome.reason = reasons_;
    return outcome;
  }

 private:
  ReadOutcome worst_;
  std::string reasons_;
  int severity_ = 0;
  bool has_place_of_store_ = false;
};

// The digests of an image whose bytes were all read: MD5, `algorithm`, and perhaps a signature's.
void take_digests(const std::vector<std::string>& hex, const DigestAlgorithm& algorithm,
                  const ImageRow& image, ReadOutcome& outcome) {
  outcome.md5 = hex[0];
  outcome.digest = hex[1];
  if (hex.size() > 2)
    outcome.signature_digest = hex[2];
  // Keep Glance's spelling if it is the image's own algorithm. It may be another one: verify
  // reads an image without a hash with MD5 only.
  const bool is_images_own =
      !image.os_hash_algo.empty() && find_digest_algorithm(image.os_hash_algo) == &algorithm;
  outcome.algorithm = is_images_own ? image.os_hash_algo : std::string(algorithm.name);
  outcome.result = ImageResult::hashed;
}

// The store's own MD5 of the object is not that of the bytes which it sent. Where Glance has a
// checksum, that one decides.
std::optional<ReadFailure> store_contradicts(const ImageRow& image, const Source& source,
                                             const std::string& md5) {
  const auto stored = source.stored_md5();
  if (!stored || *stored == md5 || !image.checksum.empty())
    return std::nullopt;
  // Transient: the next read may get the right bytes. The third time it is a finding.
  return ReadFailure{ImageResult::unreadable,
                     "the MD5 of its bytes is not the one that the store keeps of it",
                     FailureKind::transient};
}

// Opens the location, and asks what must be known before its first byte.
std::optional<ReadFailure> open_location(Reading& reading, const ImageRow& image) {
  if (auto failure = reading.begin())
    return failure;
  if (has_other_length(image, reading.source()))
    if (auto failure = reading.source().confirm_length())
      return failure;
  if (reading.source().needs_checksum() && !has_proof(image))
    return ReadFailure{ImageResult::unreadable,
                       "Glance has no checksum of it, so nothing can prove that the Glance API "
                       "sends the whole image (--through-api-unverified)"};
  return std::nullopt;
}

// False if the run must end before this object is read: its checkpoint is spent, or it does not
// fit.
bool is_wanted(Reading& reading, const LocationRow& row, const ReadTask& task,
               const Resumption& resumption) {
  if (reading.offset() == 0 && resumption.refused && is_spent(resumption, row, task)) {
    resumption.refused();
    return false;
  }
  const auto length = reading.source().length();
  if (!length || !resumption.fits)
    return true;
  const auto whole = static_cast<std::int64_t>(*length);
  return resumption.fits(std::max<std::int64_t>(whole - reading.offset(), 0), whole);
}

}  // namespace

const DigestAlgorithm* algorithm_of(const ImageRow& image, const ReadContext& context) {
  return image.os_hash_algo.empty() ? &context.site_algorithm
                                    : find_digest_algorithm(image.os_hash_algo);
}

std::optional<ReadOutcome> read_once(const ReadTask& task, const DigestAlgorithm& algorithm,
                                     DigestWorkers& workers, ReadContext& context,
                                     const Resumption& resumption) {
  std::vector<const DigestAlgorithm*> algorithms = {&md5_algorithm(), &algorithm};
  std::string named(algorithm.name);
  const DigestAlgorithm* const signed_over = task.signatures.digest();
  if (signed_over != nullptr) {
    algorithms.push_back(signed_over);
    named += fmt::format("{}{}", kBetweenStates, signed_over->name);
  }
  Failures failures;
  const bool is_guess =
      !context.order.is_known() && task.locations.size() > 1 && !has_proof(task.image);
  for (const LocationRow& row : in_order(task.locations, context)) {
    const auto found = context.stores.find(row.value, row.meta_data, only_of(task));
    if (const auto* failure = std::get_if<ReadFailure>(&found)) {
      failures.add(row.id, *failure, "");
      continue;
    }
    const FoundLocation& there = std::get<FoundLocation>(found);
    Reading reading(there, workers, algorithms);
    if (const auto failure = open_location(reading, task.image)) {
      if (failure->kind == FailureKind::stopped)
        return std::nullopt;
      failures.add(row.id, *failure, there.place());
      continue;
    }
    if (is_guess || (!failures.is_empty() && !has_proof(task.image))) {
      failures.only_another_opens(row.id);
      break;
    }
    ReadOutcome outcome;
    outcome.is_later_location = !failures.is_empty();
    outcome.location_id = row.id;
    outcome.location_value = row.value;
    outcome.location_meta_data = row.meta_data;
    outcome.place = there.place();
    if (length_differs(task.image, reading.source(), outcome)) {
      if (!failures.is_empty())
        outcome.reason += "; " + failures.reasons();
      return outcome;
    }
    std::optional<ReadFailure> failure;
    try {
      failure = reading.make_digests(checkpoint_of(resumption, row, named));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::usage)
        throw;
      // This host's OpenSSL lacks the algorithm. That is a result of this image and does not end
      // the run.
      outcome.result = ImageResult::hash_not_supported;
      outcome.reason = error.what();
      return outcome;
    }
    if (!failure) {
      outcome.bytes = reading.offset();
      if (!is_wanted(reading, row, task, resumption))
        return std::nullopt;
      context.counters.skip(outcome.bytes, 0);
      CheckpointTaker checkpoints(resumption,
                                  {.image_id = task.image.id,
                                   .location_id = row.id,
                                   .identity = reading.source().identity_when_opened().value_or(""),
                                   .offset = outcome.bytes,
                                   .algorithm = named});
      Fed fed = feed(reading.source(), task.image, reading.digests(), checkpoints,
                     resumption.most_bytes, context, outcome);
      if (fed.stopped)
        return std::nullopt;
      if (outcome.result == ImageResult::size_differs)
        return outcome;
      failure = std::move(fed.failure);
    }
    std::vector<std::string> hex;
    if (!failure) {
      hex = reading.digests().finish();
      failure = store_contradicts(task.image, reading.source(), hex[0]);
      // Bytes before a checkpoint may be the wrong ones.
      if (failure)
        failures.forget_checkpoint();
    }
    if (failure) {
      if (failure->kind == FailureKind::stopped)
        return std::nullopt;
      // It was opened, so that only what is not of the image itself concerns its place. The Glance
      // API opens what Glance knows, and sees the store only when it reads.
      const bool is_of_image = failure->kind == FailureKind::image && !there.is_through_api;
      failures.add(row.id, *failure, is_of_image ? "" : there.place());
      continue;
    }
    take_digests(hex, algorithm, task.image, outcome);
    if (!failures.is_empty())
      outcome.reason = fmt::format("read from location {}; {}", row.id, failures.reasons());
    return outcome;
  }
  return failures.outcome();
}

}  // namespace backglance
