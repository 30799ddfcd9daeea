// SPDX-License-Identifier: Apache-2.0
#include "contract/contract.h"

#include <sys/stat.h>

#include "base/stop.h"
#include "expand/expand.h"
#include "ledger/runs.h"
#include "migrate/migrate.h"
#include "sql/images.h"
#include "tests/steps/contract_site.h"

using namespace backglance;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

// Every digit as a 0.
std::string shape_of(std::string text) {
  for (char& c : text)
    if (c >= '0' && c <= '9')
      c = '0';
  return text;
}

unsigned mode_of(const fs::path& file) {
  struct stat info = {};
  REQUIRE(stat(file.c_str(), &info) == 0);
  return info.st_mode & 0777U;
}

}  // namespace

TEST_CASE("contract is refused before expand", "[contract]") {
  GlanceSite site("queens_contract01");
  const auto before = dump(site.sql());
  CHECK(required_error([&] {
          contract(site.sql(), site.database(), StoreQuestions(), {.directory = site.directory()});
        }).kind() == ErrorKind::schema_state);
  CHECK(required_error([&] { revert_contract(site.sql()); }).kind() == ErrorKind::schema_state);
  CHECK(uninstall(site.sql()).empty());
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("contract refuses while an image that can be read lacks a hash", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  // More files than will be missing: only then contract believes that they are.
  it.site.upload_many(12);
  it.let_grace_end();
  std::vector<std::string> blocking;
  blocking.reserve(12);
  for (int i = 0; i < 12; ++i)
    blocking.push_back(it.site.upload("new"));
  const auto glance = dump(it.site.sql(), Part::glance);

  const ContractPlan plan = it.plan();
  CHECK(plan.gate.readable == 12);
  CHECK(plan.gate.first_readable ==
        std::vector<std::string>(blocking.begin(), blocking.begin() + 10));
  CHECK(plan.due_images == 1);
  CHECK(plan.due_properties == 4);
  const Error error = required_error([&] { it.run(); });
  CHECK(error.kind() == ErrorKind::gate);
  CHECK_THAT(error.what(), Contains("12 readable images") && Contains(blocking[0]) &&
                               Contains(blocking[9]) && !Contains(blocking[10]));
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  CHECK(fs::is_empty(it.safe()));
  CHECK(live_runs(it.site.sql()).empty());

  SECTION("those that cannot be read do not count") {
    for (const std::string& id : blocking)
      fs::remove(it.site.file(id));
    CHECK(it.plan().gate.readable == 0);
    CHECK(it.run().properties == 4);
  }
  SECTION("those that are not live do not count") {
    for (const std::string& id : blocking)
      it.site.delete_image(id);
    CHECK(it.run().properties == 4);
  }
  SECTION("a backfill opens the gate") {
    run_backfill(it.site);
    CHECK(it.run().properties == 4);
  }
}

TEST_CASE("contract removes nothing before the deadline", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  migrate(it.site.sql(), {});
  run_backfill(it.site);
  CHECK(it.plan().due_images == 0);
  const auto glance = dump(it.site.sql(), Part::glance);
  const ContractResult result = it.run();
  CHECK(result.images == 0);
  CHECK(result.safety_copy.empty());
  CHECK(result.archive.empty());
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  CHECK(fs::is_empty(it.safe()));
}

TEST_CASE("contract removes legacy properties as Glance removes them", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  it.site.add_properties(image, {"os_type"});
  const std::string other = it.site.upload("of no signature");
  it.let_grace_end();
  const auto rows = [&] {
    return it.site.sql().rows(
        "SELECT id, image_id, name, value, created_at, updated_at, deleted_at, deleted "
        "FROM image_properties ORDER BY id");
  };
  const auto before = rows();
  const auto images = it.site.sql().rows("SELECT * FROM images ORDER BY id");
  const ContractResult result = it.run();
  CHECK(result.images == 1);
  CHECK(result.properties == 4);
  const auto after = rows();
  REQUIRE(after.size() == before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    const bool legacy = after[i].text_or_empty(2) != "os_type";
    for (std::size_t column = 0; column < (legacy ? 5U : 8U); ++column)
      CHECK(after[i].text(column) == before[i].text(column));
    if (!legacy)
      continue;
    CHECK(after[i].truth(7));
    // Columns of MariaDB's keep whole seconds, and PostgreSQL shows no zeros at the end.
    const std::string moment = shape_of(after[i].text_or_empty(6));
    CHECK((it.site.is_server() ? moment.substr(0, 19) + ".000000" : moment) ==
          "0000-00-00 00:00:00.000000");
    CHECK(after[i].text(5) == after[i].text(6));
  }
  // The image's own row is left alone, its updated_at above all.
  const auto images_after = it.site.sql().rows("SELECT * FROM images ORDER BY id");
  for (std::size_t i = 0; i < images.size(); ++i)
    for (std::size_t column = 0; column < images[i].size(); ++column)
      CHECK(images_after[i].text(column) == images[i].text(column));
  CHECK(it.site.ours("signature", image, "scheme") == "none");
  CHECK(it.site.ours("signature", image, "removed_at").has_value());

  SECTION("a second contract does nothing") {
    const auto glance = dump(it.site.sql(), Part::glance);
    const ContractResult again = it.run();
    CHECK(again.images == 0);
    CHECK(again.archive.empty());
    CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  }
}

TEST_CASE("contract removes what belongs to the legacy scheme and nothing else", "[contract]") {
  ContractSite it;
  using Names = std::vector<std::string>;
  std::vector<std::pair<std::string, Names>> wanted;
  const auto expect = [&](const Names& names, const Names& left) {
    wanted.emplace_back(it.sign(names), left);
  };
  expect({"signature", "signature_key_type", "mask_gen_algorithm", "pss_salt_length", "os_type"},
         {"os_type"});
  if (it.site.compares_with_case())
    expect({"signature", "signature_key_type", "img_signature", "Signature"},
           {"img_signature", "Signature"});
  else  // where an image cannot have both spellings
    expect({"signature_key_type", "signature_hash_method", "img_signature", "Signature"},
           {"img_signature", "Signature"});
  expect({"signature"}, {"signature"});
  expect({"img_signature", "pss_salt_length"}, {"img_signature", "pss_salt_length"});
  it.let_grace_end();
  // Since it was flagged, its owner has changed to the new scheme but for one word.
  const std::string changed = it.sign();
  migrate(it.site.sql(), {});
  run_backfill(it.site);
  it.site.sql().execute(
      "UPDATE backglance_signature SET deadline_at = {now} - 1 "
      "WHERE deadline_at IS NOT NULL");
  for (std::size_t i = 1; i < kLegacy.size(); ++i)
    it.site.delete_property(changed, kLegacy[i]);
  wanted.emplace_back(changed, Names{"signature"});
  // Deleted since: its properties stay as its deletion left them.
  const std::string deleted = wanted[0].first;

  CHECK(it.run().images == 2);
  for (const auto& [id, left] : wanted)
    CHECK(it.live(id) == left);
}

TEST_CASE("contract leaves deleted images as their deletion left them", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  CHECK(due_count(it.site.sql()) == 1);
  it.site.delete_image(image);
  const auto glance = dump(it.site.sql(), Part::glance);
  CHECK(due_count(it.site.sql()) == 0);
  CHECK(due_page(it.site.sql(), "", 10).empty());
  CHECK(it.run().images == 0);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
}

TEST_CASE("the safety copy is the database as it was, for its owner alone", "[contract]") {
  ContractSite it;
  it.sign();
  it.let_grace_end();
  const auto glance = dump(it.site.sql(), Part::glance);
  const auto flags = it.site.sql().first_row("SELECT * FROM backglance_signature")->text(1);
  const ContractResult result = it.run();
  CHECK(mode_of(result.archive) == 0600);
  if (it.site.is_server()) {  // of which its operator makes the copies
    CHECK(result.safety_copy.empty());
    CHECK(dump(it.site.sql(), Part::glance) != glance);
    return;
  }
  REQUIRE(fs::exists(result.safety_copy));
  CHECK(result.safety_copy.parent_path() == it.safe());
  CHECK(mode_of(result.safety_copy) == 0600);
  DatabaseUrl url = it.site.database();
  url.database = result.safety_copy.string();
  Session copy(url);
  CHECK(changes(glance, dump(copy, Part::glance)) == kNone);
  CHECK(copy.first_row("SELECT * FROM backglance_signature")->text(1) == flags);
  CHECK(dump(it.site.sql(), Part::glance) != glance);
}

TEST_CASE("the archive holds every removed property, whatever its bytes", "[contract]") {
  ContractSite it;
  const std::string image = it.site.upload("content");
  const std::string text = "line\nbreak \"quotes\" \\ ünïcode \x01";
  const std::string large(it.site.longest_text(), 's');
  // Bytes that no text of a server's can hold are text there.
  const std::string bytes = it.site.takes_any_bytes() ? "\xff\xfe" : "\xc3\xbf";
  it.site.add_property(image, "signature", text);
  it.site.add_property(image, "signature_hash_method", nullptr);
  it.site.add_property(image, "signature_key_type", bytes);
  it.site.add_property(image, "signature_certificate_uuid", large);
  it.let_grace_end();
  const ContractResult result = it.run();
  auto lines = lines_of(result.archive);
  REQUIRE(lines.size() == 5);
  CHECK(lines[4].at("lines") == 4);
  CHECK(lines[4].at("archive").get<std::string>().size() == 36);
  lines.pop_back();
  for (const auto& line : lines) {
    CHECK(line.at("image_id") == image);
    CHECK(line.at("updated_at").get<std::string>().starts_with("2018-01-02 03:04:05"));
    if (it.site.takes_any_bytes())
      CHECK(line.at("updated_at") == "2018-01-02 03:04:05.000006");
    CHECK(line.at("property_id").get<std::int64_t>() > 0);
  }
  CHECK(lines[0].at("name") == "signature");
  CHECK(lines[0].at("value") == text);
  CHECK(lines[1].at("value").is_null());
  if (it.site.takes_any_bytes()) {
    CHECK(lines[2].at("value_base64") == "//4=");
    CHECK_FALSE(lines[2].contains("value"));
  } else {
    CHECK(lines[2].at("value") == bytes);
  }
  CHECK(lines[3].at("value") == large);
}

TEST_CASE("a contract that cannot write its files removes nothing", "[contract]") {
  ContractSite it;
  it.sign();
  it.let_grace_end();
  fs::remove(it.safe());
  const auto glance = dump(it.site.sql(), Part::glance);
  CHECK(required_error([&] { it.run(); }).kind() == ErrorKind::io);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  CHECK(removed_count(it.site.sql()) == 0);
}

TEST_CASE("a contract that was stopped can be continued", "[contract]") {
  ContractSite it;
  it.sign();
  it.let_grace_end();
  const auto glance = dump(it.site.sql(), Part::glance);
  request_stop();
  const Error error = required_error([&] { it.run(); });
  reset_stop();
  CHECK(error.kind() == ErrorKind::interrupted);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  CHECK(it.run().properties == 4);
}

TEST_CASE("a revert puts back what contract removed, to the byte", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  it.site.add_property(image, "mask_gen_algorithm", nullptr);
  it.site.add_property(image, "pss_salt_length",
                       std::string(it.site.takes_any_bytes() ? "\xff\x01" : "\xc3\xbf\x01"));
  it.site.sql().execute("UPDATE image_properties SET updated_at = NULL WHERE name = 'signature'");
  it.let_grace_end();
  const auto glance = dump(it.site.sql(), Part::glance);
  CHECK(it.run().properties == 6);
  CHECK(removed_count(it.site.sql()) == 6);
  RestoreCounts counts = revert_contract(it.site.sql());
  CHECK(counts.restored == 6);
  CHECK(counts.kept == 0);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  CHECK(removed_count(it.site.sql()) == 0);
  CHECK(it.site.ours("signature", image, "scheme") == "legacy_complete");
  CHECK(it.site.ours("signature", image, "removed_at") == std::nullopt);

  counts = revert_contract(it.site.sql());
  CHECK(counts.restored + counts.kept == 0);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  // And all over again.
  CHECK(it.run().properties == 6);
  CHECK(revert_contract(it.site.sql()).restored == 6);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
}

TEST_CASE("a revert leaves alone what its owner has set again", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  it.run();
  // Glance sets a property that it had by waking its row.
  it.site.sql().execute(
      "UPDATE image_properties SET deleted = {false}, deleted_at = NULL, value = 'newer' "
      "WHERE name = 'signature'");
  const RestoreCounts counts = revert_contract(it.site.sql());
  CHECK(counts.restored == 3);
  CHECK(counts.kept == 1);
  CHECK(it.live(image) == kLegacy);
  CHECK(it.site.sql().count("SELECT COUNT(*) FROM image_properties WHERE value = 'newer'") == 1);
}

TEST_CASE("a revert puts back what a save of Glance has deleted once more", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  it.run();
  it.site.sql().execute(
      "UPDATE image_properties SET deleted_at = '2030-01-01 00:00:00.000000' "
      "WHERE name = 'signature'");
  // Set anew by its owner, and removed.
  it.site.sql().execute(
      "UPDATE image_properties SET deleted_at = '2030-01-01 00:00:00.000000', value = 'newer' "
      "WHERE name = 'signature_key_type'");
  const RestoreCounts counts = revert_contract(it.site.sql());
  CHECK(counts.restored == 3);
  CHECK(counts.kept == 1);
  CHECK(it.live(image).size() == 3);
  CHECK(removed_count(it.site.sql()) == 1);
}

TEST_CASE("a revert puts back no property of a deleted image", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  it.run();
  it.site.delete_image(image);
  const auto glance = dump(it.site.sql(), Part::glance);
  const RestoreCounts counts = revert_contract(it.site.sql());
  CHECK(counts.restored == 0);
  CHECK(counts.kept == 4);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
}

TEST_CASE("a property that is set again after a contract is due again, once", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  it.run();
  it.site.sql().execute("UPDATE image_properties SET deleted = {false}, deleted_at = NULL");
  migrate(it.site.sql(), {});
  // With a grace of its own: its owner is to see it first.
  CHECK(it.site.ours("signature", image, "removed_at") == std::nullopt);
  CHECK(it.run().properties == 0);
  it.let_grace_end();
  CHECK(it.run().properties == 4);
  CHECK(it.live(image).empty());
  CHECK(revert_contract(it.site.sql()).restored == 4);
}

TEST_CASE("contract removes our tags from the images that it has cleaned", "[contract]") {
  ContractSite it;
  const std::string image = it.sign();
  it.site.add_tag(image, "owner's");
  migrate(it.site.sql(), {.tag = "md5-signature"});
  it.let_grace_end();
  REQUIRE(it.site.live_tags(image).size() == 2);
  it.run();
  CHECK(it.site.live_tags(image) == std::vector<std::string>{"owner's"});
}

TEST_CASE("contract runs alone", "[contract]") {
  ContractSite it;
  it.sign();
  it.let_grace_end();
  Session other = it.site.open();
  const Run run(other, "backfill");
  CHECK(required_error([&] { it.run(); }).kind() == ErrorKind::locked);
  CHECK(required_error([&] { revert_contract(it.site.sql()); }).kind() == ErrorKind::locked);
  CHECK(required_error([&] { uninstall(it.site.sql()); }).kind() == ErrorKind::locked);
  CHECK(fs::is_empty(it.safe()));
}

TEST_CASE("uninstall drops our tables and nothing else", "[contract]") {
  for (const char* rows : {"queens_contract01", "head"}) {
    DYNAMIC_SECTION(rows) {
      GlanceSite site(rows);
      site.upload("content");
      expand(site.sql());
      run_backfill(site);
      migrate(site.sql(), {});
      const auto glance = dump(site.sql(), Part::glance);
      CHECK(plan_uninstall(site.sql()).tables.size() == 11);
      CHECK(uninstall(site.sql()).tables.size() == 11);
      CHECK(changes(glance, dump(site.sql())) == kNone);
      CHECK(uninstall(site.sql()).empty());
      // And it can be had again.
      CHECK_FALSE(expand(site.sql()).statements.empty());
      CHECK(run_backfill(site).order.empty());
    }
  }
}

TEST_CASE("uninstall gives back the very database that expand found", "[contract]") {
  GlanceSite site("head");
  site.upload("content");
  const auto before = dump(site.sql());
  expand(site.sql());
  uninstall(site.sql());
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("uninstall drops no table of somebody else's that has a name of ours", "[contract]") {
  GlanceSite site("head");
  site.sql().execute("CREATE TABLE backglance_item (id INTEGER, note TEXT)");
  site.sql().execute("INSERT INTO backglance_item VALUES (1, 'mine')");
  const auto before = dump(site.sql());
  const Error error = required_error([&] { uninstall(site.sql()); });
  CHECK(error.kind() == ErrorKind::schema_state);
  CHECK_THAT(error.what(), Contains("backglance_item"));
  CHECK(changes(before, dump(site.sql())) == kNone);
}
