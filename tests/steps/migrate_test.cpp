// SPDX-License-Identifier: Apache-2.0
#include "migrate/migrate.h"

#include <map>
#include <tuple>

#include "base/stop.h"
#include "expand/expand.h"
#include "ledger/queue_figures.h"
#include "ledger/runs.h"
#include "ledger/signatures.h"
#include "tests/steps/glance_site.h"

using namespace backglance;

namespace {

constexpr std::int64_t kDay = 86'400;  // seconds

const std::vector<std::string> kLegacy = {"signature", "signature_hash_method",
                                          "signature_key_type", "signature_certificate_uuid"};
const std::vector<std::string> kNew = {"img_signature", "img_signature_hash_method",
                                       "img_signature_key_type", "img_signature_certificate_uuid"};

std::vector<std::string> both_of(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// An image with these properties, which migrate is to classify.
std::string sign(GlanceSite& site, const std::vector<std::string>& names) {
  std::string id = site.insert_image();
  site.add_properties(id, names);
  return id;
}

std::string flag(GlanceSite& site, const std::string& id, const std::string& column = "scheme") {
  return site.ours("signature", id, column).value_or("-");
}

std::int64_t number(GlanceSite& site, const std::string& id, const std::string& column) {
  return std::stoll(flag(site, id, column));
}

}  // namespace

TEST_CASE("migrate is refused before expand, and changes nothing", "[migrate]") {
  GlanceSite site("queens_contract01");
  sign(site, kLegacy);
  const auto before = dump(site.sql());
  const Error error = required_error([&] { migrate(site.sql(), {}); });
  CHECK(error.kind() == ErrorKind::schema_state);
  CHECK(error.next() == "backglance expand");
  // What it would do can be told all the same.
  const MigrateResult plan = plan_migrate(site.sql());
  CHECK(plan.queued == 1);
  CHECK(plan.flagged == 1);
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("migrate classifies every combination of signature properties", "[migrate]") {
  struct Combination {
    std::vector<std::string> names;
    std::string scheme;
    std::string missing;
  };
  const std::vector<Combination> combinations = {
      {kLegacy, "legacy_complete", ""},
      {both_of(kLegacy, {"mask_gen_algorithm", "pss_salt_length"}), "legacy_complete", ""},
      {{"signature", "signature_key_type"},
       "legacy_partial",
       "signature_hash_method signature_certificate_uuid"},
      {{"signature_certificate_uuid"},
       "legacy_partial",
       "signature signature_hash_method signature_key_type"},
      {kNew, "new_complete", ""},
      {both_of(kNew, {"pss_salt_length"}), "new_complete", ""},
      {both_of(kNew, {"signature"}), "new_complete", ""},
      {{"img_signature", "img_signature_key_type"},
       "new_partial",
       "img_signature_hash_method img_signature_certificate_uuid"},
      {both_of(kLegacy, kNew), "both", ""},
      {both_of(kLegacy, {"img_signature"}), "both",
       "img_signature_hash_method img_signature_key_type img_signature_certificate_uuid"},
      {{"signature"}, "unrelated", ""},
      {{"mask_gen_algorithm"}, "unrelated", ""},
      // Glance compares names with case.
      {{"Signature", "SIGNATURE_HASH_METHOD"}, "-", ""},
      {{"os_type", "architecture"}, "-", ""},
  };
  GlanceSite site;
  expand(site.sql());
  std::vector<std::string> ids;
  ids.reserve(combinations.size());
  for (const Combination& combination : combinations)
    ids.push_back(sign(site, combination.names));
  const MigrateResult planned = plan_migrate(site.sql());
  const MigrateResult result = migrate(site.sql(), {});
  CHECK(result.flagged == 12);
  CHECK(result.changed == 0);
  CHECK(result.cleared == 0);
  std::int64_t counted = 0;
  for (const SchemeCount& count : result.schemes)
    counted += count.images;
  CHECK(counted == 12);
  REQUIRE(planned.schemes.size() == result.schemes.size());
  for (std::size_t i = 0; i < result.schemes.size(); ++i) {
    CHECK(planned.schemes[i].scheme == result.schemes[i].scheme);
    CHECK(planned.schemes[i].images == result.schemes[i].images);
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    INFO(Catch::Detail::stringify(combinations[i].names));
    CHECK(flag(site, ids[i]) == combinations[i].scheme);
    if (combinations[i].scheme == "-")
      continue;
    if (combinations[i].scheme != "unrelated")
      CHECK(flag(site, ids[i], "missing") == combinations[i].missing);
    const bool deprecated = is_deprecated(signature_scheme_from_name(combinations[i].scheme));
    CHECK((flag(site, ids[i], "deadline_at") != "-") == deprecated);
  }
}

TEST_CASE("migrate flags snapshots, hidden, deactivated and deleted images too", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string snapshot = sign(site, both_of(kLegacy, {"base_image_ref"}));
  const std::string typed = sign(site, kLegacy);
  site.add_property(typed, "image_type", std::string("snapshot"));
  const std::string not_snapshot = sign(site, kLegacy);
  site.add_property(not_snapshot, "image_type", std::string("image"));
  const std::string hidden = sign(site, kLegacy);
  site.set(hidden, "os_hidden", std::int64_t{1});
  const std::string deactivated = sign(site, kLegacy);
  site.set(deactivated, "status", std::string("deactivated"));
  const std::string deleted = sign(site, kLegacy);
  site.delete_image(deleted);
  // Removed one before the image went: the image did not end with a whole signature.
  const std::string thinned = sign(site, kLegacy);
  site.delete_property(thinned, "signature_key_type");
  site.delete_image(thinned);
  const std::string removed = sign(site, kLegacy);
  for (const std::string& name : kLegacy)
    site.delete_property(removed, name);

  CHECK(migrate(site.sql(), {}).flagged == 7);
  CHECK(flag(site, snapshot, "snapshot") == "1");
  CHECK(flag(site, typed, "snapshot") == "1");
  CHECK(flag(site, not_snapshot, "snapshot") == "0");
  CHECK(flag(site, hidden) == "legacy_complete");
  CHECK(flag(site, deactivated) == "legacy_complete");
  CHECK(flag(site, deleted) == "legacy_complete");
  CHECK(flag(site, thinned) == "legacy_partial");
  CHECK(flag(site, removed) == "-");
}

TEST_CASE("a second migrate keeps the first dates, whatever its grace", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site, kLegacy);
  using std::chrono::hours;
  migrate(site.sql(), {.grace = hours(24 * 180)});
  const std::int64_t flagged = number(site, id, "flagged_at");
  CHECK(number(site, id, "deadline_at") == flagged + 180 * kDay);

  // A month goes by.
  site.sql().execute(
      "UPDATE backglance_signature SET flagged_at = flagged_at - 2592000, "
      "deadline_at = deadline_at - 2592000");
  const auto flags = site.sql().first_row("SELECT * FROM backglance_signature");
  const MigrateResult again = migrate(site.sql(), {.grace = hours(24)});
  CHECK(again.flagged == 0);
  CHECK(again.changed == 0);
  CHECK(again.queued == 0);
  CHECK(number(site, id, "flagged_at") == flagged - 2'592'000);
  CHECK(number(site, id, "deadline_at") == flagged + 150 * kDay);
}

TEST_CASE("an owner has a grace period of his own, and first dates stay when he gets another",
          "[migrate]") {
  using std::chrono::hours;
  GlanceSite site;
  expand(site.sql());
  const auto add = [&](const std::string& owner, const std::vector<std::string>& names) {
    std::string id = sign(site, names);
    site.set(id, "owner", owner);
    return id;
  };
  const auto grace_days = [&](const std::string& id) {
    return (number(site, id, "deadline_at") - number(site, id, "flagged_at")) / kDay;
  };
  const std::string slow = add("slow", kLegacy);
  const std::string gone = add("slow", kLegacy);
  site.delete_image(gone);
  const std::string quick = add("quick", kLegacy);
  const std::string quick_in_capitals = add("QUICK", kLegacy);
  const std::string other = add("other", kLegacy);
  const std::string nobody = sign(site, kLegacy);
  site.set(nobody, "owner", SqlValue(nullptr));
  const std::string has_new = add("modern", kNew);
  MigrateOptions options;
  options.grace = hours(24 * 90);
  options.owner_grace = {{"slow", hours(24 * 365)},
                         {"quick", hours(24 * 7)},
                         {"modern", hours(24)},
                         {"unheard of", hours(24)}};

  const auto told = [](const MigrateResult& result) {
    std::map<std::string, std::tuple<std::int64_t, std::int64_t, bool>> owners;
    for (const OwnerDeadlines& owner : result.owners)
      owners[owner.owner] = {owner.dated, owner.kept, owner.has_images};
    return owners;
  };
  using Told = decltype(told({}));
  const Told first = {{"slow", {1, 0, true}},
                      {"quick", {1, 0, true}},
                      {"modern", {0, 0, true}},
                      {"unheard of", {0, 0, false}}};
  CHECK(told(plan_migrate(site.sql(), options)) == first);
  CHECK(told(migrate(site.sql(), options)) == first);
  CHECK(grace_days(slow) == 365);
  CHECK(grace_days(gone) == 365);
  CHECK(grace_days(quick) == 7);
  // Project ids are compared with case, whatever the database's collation.
  CHECK(grace_days(quick_in_capitals) == 90);
  CHECK(grace_days(other) == 90);
  CHECK(grace_days(nobody) == 90);
  CHECK(flag(site, has_new, "deadline_at") == "-");

  // An owner who is named later, another grace, and an image that came since.
  const std::string late = add("other", kLegacy);
  options.owner_grace = {{"other", hours(24 * 30)}, {"slow", hours(24)}};
  const Told second = {{"other", {1, 1, true}}, {"slow", {0, 1, true}}};
  CHECK(told(plan_migrate(site.sql(), options)) == second);
  CHECK(told(migrate(site.sql(), options)) == second);
  CHECK(grace_days(other) == 90);
  CHECK(grace_days(late) == 30);
  CHECK(grace_days(slow) == 365);

  // Another case of an owner's id is another owner.
  options.owner_grace = {{"Other", hours(24)}};
  CHECK(told(migrate(site.sql(), options)) == Told{{"Other", {0, 0, false}}});
  // Nobody is named, nobody is told of.
  CHECK(told(migrate(site.sql(), {})).empty());
}

TEST_CASE("a legacy signature that comes later has its owner's grace from then on", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site, kNew);
  MigrateOptions options;
  options.owner_grace = {{"owner", std::chrono::hours(24)}};
  CHECK(migrate(site.sql(), options).owners.at(0).dated == 0);
  site.add_properties(id, kLegacy);
  const MigrateResult result = migrate(site.sql(), options);
  CHECK(result.owners.at(0).dated == 1);
  CHECK(result.owners.at(0).kept == 0);
  CHECK(number(site, id, "deadline_at") - number(site, id, "flagged_at") <= kDay + 60);
  CHECK(plan_migrate(site.sql(), options).owners.at(0).kept == 1);
  // What contract has removed and somebody set again has a new one.
  site.sql().execute("UPDATE backglance_signature SET removed_at = 1");
  for (const MigrateResult& again :
       {plan_migrate(site.sql(), options), migrate(site.sql(), options)}) {
    CHECK(again.owners.at(0).dated == 1);
    CHECK(again.owners.at(0).kept == 0);
  }
}

TEST_CASE("migrate follows what owners change, and keeps the first dates", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string grows = sign(site, {"signature", "signature_key_type"});
  const std::string renewed = sign(site, kLegacy);
  const std::string cleaned = sign(site, kLegacy);
  const std::string turns_old = sign(site, kNew);
  const std::string was_a_word = sign(site, {"signature"});
  migrate(site.sql(), {});
  site.sql().execute(
      "UPDATE backglance_signature SET flagged_at = flagged_at - 1000, "
      "deadline_at = deadline_at - 1000");
  const std::int64_t flagged = number(site, grows, "flagged_at");
  const std::int64_t deadline = number(site, renewed, "deadline_at");

  site.add_properties(grows, {"signature_hash_method", "signature_certificate_uuid"});
  for (const std::string& name : kLegacy) {
    site.delete_property(renewed, name);
    site.delete_property(cleaned, name);
  }
  site.add_properties(renewed, kNew);
  site.add_properties(turns_old, kLegacy);
  site.add_properties(was_a_word, {"signature_hash_method"});

  const MigrateResult result = migrate(site.sql(), {});
  CHECK(result.flagged == 0);
  CHECK(result.changed == 4);
  CHECK(result.cleared == 1);
  CHECK(flag(site, grows) == "legacy_complete");
  CHECK(flag(site, grows, "missing").empty());
  CHECK(number(site, grows, "flagged_at") == flagged);
  CHECK(number(site, grows, "deadline_at") == deadline);
  CHECK(flag(site, renewed) == "new_complete");
  CHECK(flag(site, cleaned) == "none");
  CHECK(flag(site, cleaned, "present").empty());
  CHECK(flag(site, turns_old) == "both");
  // Its grace begins only now.
  CHECK(number(site, turns_old, "flagged_at") == flagged);
  CHECK(number(site, turns_old, "deadline_at") >= flagged + 1000 + 180 * kDay);
  CHECK(flag(site, was_a_word) == "legacy_partial");

  CHECK(migrate(site.sql(), {}).cleared == 0);
  // The owner puts it back: the date of the first time counts.
  site.sql().execute(
      "UPDATE image_properties SET deleted = {false}, deleted_at = NULL "
      "WHERE image_id = :id",
      {{"id", cleaned}});
  CHECK(migrate(site.sql(), {}).changed == 1);
  CHECK(number(site, cleaned, "deadline_at") == deadline);
}

TEST_CASE("migrate forgets the verdict of a signature that was changed since", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string same = sign(site, kNew);
  const std::string renamed = sign(site, kNew);
  const std::string revalued = sign(site, kNew);
  const std::string removed = sign(site, kNew);
  const std::string signed_again = sign(site, kLegacy);
  site.sql().execute("UPDATE image_properties SET created_at = '2020-01-01 00:00:00'");
  migrate(site.sql(), {});
  // Signed between migrate and the run that verified it.
  site.add_properties(signed_again, kNew);
  site.sql().execute("UPDATE image_properties SET created_at = '2020-01-01 00:00:00'");
  Run run(site.sql(), "backfill");
  for (const std::string& id : {same, renamed, revalued, removed, signed_again})
    record_signatures(site.sql(), run.id(), id,
                      {.data = SignatureFound{SignatureVerdict::valid, "a reason"},
                       .legacy = {},
                       .chain = ChainFound{false, "nobody has signed it"}});
  run.finish("done");
  site.delete_property(renamed, "img_signature_key_type");
  for (const std::string& name : kNew)
    site.delete_property(removed, name);
  site.sql().execute(
      "UPDATE image_properties SET value = 'another', updated_at = '2099-01-01 00:00:00' "
      "WHERE image_id = :id AND name = 'img_signature'",
      {{"id", revalued}});
  migrate(site.sql(), {});
  CHECK(flag(site, same, "verdict") == "valid");
  CHECK(flag(site, signed_again, "scheme") == "both");
  CHECK(flag(site, signed_again, "verdict") == "valid");
  CHECK(flag(site, same, "verdict_reason") == "a reason");
  CHECK(flag(site, same, "chain_reason") == "nobody has signed it");
  CHECK(flag(site, same, "chain") == "untrusted");
  for (const std::string& id : {renamed, revalued, removed})
    for (const char* column :
         {"verdict", "verdict_reason", "chain", "chain_reason", "verified_run", "verified_at"})
      CHECK(flag(site, id, column) == "-");
}

TEST_CASE("what was signed since the last migrate is flagged with its verdict", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  migrate(site.sql(), {});
  const std::string both = sign(site, kNew);
  site.add_properties(both, kLegacy);
  const std::string snapshot = sign(site, kNew);
  site.add_properties(snapshot, {"base_image_ref"});
  const std::string unsigned_now = sign(site, {});
  Run run(site.sql(), "backfill");
  for (const std::string& id : {both, snapshot, unsigned_now, both})
    record_signatures(
        site.sql(), run.id(), id,
        {.data = SignatureFound{SignatureVerdict::valid, ""}, .legacy = {}, .chain = {}});
  run.finish("done");
  CHECK(flag(site, both) == "both");
  CHECK(flag(site, both, "verdict") == "valid");
  CHECK(flag(site, both, "verified_run") == run.id());
  CHECK(flag(site, both, "deadline_at") == "-");
  CHECK(number(site, both, "snapshot") == 0);
  CHECK(number(site, snapshot, "snapshot") == 1);
  CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_signature") == 2);
  // The grace begins now.
  CHECK(migrate(site.sql(), {}).flagged == 0);
  CHECK(number(site, both, "deadline_at") >= number(site, both, "flagged_at") + 180 * kDay);
}

TEST_CASE("migrate queues live images without a hash, each once", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string active = site.upload("active");
  const std::string deactivated = site.upload("deactivated");
  site.set(deactivated, "status", std::string("deactivated"));
  const std::string hidden = site.upload("hidden");
  site.set(hidden, "os_hidden", std::int64_t{1});
  const std::string orphaned = site.upload("an algorithm without a value");
  site.set(orphaned, "os_hash_algo", std::string("sha512"));
  const std::string emptied = site.upload("an empty value");
  site.set(emptied, "os_hash_value", std::string());
  const std::string hashed = site.upload("hashed");
  site.set(hashed, "os_hash_value", std::string("aa"));
  for (const char* status :
       {"queued", "saving", "importing", "uploading", "killed", "deleted", "pending_delete"})
    site.set(site.upload(status), "status", std::string(status));
  site.delete_image(site.upload("deleted"));

  CHECK(plan_migrate(site.sql()).queued == 5);
  CHECK(migrate(site.sql(), {}).queued == 5);
  for (const std::string& id : {active, deactivated, hidden, orphaned, emptied})
    CHECK(site.ours("item", id, "state") == "queued");
  CHECK_FALSE(site.ours("item", hashed, "state").has_value());
  CHECK(site.ours("item", active, "size_bytes") == "6");
  CHECK(migrate(site.sql(), {}).queued == 0);
  CHECK(plan_migrate(site.sql()).queued == 0);

  site.upload("a new one");
  CHECK(migrate(site.sql(), {}).queued == 1);
}

TEST_CASE("invalid sizes do not keep migrate from queueing", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  std::vector<SqlValue> sizes = {SqlValue(nullptr), SqlValue(std::int64_t{-1}),
                                 SqlValue(std::int64_t{0}), SqlValue(std::int64_t{INT64_MAX})};
  if (site.takes_any_bytes())
    sizes.insert(sizes.end(), {SqlValue(std::string("huge")), SqlValue(std::string("1e400"))});
  for (const SqlValue& size : sizes)
    site.set(site.upload("content"), "size", size);
  CHECK(migrate(site.sql(), {}).queued == static_cast<std::int64_t>(sizes.size()));
  CHECK(QueueFigures(site.sql()).queued().bytes == 0);
}

TEST_CASE("migrate pages through more images than a page holds", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  {
    Transaction transaction(site.sql());
    for (int i = 0; i < 2300; ++i)
      sign(site, {"signature", "signature_key_type"});
    transaction.commit();
  }
  const MigrateResult result = migrate(site.sql(), {});
  CHECK(result.queued == 2300);
  CHECK(result.flagged == 2300);
  const MigrateResult again = migrate(site.sql(), {});
  CHECK(again.queued + again.flagged + again.changed + again.cleared == 0);
}

TEST_CASE("migrate stops on request, and continues later", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  sign(site, kLegacy);
  request_stop();
  const Error error = required_error([&] { migrate(site.sql(), {}); });
  reset_stop();
  CHECK(error.kind() == ErrorKind::interrupted);
  CHECK(live_runs(site.sql()).empty());
  CHECK(migrate(site.sql(), {}).flagged == 1);
}

TEST_CASE("migrate changes nothing of Glance's", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  sign(site, kLegacy);
  site.upload("content");
  const auto glance = dump(site.sql(), Part::glance);
  migrate(site.sql(), {});
  CHECK(changes(glance, dump(site.sql(), Part::glance)) == kNone);
}

TEST_CASE("migrate runs alone", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  Session other = site.open();
  const Run run(other, "backfill");
  CHECK(required_error([&] { migrate(site.sql(), {}); }).kind() == ErrorKind::locked);
}

TEST_CASE("a dry run counts the flags that migrate then sets, of deleted images as well",
          "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::vector<std::string> names = {"signature", "signature_hash_method",
                                          "signature_key_type", "signature_certificate_uuid"};
  site.add_properties(site.insert_image(), names);
  CHECK(plan_migrate(site.sql()).flagged == 1);
  migrate(site.sql(), {});
  site.add_properties(site.insert_image(), names);
  const std::string deleted = site.insert_image();
  site.add_properties(deleted, names);
  site.delete_image(deleted);
  CHECK(plan_migrate(site.sql()).flagged == 2);
  CHECK(migrate(site.sql(), {}).flagged == 2);
  CHECK(plan_migrate(site.sql()).flagged == 0);
}

TEST_CASE("a grace period that began under a wrong clock ends no image's too early", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = site.insert_image();
  site.add_properties(id, {"signature", "signature_hash_method"});
  migrate(site.sql(), {});
  const auto flag_at = [&](const std::string& time) {
    site.sql().execute("UPDATE backglance_signature SET flagged_at = " + time +
                       ", deadline_at = " + time + " + 15552000");
  };
  // A clock that was not set: nobody had half a year.
  flag_at("1000");
  CHECK(due_count(site.sql()) == 0);
  CHECK(due_page(site.sql(), "", 10).empty());
  migrate(site.sql(), {});
  CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_signature WHERE deadline_at > {now} + "
                         "15000000 AND flagged_at > {now} - 100") == 1);
  // One that was ahead: the date that the owner was told stays.
  flag_at("({now} + 97411492)");
  const auto before = number(site, id, "deadline_at");
  migrate(site.sql(), {});
  CHECK(number(site, id, "deadline_at") == before);
}
