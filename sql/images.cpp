#include "sql/images.h"

#include <algorithm>

#include "glance/image_rules.h"
#include "sql/text.h"

namespace backglance {
namespace {

PendingTotals read_totals(const std::optional<SqlRow>& row) {
  PendingTotals totals;
  if (row) {
    totals.images = row->integer_or(0, 0);
    totals.bytes = row->integer_or(1, 0);
    totals.unknown_size = row->size() > 2 ? row->integer_or(2, 0) : 0;
  }
  return totals;
}

}  // namespace

std::optional<ImageRow> read_image(Session& session, const std::string& image_id) {
  const auto row =
      session.first_row(sql_text(session.engine(), "images", "image"), {{"id", image_id}});
  if (!row)
    return std::nullopt;
  ImageRow image;
  image.id = row->text_or_empty(0);
  const std::string status = row->text_or_empty(1);
  image.hashable = !row->truth(2) && std::find(kHashableStatuses.begin(), kHashableStatuses.end(),
                                               status) != kHashableStatuses.end();
  if (row->text(3))
    image.size = row->integer_or(3, -1);
  if (image.size == 0)
    image.size.reset();
  image.checksum = row->text_or_empty(4);
  image.os_hash_algo = row->text_or_empty(5);
  image.os_hash_value = row->text_or_empty(6);
  return image;
}

std::vector<LocationRow> read_locations(Session& session, const std::string& image_id) {
  std::vector<LocationRow> locations;
  session.query(
      sql_text(session.engine(), "images", "locations"), {{"id", image_id}},
      [&](const SqlRow& row) {
        locations.push_back({row.integer_or(0, 0), row.text_or_empty(1), row.text_or_empty(2)});
      });
  return locations;
}

std::string busy_marker(Session& session, const std::string& image_id) {
  std::string marker;
  session.query(sql_text(session.engine(), "images", "busy_marker"), {{"id", image_id}},
                [&](const SqlRow& row) {
                  // The database may compare without case; Glance does not.
                  const std::string name = row.text_or_empty(0);
                  if (name == kImportTaskProperty || name == kHashHostProperty ||
                      name == kImportingStoresProperty)
                    marker = name;
                });
  return marker;
}

PendingTotals pending_totals(Session& session, bool expanded) {
  return read_totals(session.first_row(sql_text(
      session.engine(), "images", expanded ? "pending_totals" : "pending_totals_before_expand")));
}

std::optional<std::string> image_page_end(Session& session, const std::string& after,
                                          std::int64_t page) {
  const auto row = session.first_row(sql_text(session.engine(), "images", "page_end"),
                                     {{"after", after}, {"page", page}});
  return row ? row->text(0) : std::nullopt;
}

std::vector<SizedImage> verifiable_page(Session& session, const SizedImage& after,
                                        std::int64_t page) {
  std::vector<SizedImage> images;
  session.query(sql_text(session.engine(), "images", "verifiable_page"),
                {{"size", after.size}, {"after", after.id}, {"page", page}},
                [&](const SqlRow& row) {
                  images.push_back({row.text_or_empty(0), row.integer_or(1, 0)});
                });
  return images;
}

PendingTotals verifiable_totals(Session& session) {
  return read_totals(session.first_row(sql_text(session.engine(), "images", "verifiable_totals")));
}

std::vector<std::string> unhashed_page(Session& session, const std::string& after,
                                       std::int64_t page) {
  std::vector<std::string> ids;
  session.query(sql_text(session.engine(), "images", "unhashed_page"),
                {{"after", after}, {"page", page}},
                [&](const SqlRow& row) { ids.push_back(row.text_or_empty(0)); });
  return ids;
}

}  // namespace backglance
