// SPDX-License-Identifier: Apache-2.0
#include "sql/images.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "base/text.h"
#include "glance/image_rules.h"
#include "glance/signature_properties.h"
#include "sql/row_list.h"
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

// By size and id, each page from where the last one ended: no offset, which a server would count
// anew.
std::vector<SizedImage> sized_page(Session& session, std::string_view name, const SizedImage& after,
                                   std::int64_t page) {
  std::vector<SizedImage> images;
  session.query(sql_text(session.engine(), "images", name),
                {{"size", after.size}, {"after", after.id}, {"page", page}},
                [&](const SqlRow& row) {
                  images.push_back({row.text_or_empty(0), row.integer_or(1, 0)});
                });
  return images;
}

std::vector<std::string> id_page(Session& session, std::string_view name, const std::string& after,
                                 std::int64_t page) {
  std::vector<std::string> ids;
  session.query(sql_text(session.engine(), "images", name), {{"after", after}, {"page", page}},
                [&](const SqlRow& row) { ids.push_back(row.text_or_empty(0)); });
  return ids;
}

std::string list_statement(Session& session, std::string_view name,
                           const std::vector<std::string>& ids) {
  return statement_for(sql_text(session.engine(), "images", name), ids.size());
}

ImageRow image_of(const SqlRow& row) {
  ImageRow image;
  image.id = row.text_or_empty(0);
  const std::string status = row.text_or_empty(1);
  image.status = status;
  image.deleted = row.truth(2);
  image.hashable = !image.deleted && std::find(kHashableStatuses.begin(), kHashableStatuses.end(),
                                               status) != kHashableStatuses.end();
  // A size that is no number is -1: it equals no count of bytes. 0 is Glance's word for an unknown
  // size.
  if (row.text(3))
    image.size = row.integer_or(3, -1);
  if (image.size == 0)
    image.size.reset();
  image.checksum = row.text_or_empty(4);
  image.os_hash_algo = row.text_or_empty(5);
  image.os_hash_value = row.text_or_empty(6);
  return image;
}

std::vector<ImageRow> read_rows(Session& session, const std::vector<std::string>& ids) {
  std::vector<ImageRow> rows;
  session.query(list_statement(session, "images", ids), id_parameters(ids),
                [&](const SqlRow& row) { rows.push_back(image_of(row)); });
  return rows;
}

void for_locations(
    Session& session, const std::vector<std::string>& ids,
    const std::function<void(const std::string& image_id, LocationRow location)>& add) {
  session.query(list_statement(session, "locations", ids), id_parameters(ids),
                [&](const SqlRow& row) {
                  add(row.text_or_empty(0),
                      {row.integer_or(1, 0), row.text_or_empty(2), row.text_or_empty(3)});
                });
}

void read_signatures(Session& session, const std::vector<std::string>& ids,
                     std::map<std::string, ImageDetails>& details) {
  session.query(list_statement(session, "signature_values", ids), id_parameters(ids),
                [&](const SqlRow& row) {
                  const auto image = details.find(row.text_or_empty(0));
                  if (image == details.end())
                    return;
                  SignatureProperties& signature = image->second.signature;
                  const std::string name = row.text_or_empty(1);
                  std::string value = row.text_or_empty(2);
                  if (name == "base_image_ref" || (name == "image_type" && value == "snapshot"))
                    signature.is_snapshot = true;
                  // The database may compare names without case here too.
                  else if (is_data_signature_name(name) || is_legacy_signature_name(name))
                    signature.values[name] = std::move(value);
                });
}

}  // namespace

std::string why_not_live(const ImageRow& image) {
  const std::string named = fmt::format(" (status {})", printable(image.status, 32));
  if (image.deleted)
    return "the image is deleted in Glance" + named;
  if (image.status == "queued")
    return "no data has been uploaded for the image yet" + named;
  if (image.status == "saving" || image.status == "uploading" || image.status == "importing")
    return "Glance still receives the data of the image" + named;
  if (image.status == "killed")
    return "the upload of the image failed" + named;
  if (image.status == "pending_delete" || image.status == "deleted")
    return "the image is being deleted in Glance" + named;
  return "Glance does not serve the image" + named;
}

std::string verified_state(SignedOver what, const SignatureProperties& signature,
                           const std::vector<LocationRow>& locations, const std::string& digest) {
  const auto is_of = what == SignedOver::data ? is_data_signature_name : is_legacy_signature_name;
  std::string state = signature.is_snapshot ? "snapshot " : "image ";
  state += lower_ascii(digest);
  for (const LocationRow& location : locations)  // by id
    state += fmt::format(" {}", location.id);
  for (const auto& [name, value] : signature.values)
    if (is_of(name))  // each value after its length: none reads as two
      state += fmt::format(" {} {} {}", name, value.size(), value);
  return sha256_hex(state);
}

std::map<std::string, ImageDetails> read_details(Session& session,
                                                 const std::vector<std::string>& image_ids,
                                                 WithSignatures with) {
  std::map<std::string, ImageDetails> details;
  // Few statements for many images, each with a number of parameters that every engine takes.
  by_statements(image_ids, [&](const std::vector<std::string>& ids) {
    for (ImageRow& row : read_rows(session, ids))
      details[row.id].row = std::move(row);
    for_locations(session, ids, [&](const std::string& image_id, LocationRow location) {
      if (const auto image = details.find(image_id); image != details.end())
        image->second.locations.push_back(std::move(location));
    });
    session.query(
        list_statement(session, "busy_markers", ids), id_parameters(ids), [&](const SqlRow& row) {
          // The database may compare without case; Glance does not.
          const std::string name = row.text_or_empty(1);
          const auto image = details.find(row.text_or_empty(0));
          if (image != details.end() && (name == kImportTaskProperty || name == kHashHostProperty ||
                                         name == kImportingStoresProperty))
            image->second.busy_marker = name;
        });
    if (with == WithSignatures::yes)
      read_signatures(session, ids, details);
  });
  return details;
}

bool can_be_image(Session& session, const std::string& image_id) {
  // Glance's own ids are ASCII.
  const bool ascii = std::all_of(image_id.begin(), image_id.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return ascii || column_holds(session, "images", "id", image_id);
}

std::optional<ImageRow> read_image(Session& session, const std::string& image_id) {
  if (!can_be_image(session, image_id))
    return std::nullopt;
  for (ImageRow& row : read_rows(session, {image_id}))
    // The column's collation may take another id for this one: by case, accents or trailing spaces.
    if (row.id == image_id)
      return std::move(row);
  return std::nullopt;
}

bool has_image(Session& session, const std::string& image_id) {
  return can_be_image(session, image_id) &&
         session.count(sql_text(session.engine(), "images", "has_image"), {{"id", image_id}}) > 0;
}

std::string like_image(Session& session, const std::string& image_id) {
  if (!can_be_image(session, image_id))
    return {};
  const auto rows = read_rows(session, {std::string(trim(image_id)), lower_ascii(trim(image_id))});
  return rows.empty() ? "" : rows.front().id;
}

std::set<std::string> with_other_locations(Session& session,
                                           const std::vector<std::string>& image_ids) {
  std::set<std::string> others;
  by_statements(image_ids, [&](const std::vector<std::string>& ids) {
    session.query(list_statement(session, "other_locations", ids), id_parameters(ids),
                  [&](const SqlRow& row) { others.insert(row.text_or_empty(0)); });
  });
  return others;
}

PendingTotals pending_totals(Session& session, bool expanded) {
  return read_totals(session.first_row(sql_text(
      session.engine(), "images", expanded ? "pending_totals" : "pending_totals_before_expand")));
}

void pending_sizes(Session& session, bool expanded, const std::function<void(std::int64_t)>& each) {
  session.query(sql_text(session.engine(), "images",
                         expanded ? "pending_sizes" : "pending_sizes_before_expand"),
                {}, [&](const SqlRow& row) { each(row.integer_or(0, 0)); });
}

std::optional<std::string> image_page_end(Session& session, const std::string& after,
                                          std::int64_t page) {
  const auto row = session.first_row(sql_text(session.engine(), "images", "page_end"),
                                     {{"after", after}, {"page", page}});
  return row ? row->text(0) : std::nullopt;
}

std::vector<SizedImage> verifiable_page(Session& session, const SizedImage& after,
                                        std::int64_t page) {
  return sized_page(session, "verifiable_page", after, page);
}

std::vector<SizedImage> signed_page(Session& session, const SizedImage& after, std::int64_t page) {
  return sized_page(session, "signed_page", after, page);
}

PendingTotals signed_totals(Session& session) {
  return read_totals(session.first_row(sql_text(session.engine(), "images", "signed_totals")));
}

bool column_holds(Session& session, const std::string& table, const std::string& column,
                  const std::string& text) {
  const auto row = session.first_row(sql_text(session.engine(), "images", "column_holds"),
                                     {{"table", table}, {"column", column}, {"text", text}});
  return !row || row->truth(0);
}

std::int64_t images_of_owner(Session& session, const std::string& owner) {
  return session.count(sql_text(session.engine(), "images", "images_of_owner"), {{"owner", owner}});
}

PendingTotals verifiable_totals(Session& session) {
  return read_totals(session.first_row(sql_text(session.engine(), "images", "verifiable_totals")));
}

std::vector<std::string> unhashed_page(Session& session, const std::string& after,
                                       std::int64_t page) {
  return id_page(session, "unhashed_page", after, page);
}

bool is_unhashed(Session& session, const std::string& image_id) {
  return session.count(sql_text(session.engine(), "images", "is_unhashed"), {{"id", image_id}}) > 0;
}

std::vector<std::string> hashed_page(Session& session, const std::string& after,
                                     std::int64_t page) {
  return id_page(session, "hashed_page", after, page);
}

}  // namespace backglance
