// SPDX-License-Identifier: Apache-2.0
#include "ledger/removal.h"

#include <set>
#include <utility>

#include "base/stop.h"
#include "base/text.h"
#include "glance/signature_properties.h"
#include "sql/images.h"
#include "sql/retry.h"
#include "sql/text.h"

namespace backglance {
namespace {

constexpr std::int64_t kRowPage = 500;

const std::string& removal_sql(Session& session, std::string_view name) {
  return sql_text(session.engine(), "removal", name);
}

// `statement` is "live_properties", or "locked_properties" to lock the rows.
std::vector<PropertyRow> live_properties(Session& session, const std::string& image_id,
                                         std::string_view statement = "live_properties") {
  std::vector<PropertyRow> properties;
  session.query(removal_sql(session, statement), {{"id", image_id}}, [&](const SqlRow& row) {
    properties.push_back(
        {row.integer_or(0, 0), image_id, row.text_or_empty(1), row.text(2), row.text(3)});
  });
  return properties;
}

SignatureFinding judge_live(const std::vector<PropertyRow>& properties) {
  std::vector<std::string> names;
  names.reserve(properties.size());
  for (const PropertyRow& property : properties)
    names.push_back(property.name);
  return judge_signature(names);
}

void write_scheme(Session& session, std::string_view statement, const std::string& image_id,
                  const SignatureFinding& finding) {
  session.execute(removal_sql(session, statement),
                  {{"id", image_id},
                   {"scheme", std::string(signature_scheme_name(finding.scheme))},
                   {"present", join(finding.present, " ")},
                   {"missing", join(finding.missing, " ")}});
}

// No lock is taken: a change before the end of the transaction has the same effect as a change
// right after it.
bool is_settled(Session& session, const std::string& image_id) {
  const auto flag = session.first_row(removal_sql(session, "settled_state"), {{"id", image_id}});
  if (!flag || flag->is_null(0))
    return false;
  const auto details = read_details(session, {image_id}, WithSignatures::yes);
  const auto image = details.find(image_id);
  return image != details.end() && image->second.row.hashable &&
         !image->second.row.os_hash_value.empty() &&
         verified_state(SignedOver::data, image->second.signature, image->second.locations,
                        image->second.row.os_hash_value) == flag->text_or_empty(0);
}

// Returns the removable ones of `properties`, which are all signature properties of the image.
std::vector<PropertyRow> removable_of(Session& session, const std::string& image_id,
                                      Removable which, std::vector<PropertyRow> properties) {
  const SignatureScheme scheme = judge_live(properties).scheme;
  if (!is_deprecated(scheme))
    return {};
  if (which == Removable::settled &&
      (scheme != SignatureScheme::both || !is_settled(session, image_id)))
    return {};
  std::erase_if(properties, [](const PropertyRow& property) {
    return !is_legacy_signature_name(property.name);
  });
  return properties;
}

// `removed` holds the properties that an earlier attempt removed, if the answer to its COMMIT was
// lost.
void remove_in_transaction(Session& session, const std::string& run_id, const std::string& image_id,
                           Removable which, const OnRemoval& before_commit,
                           std::vector<RemovedProperty>& removed) {
  Transaction transaction(session);
  const std::vector<PropertyRow> properties = removable_of(
      session, image_id, which, live_properties(session, image_id, "locked_properties"));
  if (properties.empty())
    return;  // an earlier attempt was committed, or another program was quicker
  const auto now = session.first_row(removal_sql(session, "current_datetime"));
  const std::string deleted_at = now->text_or_empty(0);
  std::vector<RemovedProperty> now_removed;
  for (const PropertyRow& property : properties) {
    now_removed.push_back({property, deleted_at});
    // A property that was removed before and set again by its owner has an entry already.
    session.execute(removal_sql(session, "forget_archived"),
                    {{"id", image_id}, {"name", property.name}});
    session.execute(removal_sql(session, "archive_property"),
                    {{"property", property.id}, {"deleted_at", deleted_at}, {"run", run_id}});
    if (session.execute(removal_sql(session, "delete_property"),
                        {{"property", property.id}, {"deleted_at", deleted_at}}) == 0)
      throw Error(ErrorKind::busy, "another program changed the same properties at the same time");
  }
  write_scheme(session, "mark_removed", image_id, live_finding(session, image_id));
  // As late as possible: the archive gets only removals that have succeeded so far.
  if (!before_commit(now_removed))
    return;
  // Before the COMMIT: if its answer is lost, the next attempt finds nothing to remove, and this is
  // the result.
  removed = std::move(now_removed);
  transaction.commit();
}

// The properties of one page that were put back, and how many were left as they are.
struct RestoredPage {
  std::vector<SqlRow> rows;
  std::set<std::pair<std::string, std::string>> restored;  // image and name
  std::int64_t kept = 0;
  std::int64_t there = 0;
  std::int64_t gone = 0;
};

bool is_gone(Session& session, const std::string& image_id) {
  return session.count(removal_sql(session, "live_image"), {{"id", image_id}}) == 0;
}

// Updates our tables after a property was put back.
void note_restored(Session& session, const std::string& image_id, const std::string& name,
                   const std::string& deleted_at) {
  session.execute(removal_sql(session, "forget_restored"),
                  {{"id", image_id}, {"name", name}, {"deleted_at", deleted_at}});
  write_scheme(session, "mark_restored", image_id, live_finding(session, image_id));
}

bool restore_property(Session& session, const SqlRow& row) {
  const std::string image_id = row.text_or_empty(1);
  const SqlParameters property = {{"id", image_id}, {"name", row.text_or_empty(2)}};
  SqlParameters as_left = property;
  as_left.push_back({"property", row.integer_or(0, 0)});
  // First the old row; if a purge has removed it, a new one.
  if (session.execute(removal_sql(session, "restore_property"), as_left) == 0 &&
      session.execute(removal_sql(session, "recreate_property"), property) == 0)
    return false;
  note_restored(session, image_id, row.text_or_empty(2), row.text_or_empty(3));
  return true;
}

// `done` is what an earlier attempt did, if the answer to its COMMIT was lost. Properties that were
// put back have left the archive; this shows whether that attempt was committed.
void restore_page(Session& session, const SqlParameters& page, RestoredPage& done) {
  const auto name_of = [](const SqlRow& row) {
    return std::pair(row.text_or_empty(1), row.text_or_empty(2));
  };
  Transaction transaction(session);
  std::vector<SqlRow> rows = session.rows(removal_sql(session, "archived_page"), page);
  const bool committed =
      !done.restored.empty() && std::none_of(rows.begin(), rows.end(), [&](const SqlRow& row) {
        return done.restored.contains(name_of(row));
      });
  if (committed)
    return;
  done = {std::move(rows), {}, 0, 0, 0};
  for (const SqlRow& row : done.rows) {
    if (restore_property(session, row)) {
      done.restored.insert(name_of(row));
      continue;
    }
    ++done.kept;
    const SqlParameters property = {{"id", row.text_or_empty(1)}, {"name", row.text_or_empty(2)}};
    done.there += session.count(removal_sql(session, "archived_is_there"), property) > 0 ? 1 : 0;
    done.gone += is_gone(session, row.text_or_empty(1)) ? 1 : 0;
  }
  transaction.commit();
}

// The parameters that find the row in the state in which the removal left it.
SqlParameters as_left(const RemovedProperty& property) {
  return {{"id", property.image_id},
          {"name", property.name},
          {"property", property.id},
          {"value", sql_value(property.value)}};
}

// True if the ledger says that the property was removed again later.
bool is_removed_later(Session& session, const RemovedProperty& property) {
  return session.count(removal_sql(session, "removed_later"),
                       {{"id", property.image_id},
                        {"name", property.name},
                        {"deleted_at", property.deleted_at}}) > 0;
}

// True if the image has the property already, with the value that was removed.
bool is_there(Session& session, const RemovedProperty& property) {
  return session.count(removal_sql(session, "is_there"), {{"id", property.image_id},
                                                          {"name", property.name},
                                                          {"value", sql_value(property.value)}}) >
         0;
}

bool restore_one(Session& session, const RemovedProperty& property, bool has_ledger) {
  if (has_ledger && is_removed_later(session, property))
    return false;
  const SqlParameters name = {{"id", property.image_id}, {"name", property.name}};
  SqlParameters row = as_left(property);
  row.push_back({"updated_at", sql_value(property.updated_at)});
  SqlParameters anew = name;
  anew.push_back({"value", sql_value(property.value)});
  anew.push_back({"updated_at", sql_value(property.updated_at)});
  if (session.execute(removal_sql(session, "restore_as_left"), row) == 0 &&
      session.execute(removal_sql(session, "recreate_removed"), anew) == 0)
    return false;
  if (has_ledger)
    note_restored(session, property.image_id, property.name, property.deleted_at);
  return true;
}

}  // namespace

SignatureFinding live_finding(Session& session, const std::string& image_id) {
  return judge_live(live_properties(session, image_id));
}

std::vector<PropertyRow> removable_properties(Session& session, const std::string& image_id,
                                              Removable which) {
  return removable_of(session, image_id, which, live_properties(session, image_id));
}

std::int64_t database_time(Session& session) {
  return session.count(removal_sql(session, "current_time"));
}

std::int64_t settled_count(Session& session) {
  return session.count(removal_sql(session, "settled_totals"));
}

std::vector<std::string> settled_page(Session& session, const std::string& after,
                                      std::int64_t page) {
  return retry(session, [&] {
    std::vector<std::string> ids;
    session.query(removal_sql(session, "settled_page"), {{"after", after}, {"page", page}},
                  [&](const SqlRow& row) { ids.push_back(row.text_or_empty(0)); });
    return ids;
  });
}

std::vector<RemovedProperty> remove_properties(Session& session, const std::string& run_id,
                                               const std::string& image_id, Removable which,
                                               const OnRemoval& before_commit) {
  std::vector<RemovedProperty> removed;
  retry(session,
        [&] { remove_in_transaction(session, run_id, image_id, which, before_commit, removed); });
  return removed;
}

RestoreCounts restore_properties(Session& session, const std::function<void()>& before_page) {
  RestoreCounts counts;
  std::string after_image;
  std::string after_name;
  for (;;) {
    if (before_page)
      before_page();
    if (stop_requested())
      throw Error(ErrorKind::interrupted, "interrupted; properties already put back are kept",
                  "backglance contract --revert");
    RestoredPage page;
    const SqlParameters parameters = {
        {"after_image", after_image}, {"after_name", after_name}, {"page", kRowPage}};
    retry(session, [&] { restore_page(session, parameters, page); });
    if (page.rows.empty())
      return counts;
    counts.restored += static_cast<std::int64_t>(page.restored.size());
    counts.kept += page.kept;
    counts.there += page.there;
    counts.gone += page.gone;
    after_image = page.rows.back().text_or_empty(1);
    after_name = page.rows.back().text_or_empty(2);
  }
}

RemovedCounts removed_counts(Session& session) {
  const auto row = session.first_row(removal_sql(session, "archived_counts"));
  return row ? RemovedCounts{row->integer_or(0, 0), row->integer_or(1, 0)} : RemovedCounts{};
}

std::int64_t removed_count(Session& session) {
  return removed_counts(session).properties;
}

RestoreCounts& RestoreCounts::operator+=(const RestoreCounts& more) {
  restored += more.restored;
  kept += more.kept;
  there += more.there;
  gone += more.gone;
  return *this;
}

RestoreCounts restore_removed(Session& session, const std::vector<RemovedProperty>& removed,
                              bool has_ledger) {
  RestoreCounts counts;
  retry(session, [&] {
    Transaction transaction(session);
    RestoreCounts now;
    for (const RemovedProperty& property : removed) {
      if (!can_be_image(session, property.image_id)) {
        ++now.kept;
        continue;
      }
      if (restore_one(session, property, has_ledger)) {
        ++now.restored;
        continue;
      }
      ++now.kept;
      now.there += is_there(session, property) ? 1 : 0;
      now.gone += is_gone(session, property.image_id) ? 1 : 0;
    }
    // An earlier attempt was committed, and the answer to its COMMIT was lost.
    if (now.restored == 0 && counts.restored > 0)
      return;
    counts = now;
    transaction.commit();
  });
  return counts;
}

RestoreCounts plan_restore(Session& session, const std::vector<RemovedProperty>& removed,
                           bool has_ledger) {
  return retry(session, [&] {
    RestoreCounts counts;
    for (const RemovedProperty& property : removed) {
      if (!can_be_image(session, property.image_id)) {
        ++counts.kept;
        continue;
      }
      const bool is_kept =
          (has_ledger && is_removed_later(session, property)) ||
          session.count(removal_sql(session, "is_restorable"), as_left(property)) == 0;
      ++(is_kept ? counts.kept : counts.restored);
      counts.there += is_kept && is_there(session, property) ? 1 : 0;
      counts.gone += is_kept && is_gone(session, property.image_id) ? 1 : 0;
    }
    return counts;
  });
}

}  // namespace backglance
