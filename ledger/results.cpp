// SPDX-License-Identifier: Apache-2.0
// Results: publishes known hashes again, without a read. The first publish is in ledger/settle.cpp.
#include "ledger/results.h"

#include "ledger/checkpoints.h"
#include "ledger/signatures.h"
#include "sql/images.h"
#include "sql/row_list.h"
#include "sql/text.h"

namespace backglance {

const std::string& Results::sql(std::string_view name) const {
  return sql_text(session_.engine(), "results", name);
}

std::int64_t Results::publish(const std::string& run_id, const std::vector<ReadFrom>& images) {
  SqlParameters values;
  for_padded_rows(images.size(), [&](const std::string& suffix, std::size_t row) {
    values.push_back({"id" + suffix, images[row].image_id});
    values.push_back({"value" + suffix, images[row].value});
    values.push_back({"meta" + suffix, images[row].meta_data});
  });
  values.push_back({"run", run_id});
  return session_.execute(statement_for(sql("publish"), images.size()), values);
}

// A Glance that saved the image during the read may have stored the same location as another text.
// True if that was all, and the hash is published now.
bool Results::publish_moved(const std::string& run_id, const SettledImage& settled) {
  const auto& [claim, outcome] = settled;
  if (!is_same_location_ || !outcome.location_id)
    return false;
  const auto row = session_.first_row(sql("location_now"), {{"location", *outcome.location_id}});
  if (!row)
    return false;
  const LocationRow read{*outcome.location_id, outcome.location_value, outcome.location_meta_data};
  const LocationRow now{read.id, row->text_or_empty(0), row->text_or_empty(1)};
  if ((now.value == read.value && now.meta_data == read.meta_data) || !is_same_location_(read, now))
    return false;
  return publish(run_id, {{claim.image_id, now.value, now.meta_data}}) > 0;
}

ImageResult Results::why_not_published(const std::string& image_id) {
  const auto image = read_image(session_, image_id);
  if (!image || !image->hashable)
    return ImageResult::gone;
  if (!image->os_hash_value.empty())
    return ImageResult::already_done;
  // Glance changed the checksum, the size or the location during the read.
  return ImageResult::busy_in_glance;
}

std::vector<std::string> Results::read_page(const std::string& after, std::int64_t page) {
  std::vector<std::string> ids;
  session_.query(sql("read_page"), {{"after", after}, {"page", page}},
                 [&](const SqlRow& row) { ids.push_back(row.text_or_empty(0)); });
  return ids;
}

std::vector<Results::Erased> Results::erased_page(const std::string& after, std::int64_t page) {
  std::vector<Erased> erased;
  session_.query(sql("erased_page"), {{"after", after}, {"page", page}}, [&](const SqlRow& row) {
    Erased one;
    one.image_id = row.text_or_empty(0);
    one.run_id = row.text_or_empty(1);
    one.digest = row.text_or_empty(2);
    one.bytes = row.integer_or(3, 0);
    one.identity = row.text_or_empty(4);
    one.location_value = row.text(5);
    one.has_checksum = !row.text_or_empty(6).empty();
    one.location_meta_data = row.text_or_empty(7);
    erased.push_back(std::move(one));
  });
  return erased;
}

bool Results::restore(const Erased& erased) {
  Transaction transaction(session_);
  // An early return rolls back, so the ledger says "restored" only if the hash is there.
  if (session_.execute(sql("mark_restored"),
                       {{"result", std::string(result_name(ImageResult::restored))},
                        {"id", erased.image_id},
                        {"digest", erased.digest}}) == 0 ||
      !erased.location_value ||
      publish(erased.run_id,
              {{erased.image_id, *erased.location_value, erased.location_meta_data}}) == 0)
    return false;
  transaction.commit();
  return true;
}

void Results::requeue_erased(const std::string& image_id) {
  session_.execute(sql("requeue_erased"), {{"id", image_id}});
}

void Results::forget(const std::string& image_id) {
  Transaction transaction(session_);
  const auto image = read_image(session_, image_id);
  const bool live = image && image->hashable;
  // A pending image is not done in any sense: whoever queues images next queues it again.
  const ImageResult result = live ? ImageResult::already_done : ImageResult::gone;
  session_.execute(sql("forget"),
                   {{"state", std::string(facts_of(result).done ? "done" : "failed")},
                    {"result", std::string(result_name(result))},
                    {"reason", std::string("forgotten by backfill --forget")},
                    {"id", image_id}});
  Checkpoints(session_).forget(image_id);
  forget_signatures(session_, image_id);
  transaction.commit();
}

}  // namespace backglance
