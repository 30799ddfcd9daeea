// SPDX-License-Identifier: Apache-2.0
#include "ledger/signatures.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/bounded.h"
#include "base/stop.h"
#include "base/text.h"
#include "ledger/removal.h"
#include "sql/images.h"
#include "sql/retry.h"
#include "sql/text.h"

namespace backglance {
namespace {

constexpr std::int64_t kImagePage = 1000;
constexpr std::int64_t kRowPage = 500;

const std::string& signature_sql(Session& session, std::string_view name) {
  return sql_text(session.engine(), "signatures", name);
}

// The signature properties of one image, read from one page of image_properties.
struct PropertiesOfImage {
  std::string image_id;
  std::vector<std::string> names;
  bool snapshot = false;
  std::string changed_at;
  std::string owner;
  bool deleted = false;
};

// Cuts the engine's time to "2026-03-04 05:06:07".
std::string to_the_second(std::string time) {
  time.resize(std::min<std::size_t>(time.size(), 19));
  std::replace(time.begin(), time.end(), 'T', ' ');
  return time;
}

void add_property(PropertiesOfImage& image, const SqlRow& row) {
  const std::string name = row.text_or_empty(1);
  const bool property_deleted = row.truth(2);
  const bool image_deleted = row.truth(5);
  // Glance's image_destroy gives the image and the properties that it still had the same
  // deleted_at; properties that were removed earlier have an earlier one.
  const bool counts =
      image_deleted ? property_deleted && row.text(3) == row.text(6) : !property_deleted;
  // A legacy property that is gone does not count as a change: contract removed it, or it matters
  // to nobody any more.
  if (counts || is_data_signature_name(name))
    for (const std::size_t time : {std::size_t{7}, std::size_t{3}})
      image.changed_at = std::max(image.changed_at, to_the_second(row.text_or_empty(time)));
  if (!counts)
    return;
  if (name == "base_image_ref" || (name == "image_type" && row.text_or_empty(4) == "snapshot"))
    image.snapshot = true;
  else
    image.names.push_back(name);
}

// Rows are sorted by image, so an image is complete when the next one begins.
std::vector<PropertiesOfImage> read_page(Session& session, const std::string& after,
                                         const std::string& upto) {
  std::vector<PropertiesOfImage> page;
  session.query(signature_sql(session, "properties_of_page"), {{"after", after}, {"upto", upto}},
                [&](const SqlRow& row) {
                  const std::string id = row.text_or_empty(0);
                  if (page.empty() || page.back().image_id != id)
                    page.push_back({id, {}, false, {}, row.text_or_empty(8), row.truth(5)});
                  add_property(page.back(), row);
                });
  return page;
}

std::vector<std::string> first_column(Session& session, std::string_view name,
                                      const SqlParameters& parameters) {
  return retry(session, [&] {
    std::vector<std::string> texts;
    session.query(signature_sql(session, name), parameters,
                  [&](const SqlRow& row) { texts.push_back(row.text_or_empty(0)); });
    return texts;
  });
}

// Adds a flag for an image that was signed since the last migrate. False if it is no longer signed.
bool flag_found(Session& session, const std::string& run_id, const std::string& image_id) {
  const SignatureFinding finding = live_finding(session, image_id);
  if (finding.scheme == SignatureScheme::none)
    return false;
  session.execute(signature_sql(session, "add_flag_of_found"),
                  {{"id", image_id},
                   {"scheme", std::string(signature_scheme_name(finding.scheme))},
                   {"present", join(finding.present, " ")},
                   {"missing", join(finding.missing, " ")},
                   {"run", run_id}});
  return true;
}

void check_tagging_stop() {
  if (stop_requested())
    throw Error(ErrorKind::interrupted, "interrupted between two tags", "backglance migrate");
}

// False if the image has such a tag already.
bool tag_image(Session& session, const std::string& image_id, const std::string& tag) {
  bool tagged = false;
  retry(session, [&] {
    Transaction transaction(session);
    const SqlParameters parameters = {{"id", image_id}, {"tag", tag}};
    if (session.count(signature_sql(session, "live_tag"), parameters) != 0)
      return;  // the owner's own tag, or ours from an attempt whose answer was lost
    session.execute(signature_sql(session, "add_tag"), parameters);
    const std::int64_t tag_id = session.count(signature_sql(session, "live_tag"), parameters);
    // Remember the row's id: untag must never delete a tag that a user has set later.
    session.execute(signature_sql(session, "remember_tag"),
                    {{"id", image_id}, {"tag", tag}, {"tag_id", tag_id}});
    tagged = true;
    transaction.commit();
  });
  return tagged;
}

// False if somebody has deleted the tag already.
bool untag_image(Session& session, const std::string& image_id, const std::string& tag,
                 std::int64_t tag_id) {
  bool deleted = false;
  retry(session, [&] {
    Transaction transaction(session);
    if (session.execute(signature_sql(session, "delete_tag"),
                        {{"id", image_id}, {"tag", tag}, {"tag_id", tag_id}}) > 0)
      deleted = true;
    session.execute(signature_sql(session, "forget_tag"), {{"id", image_id}});
    transaction.commit();
  });
  return deleted;
}

// Removes our tags with this name: from all images, or only from those whose scheme is no longer
// deprecated. Returns the number of tags removed.
std::int64_t untag_some(Session& session, const std::string& tag, bool deprecated_too) {
  struct Tagged {
    std::string image_id;
    std::int64_t tag_id;
    bool deprecated;
  };
  std::int64_t changed = 0;
  std::string after;
  for (;;) {
    std::vector<Tagged> page;
    retry(session, [&] {
      page.clear();
      session.query(signature_sql(session, "tagged_page"),
                    {{"tag", tag}, {"after", after}, {"page", kRowPage}}, [&](const SqlRow& row) {
                      page.push_back({row.text_or_empty(0), row.integer_or(1, 0), row.truth(2)});
                    });
    });
    if (page.empty())
      return changed;
    for (const Tagged& one : page) {
      check_tagging_stop();
      if (deprecated_too || !one.deprecated)
        changed += untag_image(session, one.image_id, tag, one.tag_id) ? 1 : 0;
    }
    after = page.back().image_id;
  }
}

// As in the ledger; all empty if the scheme was not verified.
struct Verdict {
  std::string name;
  std::string reason;
  std::string state;
};

Verdict verdict_in(const SqlRow& row, std::size_t column) {
  return {row.text_or_empty(column), row.text_or_empty(column + 1), row.text_or_empty(column + 2)};
}

Verdict verdict_of(const std::optional<SignatureFound>& found, const std::string& state) {
  if (!found)
    return {};
  return {std::string(signature_verdict_name(found->verdict)), found->reason, state};
}

// True if no certificate was available now, and an earlier verdict, made with a certificate, exists
// for the same signature of the same bytes. Then the earlier verdict stays.
bool says_nothing(const std::optional<SignatureFound>& found, const std::string& state,
                  const Verdict& before) {
  const auto none = signature_verdict_name(SignatureVerdict::no_certificate);
  return found && found->verdict == SignatureVerdict::no_certificate && !state.empty() &&
         before.state == state && !before.name.empty() && before.name != none;
}

}  // namespace

void for_each_signed_image(Session& session,
                           const std::function<void(const SignedImage&)>& on_image) {
  std::string after;
  const auto page_end = [&] { return image_page_end(session, after, kImagePage); };
  while (const auto upto = retry(session, page_end)) {
    for (const PropertiesOfImage& image :
         retry(session, [&] { return read_page(session, after, *upto); })) {
      const SignedImage found{image.image_id, judge_signature(image.names),
                              image.snapshot, image.changed_at,
                              image.owner,    image.deleted};
      if (found.finding.scheme != SignatureScheme::none)
        on_image(found);
    }
    after = *upto;
  }
}

Flagged flag_image(Session& session, const std::string& run_id, const SignedImage& image,
                   std::chrono::seconds grace) {
  const std::string scheme(signature_scheme_name(image.finding.scheme));
  const std::string present = join(image.finding.present, " ");
  const std::string missing = join(image.finding.missing, " ");
  const SqlParameters parameters = {
      {"id", image.image_id},
      {"scheme", scheme},
      {"present", present},
      {"missing", missing},
      {"snapshot", std::int64_t{image.snapshot ? 1 : 0}},
      {"run", run_id},
      {"grace", is_deprecated(image.finding.scheme) ? SqlValue(std::int64_t{grace.count()})
                                                    : SqlValue(nullptr)}};
  const auto row = session.first_row(signature_sql(session, "flag"), {{"id", image.image_id}});
  session.execute(signature_sql(session, row ? "update_flag" : "add_flag"), parameters);
  if (!row)
    return {FlagChange::added, false};
  const bool same = row->text_or_empty(0) == scheme && row->text_or_empty(1) == present &&
                    row->text_or_empty(2) == missing && row->truth(3) == image.snapshot;
  // A verdict holds for the values that the properties had when the image was read. The run that
  // read it began before that, so its start is the time to compare with.
  const auto verified_since = row->integer(4);
  if (verified_since && image.changed_at >= utc_time(*verified_since))
    forget_signatures(session, image.image_id);
  return {same ? FlagChange::unchanged : FlagChange::changed, !row->is_null(5)};
}

void forget_signatures(Session& session, const std::string& image_id) {
  session.execute(signature_sql(session, "forget_found"), {{"id", image_id}});
}

void record_signatures(Session& session, const std::string& run_id, const std::string& image_id,
                       const SignaturesFound& found) {
  if (!found.any())
    return;
  const auto locked = [&] {
    // The row stays locked until the caller's transaction ends: another run must not record between
    // this read and the write below.
    return session.first_row(signature_sql(session, "locked_found"), {{"id", image_id}});
  };
  auto row = locked();
  if (!row && flag_found(session, run_id, image_id))
    row = locked();
  if (!row)
    return;  // no longer signed
  const Verdict data_before = verdict_in(*row, 0);
  const Verdict legacy_before = verdict_in(*row, 3);
  const bool keeps_data = says_nothing(found.data, found.data_state, data_before);
  const bool keeps_legacy = says_nothing(found.legacy, found.legacy_state, legacy_before);
  // Nothing is kept for a scheme that the image no longer has.
  const bool data_stays = keeps_data || (!found.data && data_before.name.empty());
  const bool legacy_stays = keeps_legacy || (!found.legacy && legacy_before.name.empty());
  if (data_stays && legacy_stays)
    return;
  const Verdict data = keeps_data ? data_before : verdict_of(found.data, found.data_state);
  const Verdict legacy =
      keeps_legacy ? legacy_before : verdict_of(found.legacy, found.legacy_state);
  std::string chain;
  std::string why_untrusted;
  if (found.chain) {
    chain = chain_name(found.chain->is_trusted);
    why_untrusted = found.chain->reason;
  } else if (!found.data_state.empty() && found.data_state == data_before.state) {
    chain = row->text_or_empty(6);
    why_untrusted = row->text_or_empty(7);
  }
  const auto reason = [](const std::string& text) {
    return text_or_null(bounded(text, kLongestReason));
  };
  const SqlParameters values = {{"verdict", text_or_null(data.name)},
                                {"reason", reason(data.reason)},
                                {"state", text_or_null(data.state)},
                                {"legacy_verdict", text_or_null(legacy.name)},
                                {"legacy_reason", reason(legacy.reason)},
                                {"legacy_state", text_or_null(legacy.state)},
                                {"chain", text_or_null(chain)},
                                {"chain_reason", reason(why_untrusted)},
                                {"run", run_id},
                                {"id", image_id}};
  session.execute(signature_sql(session, "record_found"), values);
}

bool is_flagged_by(Session& session, const std::string& run_id, const std::string& image_id) {
  return session.count(signature_sql(session, "flagged_by"), {{"id", image_id}, {"run", run_id}}) >
         0;
}

std::optional<Flag> flag_of(Session& session, const std::string& image_id) {
  const auto row = session.first_row(signature_sql(session, "flag"), {{"id", image_id}});
  return row ? std::optional(Flag{!row->is_null(5)}) : std::nullopt;
}

std::int64_t clear_unseen_flags(Session& session, const std::string& run_id) {
  std::int64_t cleared = 0;
  std::string after;
  for (;;) {
    const auto end = retry(session, [&] {
      return session.first_row(signature_sql(session, "unseen_page_end"),
                               {{"after", after}, {"run", run_id}, {"page", kRowPage}});
    });
    if (!end || end->is_null(0))
      return cleared;
    const std::string upto = end->text_or_empty(0);
    // If the answer was lost, the rows of that attempt are not counted.
    cleared += retry(session, [&] {
      return session.execute(signature_sql(session, "clear_unseen"),
                             {{"after", after}, {"upto", upto}, {"run", run_id}});
    });
    after = upto;
  }
}

std::int64_t tag_flagged(Session& session, const std::string& tag) {
  std::int64_t changed = untag_some(session, tag, /*deprecated_too=*/false);
  for (const std::string& other : first_column(session, "used_tags", {}))
    // Tags with another name first: an image has at most one tag of ours.
    if (other != tag)
      changed += untag_some(session, other, /*deprecated_too=*/true);
  std::string after;
  for (;;) {
    const auto page =
        first_column(session, "untagged_page", {{"after", after}, {"page", kRowPage}});
    if (page.empty())
      return changed;
    for (const std::string& image_id : page) {
      check_tagging_stop();
      changed += tag_image(session, image_id, tag) ? 1 : 0;
    }
    after = page.back();
  }
}

std::int64_t untag(Session& session, const std::string& tag) {
  return untag_some(session, tag, /*deprecated_too=*/true);
}

void untag_settled(Session& session) {
  for (const std::string& tag : first_column(session, "used_tags", {}))
    untag_some(session, tag, /*deprecated_too=*/false);
}

std::vector<SchemeCount> scheme_counts(Session& session) {
  std::vector<SchemeCount> counts;
  session.query(signature_sql(session, "counts"), {}, [&](const SqlRow& row) {
    counts.push_back({signature_scheme_from_name(row.text_or_empty(0)), row.integer_or(1, 0),
                      row.integer_or(2, 0)});
  });
  std::sort(counts.begin(), counts.end(),
            [](const SchemeCount& a, const SchemeCount& b) { return a.scheme < b.scheme; });
  return counts;
}

std::int64_t signature_finding_count(Session& session) {
  std::int64_t found = 0;
  session.query(signature_sql(session, "verdict_counts"), {}, [&](const SqlRow& row) {
    const auto verdict = signature_verdict_from_name(row.text_or_empty(1));
    if (verdict && has_data_signature(signature_scheme_from_name(row.text_or_empty(0))) &&
        (is_finding(*verdict) || row.text_or_empty(2) == chain_name(/*is_trusted=*/false)))
      found += row.integer_or(3, 0);
  });
  return found;
}

std::optional<std::int64_t> first_deadline(Session& session) {
  const auto row = session.first_row(signature_sql(session, "first_deadline"));
  return row ? row->integer(0) : std::nullopt;
}

std::int64_t tag_count(Session& session, const std::string& tag) {
  return session.count(signature_sql(session, "tag_count"), {{"tag", tag}});
}

WrongClock flags_of_wrong_clock(Session& session) {
  const auto row =
      retry(session, [&] { return session.first_row(signature_sql(session, "wrong_clock")); });
  return row ? WrongClock{row->integer_or(0, 0), row->integer_or(1, 0)} : WrongClock{};
}

std::int64_t due_count(Session& session) {
  return session.count(signature_sql(session, "due_totals"));
}

std::vector<std::string> due_page(Session& session, const std::string& after, std::int64_t page) {
  return first_column(session, "due_page", {{"after", after}, {"page", page}});
}

std::int64_t unflagged_count(Session& session) {
  return session.count(signature_sql(session, "unflagged_count"));
}

}  // namespace backglance
