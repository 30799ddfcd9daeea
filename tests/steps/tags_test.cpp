// SPDX-License-Identifier: Apache-2.0
#include "expand/expand.h"
#include "ledger/signatures.h"
#include "migrate/migrate.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;

namespace {

using Tags = std::vector<std::string>;

const std::string kTag = "md5-signature";

std::string sign(GlanceSite& site) {
  std::string id = site.insert_image();
  site.add_properties(id, {"signature", "signature_hash_method", "signature_key_type",
                           "signature_certificate_uuid"});
  return id;
}

std::int64_t tag_all(GlanceSite& site, const std::string& tag = kTag) {
  return migrate(site.sql(), {.tag = tag}).tagged;
}

std::int64_t untag_all(GlanceSite& site, const std::string& tag = kTag) {
  return migrate(site.sql(), {.untag = tag}).tagged;
}

}  // namespace

TEST_CASE("a tag is set on deprecated images alone, as Glance sets it", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string legacy = sign(site);
  const std::string plain = site.insert_image();
  const std::string renewed = site.insert_image();
  site.add_properties(renewed, {"img_signature"});
  const std::string deleted = sign(site);
  site.delete_image(deleted);
  CHECK(migrate(site.sql(), {}).tagged == 0);
  CHECK(site.live_tags(legacy).empty());

  CHECK(tag_all(site) == 1);
  CHECK(site.live_tags(legacy) == Tags{kTag});
  for (const std::string& id : {plain, renewed, deleted})
    CHECK(site.live_tags(id).empty());
  const auto row = site.sql().first_row(
      "SELECT created_at, updated_at, deleted_at, deleted FROM image_tags WHERE image_id = :id",
      {{"id", legacy}});
  REQUIRE(row.has_value());
  const std::size_t length = row->text_or_empty(0).size();
  CHECK(length <= std::string("2018-01-02 03:04:05.000006").size());
  // Columns of MariaDB's keep whole seconds, and PostgreSQL shows no zeros at the end.
  CHECK(length >= (site.is_server() ? 19U : 26U));
  CHECK(row->text(1) == row->text(0));
  CHECK(row->is_null(2));
  CHECK_FALSE(row->is_null(3));
  CHECK_FALSE(row->truth(3));

  CHECK(tag_all(site) == 0);
  CHECK(site.live_tags(legacy) == Tags{kTag});
}

TEST_CASE("a tag is removed as Glance removes it, and can be set again", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site);
  tag_all(site);
  CHECK(untag_all(site) == 1);
  CHECK(site.live_tags(id).empty());
  CHECK(site.sql().count("SELECT COUNT(*) FROM image_tags WHERE deleted = {true} AND deleted_at "
                         "IS NOT NULL AND updated_at = deleted_at") == 1);
  CHECK(untag_all(site) == 0);
  CHECK(tag_all(site) == 1);
  CHECK(site.live_tags(id) == Tags{kTag});
}

TEST_CASE("an owner's own tag of that name is left alone", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site);
  site.add_tag(id, kTag);
  site.add_tag(id, "other");
  CHECK(tag_all(site) == 0);
  CHECK(untag_all(site) == 0);
  CHECK(site.live_tags(id) == Tags{kTag, "other"});
}

TEST_CASE("a tag that its owner removed stays removed", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site);
  tag_all(site);
  site.sql().execute("UPDATE image_tags SET deleted = {true}, deleted_at = {now_datetime}");
  CHECK(tag_all(site) == 0);
  CHECK(site.live_tags(id).empty());
  // What there is to take back is gone already.
  CHECK(untag_all(site) == 0);
}

TEST_CASE("a tag that an owner set in place of ours is not removed", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site);
  tag_all(site);
  site.sql().execute("UPDATE image_tags SET deleted = {true}, deleted_at = {now_datetime}");
  site.add_tag(id, kTag);
  CHECK(untag_all(site) == 0);
  CHECK(site.live_tags(id) == Tags{kTag});
}

TEST_CASE("a tag is removed when the image is no longer deprecated", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site);
  tag_all(site);
  for (const char* name :
       {"signature", "signature_hash_method", "signature_key_type", "signature_certificate_uuid"})
    site.delete_property(id, name);
  CHECK(tag_all(site) == 1);
  CHECK(site.live_tags(id).empty());
}

TEST_CASE("another tag replaces the one before", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string first = sign(site);
  const std::string owners = sign(site);
  site.add_tag(owners, "one");
  CHECK(tag_all(site, "one") == 1);
  const std::string second = sign(site);
  CHECK(tag_all(site, "two") == 4);
  CHECK(site.live_tags(first) == Tags{"two"});
  CHECK(site.live_tags(second) == Tags{"two"});
  CHECK(site.live_tags(owners) == Tags{"one", "two"});
  CHECK(tag_all(site, "two") == 0);
}

TEST_CASE("untag removes the given tag, and no other", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site);
  tag_all(site, "one");
  CHECK(untag_all(site, "two") == 0);
  CHECK(site.live_tags(id) == Tags{"one"});
  CHECK(untag_all(site, "one") == 1);
  CHECK(site.live_tags(id).empty());
}

TEST_CASE("a tag that Glance cannot store is refused", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  sign(site);
  CHECK(required_error([&] { tag_all(site, ""); }).kind() == ErrorKind::usage);
  CHECK(required_error([&] { tag_all(site, std::string(256, 't')); }).kind() == ErrorKind::usage);
  CHECK(required_error([&] { untag_all(site, ""); }).kind() == ErrorKind::usage);
  CHECK(tag_all(site, std::string(255, 't')) == 1);
}

TEST_CASE("a tag or an owner that Glance's column cannot hold is refused before any flag",
          "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site);
  const std::string smile = "md5-\xf0\x9f\x98\x80";
  const bool holds_it = site.compares_with_case();  // Glance's tables of MariaDB are utf8mb3
  const MigrateOptions options =
      GENERATE_COPY(MigrateOptions{.tag = smile}, MigrateOptions{.untag = smile},
                    MigrateOptions{.owner_grace = {{smile, std::chrono::hours(1)}}});
  if (holds_it) {
    CHECK_NOTHROW(migrate(site.sql(), options));
    return;
  }
  CHECK_THAT(required_error([&] { migrate(site.sql(), options); }).what(),
             Contains("cannot store a character of it") && Contains(smile));
  CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_signature") == 0);
  CHECK(required_error([&] { plan_migrate(site.sql(), options); }).kind() == ErrorKind::usage);
}

TEST_CASE("a tag that differs by case is another tag", "[migrate]") {
  GlanceSite site;
  expand(site.sql());
  const std::string id = sign(site);
  site.add_tag(id, "MD5-Signature");
  CHECK(tag_all(site) == 1);
  CHECK(site.live_tags(id).size() == 2);
  CHECK(tag_count(site.sql(), "MD5-SIGNATURE") == 0);
  CHECK(untag_all(site, "Md5-signature ") == 0);
  CHECK(untag_all(site) == 1);
  CHECK(site.live_tags(id) == Tags{"MD5-Signature"});
}
