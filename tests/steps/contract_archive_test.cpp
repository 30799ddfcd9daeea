// SPDX-License-Identifier: Apache-2.0
// What an archive holds is put back from it alone; and what somebody did to it shows.
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <chrono>
#include <thread>

#include "attest/envelope.h"
#include "attest/key.h"
#include "ledger/runs.h"
#include "tests/steps/contract_site.h"

using namespace backglance;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

SiteKey make_key(const fs::path& directory) {
  EVP_PKEY* const key = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519");
  const fs::path file = directory / "key.pem";
  std::FILE* const out = std::fopen(file.c_str(), "w");
  REQUIRE(out != nullptr);
  REQUIRE(PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  std::fclose(out);
  EVP_PKEY_free(key);
  return SiteKey::read(file, SiteKey::Part::secret);
}

struct Reverted : ArchiveRevert {
  std::vector<std::string> told;
};

struct ArchiveSite : ContractSite {
  Reverted revert(const fs::path& archive, bool with_key = true, bool only_plan = false) {
    ArchiveReader reader(archive, with_key ? &key : nullptr);
    Reverted reverted;
    const auto on_fault = [&](const ArchiveFault& fault) {
      reverted.told.push_back(std::to_string(fault.line) + ": " + fault.text);
    };
    static_cast<ArchiveRevert&>(reverted) =
        (only_plan ? plan_revert_from : revert_from)(site.sql(), reader, on_fault);
    CHECK(static_cast<std::int64_t>(reverted.told.size()) == reverted.faults);
    return reverted;
  }

  // Lines of `from`, changed as a test cares to, as another archive.
  fs::path write(const std::vector<std::string>& lines) {
    fs::path file = site.directory() / "changed.jsonl";
    std::ofstream out(file, std::ios::binary);
    for (const std::string& line : lines)
      out << line << '\n';
    return file;
  }

  SiteKey key = make_key(site.directory());
};

std::vector<std::string> raw_lines(const fs::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("each line of a signed archive is an envelope, and the last one its end", "[contract]") {
  ArchiveSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  const auto lines = raw_lines(it.run(&it.key).archive);
  REQUIRE(lines.size() == 5);
  std::string archive;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto opened = open_sealed(it.key, lines[i]);
    REQUIRE(std::holds_alternative<OpenedEnvelope>(opened));
    const auto& [type, payload] = std::get<OpenedEnvelope>(opened);
    const auto object = nlohmann::json::parse(payload);
    if (i == 0)
      archive = object.at("archive");
    CHECK(object.at("archive") == archive);
    if (i == 4) {
      CHECK(type == kArchiveEndPayloadType);
      CHECK(object.at("lines") == 4);
    } else {
      CHECK(type == kRemovedPayloadType);
      CHECK(object.at("number") == i + 1);
      CHECK(object.at("image_id") == image);
      CHECK(object.at("name") == kLegacy[i]);
    }
  }
  CHECK(it.site.sql().count("SELECT COUNT(*) FROM backglance_run WHERE run_id = :id",
                            {{"id", archive}}) == 1);
}

TEST_CASE("an archive gives back what contract removed, to the byte", "[contract]") {
  const bool with_key = GENERATE(true, false);
  CAPTURE(with_key);
  ArchiveSite it;
  const std::string image = it.sign();
  const std::string other = it.sign({"signature_hash_method"});
  it.site.add_property(image, "mask_gen_algorithm", nullptr);
  const std::string bytes =
      it.site.takes_any_bytes() ? std::string("\xff\x00\x01\xfe", 4) : "\xc3\xbf\x01\n\"";
  it.site.add_property(image, "pss_salt_length", bytes);
  it.site.add_property(other, "signature_key_type", std::string(it.site.longest_text(), '\x01'));
  it.site.sql().execute("UPDATE image_properties SET updated_at = NULL WHERE name = 'signature'");
  it.let_grace_end();
  const auto glance = dump(it.site.sql(), Part::glance);
  const ContractResult removed = it.run(with_key ? &it.key : nullptr);
  REQUIRE(removed.properties == 8);
  const auto read_back = [&] {
    const auto planned = it.revert(removed.archive, with_key, /*only_plan=*/true);
    CHECK(planned.properties.restored == 8);
    const auto reverted = it.revert(removed.archive, with_key);
    CHECK(reverted.properties.restored == 8);
    CHECK(reverted.properties.kept == 0);
    CHECK(reverted.faults == 0);
    CHECK(reverted.whole == (with_key ? std::optional(true) : std::nullopt));
    // What text a session fetches may end at a NUL; what is stored must not.
    if (it.site.takes_any_bytes())
      CHECK(it.site.sql().count("SELECT COUNT(*) FROM image_properties "
                                "WHERE CAST(value AS BLOB) = x'ff0001fe'") == 1);
  };

  SECTION("with our tables, which then say so") {
    read_back();
    CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
    CHECK(removed_count(it.site.sql()) == 0);
    CHECK(it.site.ours("signature", image, "scheme") == "legacy_complete");
    CHECK(it.site.ours("signature", image, "removed_at") == std::nullopt);
    CHECK(it.site.runs("contract", "done") == 1);
    CHECK(it.site.runs("contract revert", "done") == 1);
  }
  SECTION("without them") {
    uninstall(it.site.sql());
    read_back();
    CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  }
  SECTION("with new ones, which know nothing of it") {
    uninstall(it.site.sql());
    expand(it.site.sql());
    read_back();
    CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  }
  SECTION("after a purge in Glance") {
    const auto values = [&] {
      return it.site.sql().rows(
          "SELECT image_id, name, value, updated_at FROM image_properties WHERE deleted = {false} "
          "ORDER BY image_id, name");
    };
    revert_contract(it.site.sql());
    const auto before = values();
    const ContractResult again = it.run(with_key ? &it.key : nullptr);
    it.site.sql().execute("DELETE FROM image_properties WHERE deleted = {true}");
    CHECK(it.revert(again.archive, with_key).properties.restored == 8);
    const auto after = values();
    REQUIRE(after.size() == before.size());
    for (std::size_t i = 0; i < after.size(); ++i)
      for (std::size_t column = 0; column < 4; ++column)
        CHECK(after[i].text(column) == before[i].text(column));
  }
  // Whatever was done, a second time there is nothing to do.
  const auto then = dump(it.site.sql(), Part::glance);
  const auto second = it.revert(removed.archive, with_key);
  CHECK(second.properties.restored == 0);
  CHECK(second.properties.kept == 8);
  CHECK(changes(then, dump(it.site.sql(), Part::glance)) == kNone);
}

TEST_CASE("an archive does not put back what was changed since", "[contract]") {
  ArchiveSite it;
  const std::string image = it.sign();
  const std::string deleted = it.sign();
  it.let_grace_end();
  const fs::path archive = it.run(&it.key).archive;
  it.site.sql().execute(
      "UPDATE image_properties SET deleted = {false}, deleted_at = NULL, value = 'newer' "
      "WHERE name = 'signature' AND image_id = :id",
      {{"id", image}});
  it.site.sql().execute(
      "UPDATE image_properties SET deleted_at = '2030-01-01 00:00:00', value = 'newer' "
      "WHERE name = 'signature_key_type' AND image_id = :id",
      {{"id", image}});
  // In the place of one that was purged, its owner's own.
  it.site.sql().execute(
      "DELETE FROM image_properties WHERE name = 'signature_hash_method' AND image_id = :id",
      {{"id", image}});
  it.site.add_property(image, "signature_hash_method", std::string("newer"));
  it.site.delete_image(deleted);
  const auto glance = dump(it.site.sql(), Part::glance);
  CHECK(it.revert(archive, true, /*only_plan=*/true).properties.restored == 1);
  const auto reverted = it.revert(archive);
  CHECK(reverted.properties.restored == 1);
  CHECK(reverted.properties.kept == 7);
  CHECK(reverted.whole == true);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)).size() == 2);
  CHECK(it.live(image).size() == 3);
}

TEST_CASE("an older archive puts nothing in the place of what was removed later", "[contract]") {
  ArchiveSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  const fs::path older = it.run(&it.key).archive;
  it.site.sql().execute(
      "UPDATE image_properties SET deleted = {false}, deleted_at = NULL, value = 'newer'");
  it.let_grace_end();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // MariaDB's times are in seconds
  const fs::path newer = it.run(&it.key).archive;
  // As glance-manage db purge leaves it.
  it.site.sql().execute("DELETE FROM image_properties");
  CHECK(it.revert(older, true, /*only_plan=*/true).properties.kept == 4);
  CHECK(it.revert(older).properties.kept == 4);
  CHECK(removed_count(it.site.sql()) == 4);
  CHECK(it.revert(newer).properties.restored == 4);
  CHECK(it.live(image) == kLegacy);
  CHECK(it.site.sql().count("SELECT COUNT(*) FROM image_properties WHERE value = 'newer'") == 4);
  CHECK(removed_count(it.site.sql()) == 0);
}

TEST_CASE("a property that a kill kept from being removed is in the archive and is left alone",
          "[contract]") {
  ArchiveSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  const auto glance = dump(it.site.sql(), Part::glance);
  const fs::path complete = it.safe() / "killed.jsonl";
  const fs::path file = complete.string() + std::string(kUnfinishedArchive);
  {
    RemovalArchive archive(complete, "an id", &it.key);
    Run run(it.site.sql(), "contract");
    const auto die = [&](const std::vector<RemovedProperty>& properties) -> bool {
      for (const RemovedProperty& property : properties)
        archive.add(property);
      archive.sync();
      throw Error(ErrorKind::io, "killed");
    };
    CHECK(required_error([&] {
            remove_properties(it.site.sql(), run.id(), image, Removable::due, die);
          }).kind() == ErrorKind::io);
  }
  CHECK_FALSE(fs::exists(complete));
  CHECK(raw_lines(file).size() == 4);
  const auto reverted = it.revert(file);
  CHECK(reverted.properties.restored == 0);
  CHECK(reverted.properties.kept == 4);
  CHECK(reverted.whole == false);
  REQUIRE(reverted.told.size() == 1);
  CHECK_THAT(reverted.told[0], Contains("0: it has no end"));
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
}

TEST_CASE("a damaged archive gives back what is signed, and names the rest", "[contract]") {
  ArchiveSite it;
  it.sign();
  it.sign();
  it.let_grace_end();
  const auto lines = raw_lines(it.run(&it.key).archive);
  REQUIRE(lines.size() == 9);
  auto changed = lines;
  std::int64_t restored = 8;
  std::vector<std::string> told;
  SECTION("a flipped bit in a payload") {
    changed[2][20] = static_cast<char>(changed[2][20] == 'A' ? 'B' : 'A');
    restored = 7;
    told = {"3: it has no valid signature"};
  }
  SECTION("a flipped bit in a signature") {
    const auto at = changed[2].rfind("\"sig\":\"") + 12;
    changed[2][at] = static_cast<char>(changed[2][at] == 'A' ? 'B' : 'A');
    restored = 7;
    told = {"3: it has no valid signature"};
  }
  SECTION("a line that was cut off") {
    changed[8].resize(changed[8].size() / 2);
    told = {"9: it is not a JSON", "0: it has no end"};
  }
  SECTION("lines that were cut off") {
    changed.resize(6);
    changed[5].resize(changed[5].size() - 1);
    restored = 5;
    told = {"6: it is not a JSON", "0: it has no end"};
  }
  SECTION("a line that was taken out") {
    changed.erase(changed.begin() + 3, changed.begin() + 5);
    restored = 6;
    told = {"4: 2 lines of the archive missing before it"};
  }
  SECTION("the last lines but the end") {
    changed.erase(changed.begin() + 7);
    restored = 7;
    told = {"8: 1 line of the archive missing before it"};
  }
  SECTION("a line that stands twice") {
    changed.insert(changed.begin() + 2, changed[1]);
    told = {"3: it is in the wrong place"};
  }
  SECTION("a line behind the end") {
    std::swap(changed[7], changed[8]);
    restored = 7;
    told = {"8: 1 line of the archive missing", "9: it comes after the end"};
  }
  SECTION("what never was a line of it") {
    changed.insert(changed.begin() + 1, "");
    changed.insert(changed.begin() + 1, std::string(2'000'000, '['));
    changed.insert(changed.begin() + 1, std::string(17 << 20, 'x'));
    changed.insert(changed.begin() + 1, "{\"image_id\": 1}");
    changed.insert(changed.begin() + 1, seal(it.key, "text/plain", "{}"));
    changed.insert(changed.begin() + 1, seal(it.key, kRemovedPayloadType, "{\"number\": 2}"));
    told = {"2: it is not a removed", "3: it is not a removed", "4: it is not a DSSE envelope",
            "5: it has more than 16.0 MiB", "6: it is not a JSON"};
  }
  SECTION("nothing at all") {
    changed = {};
    restored = 0;
    told = {"0: it has no end"};
  }
  const fs::path file = it.write(changed);
  const auto planned = it.revert(file, true, /*only_plan=*/true);
  CHECK(planned.properties.restored == restored);
  const auto reverted = it.revert(file);
  CHECK(reverted.properties.restored == restored);
  CHECK(reverted.properties.kept == 0);
  CHECK(reverted.whole == false);
  REQUIRE(reverted.told.size() == told.size());
  for (std::size_t i = 0; i < told.size(); ++i)
    CHECK_THAT(reverted.told[i], Catch::Matchers::StartsWith(told[i]));
  CHECK(it.site.sql().count("SELECT COUNT(*) FROM image_properties WHERE deleted = {false}") ==
        restored);
}

TEST_CASE("of two archives in one file the first one counts", "[contract]") {
  ArchiveSite it;
  const std::string first = it.sign();
  it.let_grace_end();
  auto lines = raw_lines(it.run(&it.key).archive);
  const std::string second = it.sign();
  it.let_grace_end();
  const auto others = raw_lines(it.run(&it.key).archive);
  lines.insert(lines.begin() + 2, others[1]);
  lines.insert(lines.end(), others.begin(), others.end());
  const auto reverted = it.revert(it.write(lines));
  CHECK(reverted.properties.restored == 4);
  CHECK(reverted.faults == 6);
  CHECK_THAT(reverted.told[0], Contains("3: it belongs to another archive"));
  CHECK(it.live(first) == kLegacy);
  CHECK(it.live(second).empty());
}

TEST_CASE("another key, or none, gives back nothing", "[contract]") {
  ArchiveSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  const fs::path signed_one = it.run(&it.key).archive;
  const auto glance = dump(it.site.sql(), Part::glance);
  it.key = make_key(it.site.directory());
  CHECK(it.revert(signed_one).faults == 6);
  const auto taken_as_it_is = it.revert(signed_one, /*with_key=*/false);
  CHECK(taken_as_it_is.faults == 5);
  CHECK_THAT(taken_as_it_is.told[0], Contains("it is signed"));
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  revert_contract(it.site.sql());
  const fs::path unsigned_one = it.run().archive;
  const auto with_key = it.revert(unsigned_one);
  CHECK(with_key.faults == 6);
  CHECK(with_key.properties.restored == 0);
  CHECK(it.live(image).empty());
}

TEST_CASE("an archive sets no other property than contract removes", "[contract]") {
  ArchiveSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  auto line = lines_of(it.run().archive)[0];
  const auto with = [&](const char* member, const nlohmann::json& value) {
    auto other = line;
    if (value.is_discarded())
      other.erase(member);
    else
      other[member] = value;
    return other.dump();
  };
  it.site.sql().execute("DELETE FROM image_properties");
  const auto glance = dump(it.site.sql(), Part::glance);
  const nlohmann::json none(nlohmann::json::value_t::discarded);
  const auto reverted = it.revert(it.write({with("name", "os_type"),
                                            with("name", "img_signature"),
                                            with("name", "Signature"),
                                            with("name", 7),
                                            with("image_id", ""),
                                            with("image_id", none),
                                            with("property_id", 0),
                                            with("property_id", -1),
                                            with("property_id", 1LL << 40),
                                            with("property_id", 1.5),
                                            with("property_id", "1"),
                                            with("deleted_at", nullptr),
                                            with("updated_at", none),
                                            with("updated_at", 1),
                                            with("value", none),
                                            with("value", 1),
                                            with("value_base64", "A"),
                                            with("value_base64", "QUJ D"),
                                            with("value_base64", nullptr),
                                            "[]",
                                            "null",
                                            "7"}),
                                  /*with_key=*/false);
  CHECK(reverted.faults == 22);
  CHECK(reverted.properties.restored + reverted.properties.kept == 0);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  // The line as it was is one.
  CHECK(it.revert(it.write({line.dump()}), false).properties.restored == 1);
  CHECK(it.live(image) == std::vector<std::string>{"signature"});
}

TEST_CASE("a property that was archived by two attempts is put back once", "[contract]") {
  ArchiveSite it;
  const std::string image = it.sign();
  it.let_grace_end();
  const ContractResult removed = it.run();
  auto lines = raw_lines(removed.archive);
  // Of an attempt that was undone.
  auto undone = nlohmann::json::parse(lines[0]);
  undone["deleted_at"] = "2020-01-01 00:00:00.000000";
  lines.insert(lines.begin(), undone.dump());
  const auto reverted = it.revert(it.write(lines), /*with_key=*/false);
  CHECK(reverted.properties.restored == 4);
  CHECK(it.live(image) == kLegacy);
}

TEST_CASE("nothing is put back from an archive beside another run", "[contract]") {
  ArchiveSite it;
  it.sign();
  it.let_grace_end();
  const fs::path archive = it.run(&it.key).archive;
  Session other = it.site.open();
  const Run run(other, "backfill");
  CHECK(required_error([&] { it.revert(archive); }).kind() == ErrorKind::locked);
}

TEST_CASE("contract keeps what its archive could not give back, and removes the rest",
          "[contract]") {
  ArchiveSite it;
  if (it.site.database().engine == Engine::mysql)
    return;  // a TEXT of MariaDB and its ids are short and valid
  const std::string fits = it.sign();
  const std::string huge = it.sign({"signature_hash_method"});
  it.site.add_property(huge, "signature", std::string(std::size_t{17} << 20, 'x'));
  // Six bytes of JSON for each.
  const std::string escaped = it.sign({"signature_hash_method"});
  it.site.add_property(escaped, "signature", std::string(std::size_t{3} << 20, '\x01'));
  std::vector<std::string> kept = {huge, escaped};
  it.let_grace_end();
  if (it.site.takes_any_bytes()) {
    const std::string strange = "no utf-8 \xff";
    for (const char* table :
         {"image_properties", "image_locations", "backglance_signature", "backglance_item"})
      it.site.sql().execute(std::string("UPDATE ") + table +
                                " SET image_id = :new WHERE image_id "
                                "= :old",
                            {{"new", strange}, {"old", escaped}});
    it.site.sql().execute("UPDATE images SET id = :new WHERE id = :old",
                          {{"new", strange}, {"old", escaped}});
    kept[1] = strange;
  }
  const auto glance = dump(it.site.sql(), Part::glance);
  const bool with_key = GENERATE(true, false);
  const ContractResult removed = it.run(with_key ? &it.key : nullptr);
  CHECK(removed.properties == 4);
  CHECK(it.live(fits).empty());
  for (const std::string& id : kept)
    CHECK(it.live(id).size() == 2);
  const auto reverted = it.revert(removed.archive, with_key);
  CHECK(reverted.faults == 0);
  CHECK(reverted.properties.restored == 4);
  // In parentheses: a difference has 17 MiB.
  CHECK((changes(glance, dump(it.site.sql(), Part::glance)) == kNone));
}

TEST_CASE("whatever the value of a property, it is archived and comes back, or it stays",
          "[contract]") {
  ArchiveSite it;
  std::vector<std::string> values = {
      "",          "\n",           " ",    "\\ud800",   "\"\\",
      "\xc3\xa9",  "\xe2\x80\xa8", "null", "{\"a\":1}", "\xef\xbb\xbf",
      "a\r\nb\tc", "'; --"};
  if (it.site.database().engine != Engine::mysql)
    values.push_back("\xf0\x9f\x98\x80");
  if (it.site.takes_any_bytes())
    for (const std::string& value :
         {std::string("a\0b", 3), std::string("\0", 1), std::string("\xff\xfe"),
          std::string("\xed\xa0\x80"), std::string("\xc0\x80"), std::string(5 << 20, '\xff')})
      values.push_back(value);
  for (const std::string& value : values) {
    const std::string id = it.sign({"signature_hash_method"});
    it.site.add_property(id, "signature", value);
  }
  it.let_grace_end();
  const auto glance = dump(it.site.sql(), Part::glance);
  const ContractResult removed = it.run(&it.key);
  CHECK(removed.properties == 2 * static_cast<std::int64_t>(values.size()));
  // Also after a purge, from the file alone.
  const bool purged = GENERATE(false, true);
  if (purged)
    it.site.sql().execute("DELETE FROM image_properties WHERE deleted = {true}");
  const auto reverted = it.revert(removed.archive);
  CHECK(reverted.faults == 0);
  CHECK(reverted.whole == true);
  CHECK(reverted.properties.restored == removed.properties);
  if (!purged)
    CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  for (const std::string& value : values)
    CHECK(it.site.sql().count("SELECT COUNT(*) FROM image_properties WHERE name = 'signature' AND "
                              "{exact}CAST(value AS {text_type}) = :value",
                              {{"value", value}}) >= 1);
}

TEST_CASE("an archive of another site puts nothing on an image with an id that is alike",
          "[contract]") {
  ArchiveSite it;
  const std::string name =
      GENERATE(as<std::string>(), "ABE", "abe ", "ab\xc3\xa9", "\xf0\x9f\x98\x80");
  const std::string other = it.site.insert_image();
  it.site.sql().execute("UPDATE images SET id = 'abe' WHERE id = :id", {{"id", other}});
  const fs::path file = it.write({nlohmann::json{
      {"image_id", name},
      {"property_id", 7000},
      {"name", "signature"},
      {"updated_at", nullptr},
      {"deleted_at", "2026-03-04 05:06:07"},
      {"value", "forged"}}.dump()});
  const auto glance = dump(it.site.sql(), Part::glance);
  for (const bool only_plan : {true, false}) {
    const auto reverted = it.revert(file, /*with_key=*/false, only_plan);
    CHECK(reverted.properties.restored == 0);
    CHECK(reverted.properties.kept == 1);
  }
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
}
