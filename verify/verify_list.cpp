// SPDX-License-Identifier: Apache-2.0
#include "verify/verify_list.h"

#include <algorithm>
#include <utility>

#include "ledger/runs.h"
#include "read/read_stage.h"
#include "sql/retry.h"

namespace backglance {
namespace {

// Each page is a pass over the table images, which has no index on the size. So pages are few and
// large, some hundred KiB each.
constexpr std::int64_t kPage = 4096;

const SizedImage kBeforeAll{"", std::numeric_limits<std::int64_t>::max()};

std::vector<SizedImage> page_after(Session& session, const SizedImage& last,
                                   const ReadOptions& options) {
  return options.signed_only ? signed_page(session, last, kPage)
                             : verifiable_page(session, last, kPage);
}

// The images that --image names, largest first.
std::vector<SizedImage> named_images(Session& session, const ReadOptions& options) {
  std::vector<SizedImage> images;
  for (const std::string& image_id : options.images)
    images.push_back(
        {image_id, std::max<std::int64_t>(named_image(session, image_id).size.value_or(0), 0)});
  std::stable_sort(images.begin(), images.end(),
                   [](const SizedImage& a, const SizedImage& b) { return a.size > b.size; });
  return images;
}

}  // namespace

void TooLarge::add(const SizedImage& image) {
  ++images;
  if (!largest || largest->size < image.size)
    largest = image;
}

void TooLarge::add(const TooLarge& others) {
  images += others.images;
  if (others.largest && (!largest || largest->size < others.largest->size))
    largest = others.largest;
}

PendingTotals images_to_verify(Session& session, const ReadOptions& options) {
  if (options.images.empty())
    return options.signed_only ? signed_totals(session) : verifiable_totals(session);
  PendingTotals totals;
  for (const SizedImage& image : named_images(session, options)) {
    ++totals.images;
    totals.bytes += image.size;
    totals.unknown_size += image.size > 0 ? 0 : 1;
  }
  return totals;
}

PendingTotals within_limits(Session& session, const PendingTotals& all,
                            const ReadOptions& options) {
  if (!Allowance::has_limits(options))
    return all;
  Allowance allowance(options);
  SizedImage last = kBeforeAll;
  auto images =
      options.images.empty() ? page_after(session, last, options) : named_images(session, options);
  // Page by page, so that memory does not grow with the site.
  while (!images.empty()) {
    for (const SizedImage& image : images)
      allowance.take(image.size);
    last = images.back();
    images.clear();
    if (options.images.empty() && !allowance.is_used_up())
      images = page_after(session, last, options);
  }
  return {allowance.used().images, allowance.used().bytes, allowance.unknown_size()};
}

VerifyList::VerifyList(const Site& site, ReadContext& context, const ReadOptions& options)
    : ClaimStage(site.database, {.mode = OpenMode::read_only}, context, options) {
  const SchemaState state = read_schema_state(session_);
  require_os_hash(state);
  if (options.signed_only)  // the flags show which images are signed
    require_expanded(state);
  require_writable_ledger(state);
  // Without a ledger the images are read and compared all the same; only nothing is recorded.
  has_ledger_ = state.has_ledger;
  for (SizedImage& image : named_images(session_, options))
    images_.push_back(std::move(image));
  // For the progress display. The pages are read later, so images may come and go.
  all_ = images_to_verify(session_, options);
  const PendingTotals totals = within_limits(session_, all_, options);
  context.counters.images_total.store(static_cast<std::uint64_t>(totals.images));
  context.counters.bytes_total.store(static_cast<std::uint64_t>(totals.bytes));
  context.pace.begin(context.streams.count(), has_ledger_ ? earlier_pace(session_) : 0);
}

std::optional<Claim> VerifyList::take() {
  for (;;) {
    if (!context_.control.may_go_on()) {
      end_ = context_.control.why_stopped();
      return std::nullopt;
    }
    if (images_.empty() && !refill())
      return std::nullopt;
    const SizedImage image = images_.front();
    images_.pop_front();
    if (image.size >
        context_.budget.left(static_cast<std::int64_t>(context_.counters.bytes_read.load()))) {
      end_ = RunEnd::limit;
      continue;  // a smaller one may still fit
    }
    if (too_late(image.size, context_, options_)) {
      end_ = RunEnd::out_of_time;
      // No run of this length could read it.
      if (image.size > context_.pace.largest_in_run())
        too_large_.add(image);
      continue;
    }
    // What Glance says the size is; the reader asks for more, if the store holds more.
    context_.budget.promise(image.size);
    return Claim{.image_id = image.id, .size_bytes = image.size};
  }
}

// One page at a time, largest images first: the list of a large site does not fit into memory.
bool VerifyList::refill() {
  if (!options_.images.empty())
    return false;
  for (SizedImage& image : retry(session_, [&] { return page_after(session_, last_, options_); }))
    images_.push_back(std::move(image));
  if (images_.empty())
    return false;
  last_ = images_.back();
  return true;
}

std::vector<std::string> VerifyList::coming() const {
  // How many images are looked up together.
  constexpr std::size_t kAhead = 64;
  std::vector<std::string> ids;
  for (auto image = images_.begin(); image != images_.end() && ids.size() < kAhead; ++image)
    ids.push_back(image->id);
  return ids;
}

void VerifyList::prepare(Work& work, ImageDetails details) {
  work.task.image = std::move(details.row);
  const ImageRow& row = work.task.image;
  if (row.os_hash_value.empty() && row.checksum.empty() && !options_.signed_only)
    return settle_unread(work, ImageResult::already_done,
                         "the image has neither os_hash_value nor checksum to compare with; "
                         "backglance backfill gives it a hash");
  if (options_.signed_only && details.signature.values.empty())
    return settle_unread(work, ImageResult::already_done, "the image is not signed");
  // Without a hash only the MD5 can be compared, and every read computes it.
  look_up_rest(
      work, std::move(details),
      row.os_hash_value.empty() ? &md5_algorithm() : find_digest_algorithm(row.os_hash_algo));
}

}  // namespace backglance
