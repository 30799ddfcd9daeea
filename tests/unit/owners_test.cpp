// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "report/owners.h"
#include "report/render_owners.h"
#include "tests/unit/report_sample.h"

namespace backglance {
namespace {

using Catch::Matchers::Contains;

const std::vector<std::string> kLegacy = {"signature", "signature_hash_method",
                                          "signature_key_type", "signature_certificate_uuid"};
const std::vector<std::string> kData = {"img_signature", "img_signature_hash_method",
                                        "img_signature_key_type", "img_signature_certificate_uuid"};

SiteReport::Signature signature(SignatureScheme scheme, const std::string& owner = "owner") {
  SiteReport::Signature out;
  out.image_id = "d2d48d39-a580-40fe-9c92-9d3bb5b9cc59";
  out.name = "image";
  out.owner = owner;
  out.status = "active";
  out.scheme = scheme;
  if (is_deprecated(scheme)) {
    out.present = kLegacy;
    out.deadline_at = kSampleTime + 20 * kSampleDay;
  }
  if (has_data_signature(scheme))
    out.present.insert(out.present.end(), kData.begin(), kData.end());
  out.checksum = std::string(32, 'a');
  return out;
}

std::string line_with(const std::vector<std::string>& commands, const std::string& part) {
  for (const std::string& command : commands)
    if (command.find(part) != std::string::npos)
      return command;
  return {};
}

OwnerPage only_page(const SiteReport& report) {
  const auto pages = owner_pages(report);
  REQUIRE(pages.size() == 1);
  return pages[0];
}

SiteReport report_of(std::vector<SiteReport::Signature> signatures) {
  SiteReport report;
  report.made_at = kSampleTime;
  report.signatures = std::move(signatures);
  return report;
}

}  // namespace

TEST_CASE("an owner has to act on live images that are deprecated or do not verify") {
  using enum SignatureScheme;
  CHECK(owner_task(signature(legacy_complete)) == OwnerTask::sign_or_drop);
  CHECK(owner_task(signature(legacy_partial)) == OwnerTask::sign_or_drop);
  SiteReport::Signature one = signature(both);
  // What was not verified may be of no use.
  CHECK(owner_task(one) == OwnerTask::sign_or_drop);
  one.verdict = SignatureVerdict::no_certificate;
  CHECK(owner_task(one) == OwnerTask::sign_or_drop);
  one.verdict = SignatureVerdict::valid;
  CHECK(owner_task(one) == OwnerTask::drop_old);
  // Neither takes the old one's place.
  for (const auto verdict : {SignatureVerdict::valid_inherited, SignatureVerdict::valid_expired}) {
    one.verdict = verdict;
    CHECK(owner_task(one) == OwnerTask::sign_or_drop);
  }
  one.verdict = SignatureVerdict::valid_other_salt;
  CHECK(owner_task(one) == OwnerTask::sign_again);
  CHECK(needs_owner(one));
  one.deleted = true;
  CHECK_FALSE(needs_owner(one));
  one = signature(legacy_complete);
  one.removed_at = kSampleTime;
  CHECK_FALSE(needs_owner(one));
  one = signature(new_complete);
  CHECK_FALSE(needs_owner(one));
  one.verdict = SignatureVerdict::invalid;
  CHECK(needs_owner(one));
}

TEST_CASE("owners come by their first deadline, and what is due is counted") {
  using enum SignatureScheme;
  SiteReport report = report_of(
      {signature(legacy_complete, "late"), signature(legacy_complete, "soon"),
       signature(both, "soon"), signature(new_complete, "never"), signature(new_complete, "fine")});
  report.signatures[1].deadline_at = kSampleTime - kSampleDay;
  report.signatures[2].deadline_at = kSampleTime + 3 * kSampleDay;
  report.signatures[2].verdict = SignatureVerdict::invalid;
  report.signatures[3].verdict = SignatureVerdict::malformed;
  const auto pages = owner_pages(report);
  REQUIRE(pages.size() == 3);
  CHECK(pages[0].owner == "soon");
  CHECK(pages[0].images.size() == 2);
  CHECK(pages[0].deprecated == 2);
  CHECK(pages[0].overdue == 1);
  CHECK(pages[0].unverified == 1);
  CHECK(pages[0].first_deadline == kSampleTime - kSampleDay);
  CHECK(pages[1].owner == "late");
  CHECK(pages[2].owner == "never");
  CHECK_FALSE(pages[2].first_deadline.has_value());
  CHECK(render_owners_index_csv(pages) ==
        "owner,images,deprecated,overdue,not_verifying,first_deadline_at,page,csv\r\n"
        "soon,2,2,1,1,2026-03-03T04:53:20Z,owner-soon.html,owner-soon.csv\r\n"
        "late,1,1,0,0,2026-03-24T04:53:20Z,owner-late.html,owner-late.csv\r\n"
        "never,1,0,0,1,,owner-never.html,owner-never.csv\r\n");
}

TEST_CASE("file names of owners are harmless, and no two are the same in any case") {
  const std::vector<std::string> owners = {"",
                                           "1f0b5e0c6d3a4c7f8a52f0cf5b1a9d01",
                                           "index",
                                           "no-owner",
                                           "../../etc/passwd",
                                           "a/b",
                                           "a_2fb",
                                           "A",
                                           "a",
                                           ".",
                                           "..",
                                           " ",
                                           "con.html",
                                           std::string("nul\0byte", 8),
                                           "\xff\n",
                                           "\u65e5\u672c\u8a9e",
                                           std::string(255, '/'),
                                           std::string(254, '/') + ".",
                                           std::string(161, 'x'),
                                           "\"><script>"};
  SiteReport report;
  for (const std::string& owner : owners)
    report.signatures.push_back(signature(SignatureScheme::legacy_complete, owner));
  std::set<std::string> stems;
  for (const OwnerPage& page : owner_pages(report)) {
    INFO(page.owner);
    CHECK(page.file_stem.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") ==
          std::string::npos);
    CHECK(page.file_stem.size() <= 200);
    CHECK(page.file_stem != "index");
    stems.insert(page.file_stem);
  }
  CHECK(stems.size() == owners.size());
  CHECK(stems.contains("owner-1f0b5e0c6d3a4c7f8a52f0cf5b1a9d01"));
  CHECK(stems.contains("no-owner"));
}

TEST_CASE("the commands check the data by the best digest that the site has") {
  SiteReport::Signature one = signature(SignatureScheme::legacy_complete);
  CHECK_THAT(line_with(signing_commands(one), "--check"), Contains("| md5sum"));
  one.hash_algorithm = "sha512";
  one.hash_value = std::string(128, 'B');
  CHECK(line_with(signing_commands(one), "--check") ==
        "echo \"" + std::string(128, 'b') + "  $DATA\" | sha512sum --check");
  CHECK_THAT(line_with(signing_commands(one), "-sign"), Contains("dgst -sha512 "));
  CHECK_THAT(line_with(signing_commands(one), "image set"), Contains("=SHA-512 "));
  one.hash_algorithm = "sha3_256";
  one.hash_value = std::string(64, 'c');
  CHECK_THAT(line_with(signing_commands(one), "--check"), Contains("| md5sum"));
  CHECK_THAT(line_with(signing_commands(one), "image set"), Contains("=SHA-256 "));
  one.checksum.clear();
  CHECK_FALSE(has_known_digest(one));
  CHECK(line_with(signing_commands(one), "--check").empty());
  CHECK_FALSE(line_with(signing_commands(one), "-sign").empty());
}

TEST_CASE("nothing from the database that a shell could take for more gets into a command") {
  const std::vector<std::string> nasty = {"$(reboot)",
                                          "`reboot`",
                                          "a b",
                                          "-rf",
                                          "",
                                          "a;b",
                                          "a'b",
                                          "a\"b",
                                          "a\nreboot",
                                          "a\\b",
                                          "../../x",
                                          "*",
                                          "a\xff",
                                          "a&b",
                                          "!x",
                                          "a_b",
                                          "$HOME",
                                          "\u65e5",
                                          std::string(37, 'a')};
  for (const std::string& text : nasty) {
    INFO(text);
    SiteReport::Signature one = signature(SignatureScheme::legacy_complete);
    const std::string clean = join(signing_commands(one), " ");
    one.name = one.owner = one.status = one.verdict_reason = text;
    one.hash_algorithm = one.hash_value = text;
    one.present.push_back(text);
    CHECK(join(signing_commands(one), " ") == clean);
    one.checksum = text;
    CHECK(line_with(signing_commands(one), "--check").empty());
    CHECK(line_with(removal_commands(one), "unset") ==
          "openstack image unset --property signature --property signature_hash_method --property "
          "signature_key_type --property signature_certificate_uuid \"$IMAGE\"");
    one.image_id = text;
    CHECK(signing_commands(one).empty());
    CHECK(removal_commands(one).empty());
  }
}

TEST_CASE("the owner commands remove deprecated signatures and those that do not verify") {
  using enum SignatureScheme;
  const auto names = [](const SiteReport::Signature& one) {
    std::vector<std::string> found;
    for (const std::string& word : split(line_with(removal_commands(one), "unset"), ' '))
      if (word.find("signature") != std::string::npos || word == "pss_salt_length")
        found.push_back(word);
    return found;
  };
  SiteReport::Signature one = signature(both);
  one.present.push_back("pss_salt_length");
  auto wanted = kLegacy;
  wanted.push_back("pss_salt_length");
  CHECK(names(one) == wanted);
  one.verdict = SignatureVerdict::valid;
  CHECK(names(one) == wanted);
  one.verdict = SignatureVerdict::invalid;
  CHECK(names(one).size() == 9);
  one = signature(new_complete);
  one.present.push_back("pss_salt_length");
  one.verdict = SignatureVerdict::invalid;
  CHECK(names(one) == kData);
  CHECK(line_with(signing_commands(one), "unset").empty());
}

TEST_CASE("an owner's page says first how many images, until when and what to do") {
  using enum SignatureScheme;
  SiteReport report = report_of({signature(legacy_complete), signature(new_complete)});
  report.signatures[1].verdict = SignatureVerdict::invalid;
  std::string text = render_owner_html(report, only_page(report));
  CHECK_THAT(text,
             Contains("<strong>2</strong> images of this project have an old signature, which "
                      "Glance no longer checks, or a signature that does not verify. Sign "
                      "each image again, or remove its signature. The first deadline is "
                      "<strong>2026-03-24</strong> (in 20 days). If you do nothing, the "
                      "operator of your cloud removes the old signature after the "
                      "deadline. The data does not change. If your cloud verifies signatures, no "
                      "server can start ") &&
                 Contains("no server can start from an image with a signature that does not "
                          "verify."));
  report.signatures.pop_back();
  text = render_owner_html(report, only_page(report));
  CHECK_THAT(text, Contains("<strong>1</strong> image of this project has an old signature, which "
                            "Glance no longer checks. Sign the image again, or remove the "
                            "signature by <strong>2026-03-24</strong> (in 20 days). If you do "
                            "nothing, the operator of your cloud removes the old signature after "
                            "the deadline. The data does not change, and you can use the image as "
                            "before.") &&
                       !Contains("does not verify"));
  SiteReport signed_again = report_of({signature(both)});
  signed_again.signatures[0].verdict = SignatureVerdict::valid;
  CHECK_THAT(render_owner_html(signed_again, only_page(signed_again)),
             Contains("Glance no longer checks. Remove it by <strong>2026-03-24</strong>"));
  SiteReport unverified = report_of({signature(new_complete)});
  unverified.signatures[0].verdict = SignatureVerdict::invalid;
  CHECK_THAT(render_owner_html(unverified, only_page(unverified)),
             Contains("<strong>1</strong> image of this project has a signature that does not "
                      "verify. Sign the image again, or remove the signature. If your cloud "
                      "verifies signatures, ") &&
                 Contains("These images have no deadline."));
  report.signatures[0].deadline_at = kSampleTime - 2 * kSampleDay;
  text = render_owner_html(report, only_page(report));
  CHECK_THAT(text,
             Contains("The deadline was <strong>2026-03-02</strong> (2 days ago). If you do"));
  SiteReport two = report_of({report.signatures[0], signature(legacy_complete)});
  CHECK_THAT(render_owner_html(two, only_page(two)),
             Contains("The deadline of <strong>1</strong> image has passed; the first was "
                      "<strong>2026-03-02</strong> (2 days ago)."));
  CHECK(render_owner_html(report, only_page(report)).find("</head>") >
        text.find(std::string(kOwnersMark)));
}

TEST_CASE("a damaged image is not to be signed") {
  SiteReport report = report_of({signature(SignatureScheme::legacy_complete)});
  const std::string sign = "openssl dgst";
  CHECK_THAT(render_owner_html(report, only_page(report)), Contains(sign));
  CHECK_THAT(render_owner_csv(only_page(report)), Contains(sign));
  report.verify_findings = {
      {report.signatures[0].image_id, "", "", 0, ImageResult::checksum_differs, "", kSampleTime}};
  CHECK_THAT(render_owner_html(report, only_page(report)),
             !Contains(sign) && Contains("Do not sign this image") &&
                 Contains("Remove the old signature:") && Contains("openstack image unset"));
  CHECK_THAT(render_owner_csv(only_page(report)), !Contains(sign) && Contains("checksum_differs"));
  // Nothing is known against what could not be read.
  report.verify_findings[0].result = ImageResult::store_not_supported;
  CHECK_THAT(render_owner_html(report, only_page(report)), Contains(sign));
}

TEST_CASE("an owner's page does not name the site's files and servers") {
  SiteReport report = report_of({signature(SignatureScheme::both)});
  SiteReport::Signature& one = report.signatures[0];
  one.verdict = SignatureVerdict::invalid;
  one.verdict_reason = "it has 255 bytes";
  one.legacy_verdict = SignatureVerdict::no_certificate;
  one.legacy_reason = "Keystone at http://internal is away";
  one.is_trusted = false;
  one.chain_reason = "/etc/backglance/ca.pem is no CA";
  for (const std::string& text :
       {render_owner_html(report, only_page(report)), render_owner_csv(only_page(report))})
    CHECK_THAT(text, Contains("img_signature: it has 255 bytes") && !Contains("internal") &&
                         !Contains("ca.pem"));
  one.verdict = SignatureVerdict::no_certificate;
  one.legacy_verdict = SignatureVerdict::key_disagrees;
  for (const std::string& text :
       {render_owner_html(report, only_page(report)), render_owner_csv(only_page(report))})
    CHECK_THAT(text, !Contains("255 bytes") && Contains("internal"));
}

TEST_CASE("no name can add markup to an owner's page, nor a formula to the CSV") {
  const std::string nasty = "=cmd\"'><script>alert(1)</script><img src=x>&lt;";
  SiteReport report = report_of({signature(SignatureScheme::both, nasty)});
  SiteReport::Signature& one = report.signatures[0];
  one.verdict = SignatureVerdict::invalid;
  one.image_id = one.name = one.status = one.verdict_reason = nasty;
  one.checksum = one.hash_algorithm = one.hash_value = nasty;
  one.present = {nasty};
  report.version = nasty;
  const auto pages = owner_pages(report);
  for (const std::string& text :
       {render_owner_html(report, pages[0]), render_owners_index_html(report, pages)}) {
    CHECK_THAT(text, !Contains("<script") && !Contains("<img"));
    CHECK_THAT(text, Contains("=cmd&quot;&#39;&gt;&lt;script&gt;"));
    CHECK_THAT(text, Contains("default-src 'none'"));
  }
  for (const std::string& text : {render_owner_csv(pages[0]), render_owners_index_csv(pages)}) {
    CHECK_THAT(text, !Contains(",=") && !Contains("\n=") && !Contains("\"=") && Contains("'=cmd"));
    CHECK(std::count(text.begin(), text.end(), '\n') == 2);
  }
}

TEST_CASE("a page ends after 500 images and says where the others are") {
  SiteReport report = report_of({});
  for (int i = 0; i < 501; ++i) {
    report.signatures.push_back(signature(SignatureScheme::legacy_complete));
    report.signatures.back().name = "image " + std::to_string(i) + ".";
  }
  const std::string text = render_owner_html(report, only_page(report));
  CHECK_THAT(text, Contains("image 499.") && !Contains("image 500."));
  CHECK_THAT(text, Contains("shows the first 500 of 501 images.") && Contains("owner-owner.csv"));
  CHECK_THAT(render_owner_csv(only_page(report)), Contains("image 500."));
}

}  // namespace backglance
