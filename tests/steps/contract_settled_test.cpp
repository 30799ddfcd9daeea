// SPDX-License-Identifier: Apache-2.0
// What was signed again and verified may go before its day, and what rests on anything else stays.
#include <fmt/format.h>

#include <thread>

#include "ledger/runs.h"
#include "sql/retry.h"
#include "tests/steps/contract_site.h"

using namespace backglance;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kNew = {"img_signature", "img_signature_hash_method",
                                       "img_signature_key_type", "img_signature_certificate_uuid"};

struct SettledSite : ContractSite {
  // Signed in both ways, hashed, flagged, and its img_signature found to be so.
  std::string settled(SignatureVerdict verdict = SignatureVerdict::valid) {
    std::string image = sign();
    site.add_properties(image, kNew);
    site.add_properties(image, {"os_type"});
    migrate(site.sql(), {});
    run_backfill(site);
    verify_as(image, verdict);
    return image;
  }

  // As a run does that has read the image and its properties as they are now.
  void verify_as(const std::string& image, SignatureVerdict verdict) {
    const auto details = read_details(site.sql(), {image}, WithSignatures::yes).at(image);
    SignaturesFound found;
    found.data = SignatureFound{verdict, {}};
    found.data_state = verified_state(SignedOver::data, details.signature, details.locations,
                                      digest_of("sha512", "content"));
    Run run(site.sql(), "verify");
    record_signatures(site.sql(), run.id(), image, found);
    run.finish("done");
  }

  ContractResult remove() {
    return contract_settled(site.sql(), site.database(), readable(), {.directory = safe()});
  }
  ContractPlan plan_of_settled() { return plan_settled(site.sql(), readable()); }
};

}  // namespace

TEST_CASE("a missing certificate does not cancel an earlier verdict", "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  const std::string unknown = it.settled(SignatureVerdict::no_certificate);
  constexpr auto kAway = SignatureVerdict::no_certificate;
  it.verify_as(image, kAway);
  CHECK(settled_count(it.site.sql()) == 1);
  // Of another signature nothing was known before.
  it.site.sql().execute(
      "UPDATE image_properties SET value = 'another' WHERE name = 'img_signature'");
  it.verify_as(image, kAway);
  CHECK(settled_count(it.site.sql()) == 0);
  it.verify_as(unknown, kAway);
  it.verify_as(unknown, SignatureVerdict::valid);
  CHECK(settled_count(it.site.sql()) == 1);
  it.verify_as(unknown, SignatureVerdict::invalid);
  CHECK(settled_count(it.site.sql()) == 0);
}

TEST_CASE("each of two schemes keeps its own verdict while its certificate is missing",
          "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  using enum SignatureVerdict;
  const auto verify = [&](SignatureVerdict data, SignatureVerdict legacy) {
    const auto details = read_details(it.site.sql(), {image}, WithSignatures::yes).at(image);
    const auto state_of = [&](SignedOver what) {
      return verified_state(what, details.signature, details.locations,
                            digest_of("sha512", "content"));
    };
    SignaturesFound found;
    found.data = SignatureFound{data, std::string(signature_verdict_name(data))};
    found.legacy = SignatureFound{legacy, std::string(signature_verdict_name(legacy))};
    found.data_state = state_of(SignedOver::data);
    found.legacy_state = state_of(SignedOver::md5);
    Run run(it.site.sql(), "verify");
    record_signatures(it.site.sql(), run.id(), image, found);
    run.finish("done");
  };
  const auto is = [&](const std::string& data, const std::string& legacy) {
    const auto column = [&](const char* name) { return it.site.ours("signature", image, name); };
    CHECK(column("verdict") == data);
    CHECK(column("verdict_reason") == data);
    CHECK(column("legacy_verdict") == legacy);
    CHECK(column("legacy_reason") == legacy);
  };
  verify(valid, no_certificate);
  is("valid", "no_certificate");
  verify(no_certificate, valid);
  is("valid", "valid");
  verify(no_certificate, no_certificate);
  is("valid", "valid");
  verify(valid_expired, no_certificate);
  is("valid_expired", "valid");
  it.site.sql().execute("UPDATE image_properties SET value = 'another' WHERE name = 'signature'");
  verify(no_certificate, no_certificate);
  is("valid_expired", "no_certificate");
}

TEST_CASE("of two runs that verify one image at the same time, one waits for the other",
          "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  it.site.sql().execute("DELETE FROM backglance_signature");
  const auto details = read_details(it.site.sql(), {image}, WithSignatures::yes).at(image);
  const auto found = [&](SignatureVerdict verdict) {
    SignaturesFound both;
    both.data = SignatureFound{verdict, {}};
    both.data_state = verified_state(SignedOver::data, details.signature, details.locations,
                                     digest_of("sha512", "content"));
    return both;
  };
  Run run(it.site.sql(), "verify");
  std::thread other;
  {
    Transaction first(it.site.sql());
    record_signatures(it.site.sql(), run.id(), image, found(SignatureVerdict::valid));
    other = std::thread([&] {
      Session session(it.site.site().database);
      retry(session, [&] {
        Transaction second(session);
        record_signatures(session, run.id(), image, found(SignatureVerdict::no_certificate));
        second.commit();
      });
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    first.commit();
  }
  other.join();
  CHECK(it.site.ours("signature", image, "verdict") == "valid");
  run.finish("done");
}

TEST_CASE("a finding from before the signature was verified does not block its removal",
          "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  it.site.write_file(it.site.file(image), "damaged");
  CHECK(run_verify(it.site).result.has_findings());
  it.verify_as(image, SignatureVerdict::valid);
  it.site.sql().execute("UPDATE backglance_verify SET verified_at = verified_at - 300");
  CHECK(settled_count(it.site.sql()) == 1);
  const auto move = [&](const char* table, const char* column, std::int64_t seconds) {
    it.site.sql().execute(
        fmt::format("UPDATE backglance_{} SET {} = {} + {}", table, column, column, seconds));
  };
  SECTION("a run that began before may have read the bytes before") {
    move("run", "started_at", -310);
  }
  SECTION("the clocks of the two hosts may be minutes apart") {
    move("verify", "verified_at", 100);
  }
  SECTION("a clock that was years ahead makes no verdict newer") {
    SECTION("when the run began") {
      move("run", "started_at", 100'000'000);
    }
    SECTION("when the verdict was recorded") {
      move("signature", "verified_at", 100'000'000);
    }
  }
  CHECK(settled_count(it.site.sql()) == 0);
}

TEST_CASE("the verdict on a scheme is deleted with its properties", "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  const auto verify_legacy = [&](SignatureVerdict verdict) {
    const auto details = read_details(it.site.sql(), {image}, WithSignatures::yes).at(image);
    SignaturesFound found;
    found.legacy = SignatureFound{verdict, {}};
    found.legacy_state = verified_state(SignedOver::md5, details.signature, details.locations,
                                        digest_of("sha512", "content"));
    Run run(it.site.sql(), "verify");
    record_signatures(it.site.sql(), run.id(), image, found);
    run.finish("done");
  };
  verify_legacy(SignatureVerdict::valid);
  it.verify_as(image, SignatureVerdict::valid);
  it.site.sql().execute("DELETE FROM image_properties WHERE name LIKE 'img%'");
  verify_legacy(SignatureVerdict::valid);
  it.site.sql().execute("UPDATE backglance_signature SET verdict = 'valid', verified_state = 'x'");
  verify_legacy(SignatureVerdict::no_certificate);
  CHECK(it.site.ours("signature", image, "verdict") == std::nullopt);
  CHECK(it.site.ours("signature", image, "verified_state") == std::nullopt);
  CHECK(it.site.ours("signature", image, "legacy_verdict") == "valid");
}

TEST_CASE("a settled image loses its legacy properties before its deadline", "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  const std::string legacy_alone = it.sign();
  migrate(it.site.sql(), {});
  // Neither is a gate: it is not settled, and nothing of it is removed.
  it.site.upload("new");
  CHECK(settled_count(it.site.sql()) == 1);
  ContractPlan plan = it.plan_of_settled();
  CHECK(plan.settled_images == 1);
  CHECK(plan.settled_properties == 4);
  CHECK(plan.outdated_images == 0);
  CHECK(plan.due_images == 0);
  plan = it.plan();
  CHECK(plan.settled_images == 1);
  CHECK(plan.gate.readable == 2);
  CHECK(plan.due_images == 0);

  const auto glance = dump(it.site.sql(), Part::glance);
  const ContractResult result = it.remove();
  CHECK(result.images == 1);
  CHECK(result.properties == 4);
  const auto lines = lines_of(result.archive);
  REQUIRE(lines.size() == 5);
  CHECK(lines[4].at("lines") == 4);
  std::vector<std::string> left = kNew;
  left.emplace_back("os_type");
  CHECK(it.live(image) == left);
  CHECK(it.live(legacy_alone) == kLegacy);
  CHECK(it.site.ours("signature", image, "scheme") == "new_complete");
  CHECK(it.site.ours("signature", image, "removed_at").has_value());
  CHECK(settled_count(it.site.sql()) == 0);

  SECTION("and a second time nothing is done") {
    const ContractResult again = it.remove();
    CHECK(again.images == 0);
    CHECK(again.archive.empty());
  }
  SECTION("and they can be put back") {
    CHECK(revert_contract(it.site.sql()).restored == 4);
    CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
    // It is settled still: nothing has changed what the verdict is about.
    CHECK(it.plan_of_settled().settled_images == 1);
  }
}

TEST_CASE("only a valid verdict settles an image", "[contract]") {
  SettledSite it;
  for (std::size_t i = 0; i < kSignatureVerdicts; ++i)
    if (const auto verdict = static_cast<SignatureVerdict>(i); verdict != SignatureVerdict::valid)
      it.settled(verdict);
  const auto glance = dump(it.site.sql(), Part::glance);
  CHECK(settled_count(it.site.sql()) == 0);
  CHECK(it.remove().images == 0);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  CHECK(fs::is_empty(it.safe()));
}

TEST_CASE("a verdict counts only while the properties that it is about are unchanged",
          "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  SECTION("the signature") {
    it.site.sql().execute(
        "UPDATE image_properties SET value = 'another' WHERE name = 'img_signature'");
  }
  SECTION("the key type") {
    it.site.sql().execute(
        "UPDATE image_properties SET value = 'another' WHERE name = 'img_signature_key_type'");
  }
  SECTION("the certificate") {
    it.site.delete_property(image, "img_signature_certificate_uuid");
  }
  SECTION("whose it is") {
    it.site.add_property(image, "image_type", std::string("snapshot"));
  }
  SECTION("the bytes") {
    it.site.set(image, "os_hash_value", digest_of("sha512", "another"));
  }
  SECTION("where they lie") {
    it.site.add_location(image, "file://" + (it.site.store() / "another").string());
  }
  SECTION("the bytes, of which Glance has lost the hash") {
    it.site.set(image, "os_hash_value", nullptr);
  }
  SECTION("the image") {
    it.site.set(image, "status", std::string("queued"));
  }
  const auto glance = dump(it.site.sql(), Part::glance);
  // By the last verification it is; by what there is now it is not.
  CHECK(settled_count(it.site.sql()) == 1);
  const ContractPlan plan = it.plan_of_settled();
  CHECK(plan.settled_images == 0);
  CHECK(plan.settled_properties == 0);
  CHECK(plan.outdated_images == 1);
  CHECK(it.remove().images == 0);

  // Between the look and the removal, too.
  Run run(it.site.sql(), "contract");
  bool asked = false;
  CHECK(remove_properties(it.site.sql(), run.id(), image, Removable::settled, [&](const auto&) {
          return asked = true;
        }).empty());
  CHECK_FALSE(asked);
  CHECK(removed_count(it.site.sql()) == 0);
  CHECK(it.site.ours("signature", image, "removed_at") == std::nullopt);
  CHECK(changes(glance, dump(it.site.sql(), Part::glance)) == kNone);
  CHECK(fs::is_empty(it.safe()));
}

TEST_CASE("an image whose bytes were found changed is no longer settled", "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  fs::path file = it.site.file(image);
  SECTION("damaged") {
    it.site.write_file(file, "damaged");
  }
  SECTION("gone") {
    it.site.upload("another");
    run_backfill(it.site);
    fs::remove(file);
  }
  CHECK(run_verify(it.site).result.has_findings());
  CHECK(settled_count(it.site.sql()) == 0);
  CHECK(it.remove().images == 0);
  it.site.write_file(file, "content");
  run_verify(it.site);
  it.verify_as(image, SignatureVerdict::valid);
  CHECK(settled_count(it.site.sql()) == 1);
}

TEST_CASE("an untrusted chain stays untrusted until it is checked again", "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  const auto verify_chain = [&](std::optional<ChainFound> chain) {
    const auto details = read_details(it.site.sql(), {image}, WithSignatures::yes).at(image);
    SignaturesFound found;
    found.data = SignatureFound{SignatureVerdict::valid, {}};
    found.chain = std::move(chain);
    found.data_state = verified_state(SignedOver::data, details.signature, details.locations,
                                      digest_of("sha512", "content"));
    Run run(it.site.sql(), "verify");
    record_signatures(it.site.sql(), run.id(), image, found);
    run.finish("done");
  };
  verify_chain(ChainFound{false, "nobody knows it"});
  CHECK(settled_count(it.site.sql()) == 0);
  verify_chain(std::nullopt);
  CHECK(settled_count(it.site.sql()) == 0);
  CHECK(it.remove().images == 0);
  CHECK(it.site.ours("signature", image, "chain") == "untrusted");
  CHECK(it.site.ours("signature", image, "chain_reason") == "nobody knows it");
  SECTION("it is trusted now") {
    verify_chain(ChainFound{true, {}});
  }
  SECTION("it is signed anew") {
    it.site.sql().execute(
        "UPDATE image_properties SET value = 'another' WHERE name = 'img_signature'");
    verify_chain(std::nullopt);
  }
  CHECK(settled_count(it.site.sql()) == 1);
}

TEST_CASE("a change that a verdict is not about does not make it outdated", "[contract]") {
  SettledSite it;
  const std::string image = it.settled();
  SECTION("another property") {
    it.site.sql().execute("UPDATE image_properties SET value = 'another' WHERE name = 'os_type'");
  }
  SECTION("the legacy properties themselves") {
    it.site.sql().execute("UPDATE image_properties SET value = 'another' WHERE name = 'signature'");
    it.site.add_property(image, "pss_salt_length", std::string("32"));
  }
  SECTION("the image's own row") {
    it.site.set(image, "name", std::string("another"));
    it.site.set(image, "status", std::string("deactivated"));
  }
  SECTION("the spelling of the hash") {
    std::string upper = digest_of("sha512", "content");
    for (char& c : upper)
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    it.site.set(image, "os_hash_value", upper);
  }
  CHECK(it.remove().images == 1);
}

TEST_CASE("an old verdict does not count for other values that look alike", "[contract]") {
  const auto state = [](std::map<std::string, std::string, std::less<>> values) {
    return verified_state(SignedOver::data, {.values = std::move(values), .is_snapshot = false}, {},
                          "00");
  };
  // One value's end cannot be taken for another name's begin.
  CHECK(state({{"img_signature", "a img_signature_key_type 1 b"}}) !=
        state({{"img_signature", "a"}, {"img_signature_key_type", "b"}}));
  CHECK(state({{"img_signature", "a"}, {"signature", "b"}}) == state({{"img_signature", "a"}}));
}

TEST_CASE("an image that was deleted, or has lost its legacy properties, is not settled",
          "[contract]") {
  SettledSite it;
  const std::string deleted = it.settled();
  const std::string clean = it.settled();
  it.site.delete_image(deleted);
  for (const std::string& name : kLegacy)
    it.site.delete_property(clean, name);
  const ContractPlan plan = it.plan_of_settled();
  CHECK(plan.settled_images == 0);
  CHECK(plan.outdated_images == 0);  // to verify it again would not help
  CHECK(it.remove().images == 0);
  CHECK(it.live(clean).size() == 5);
}
