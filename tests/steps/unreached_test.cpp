// SPDX-License-Identifier: Apache-2.0
// Images that cannot be opened, and hosts that do not see the store.
#include <fstream>

#include "expand/expand.h"
#include "ledger/queue_figures.h"
#include "ledger/runs.h"
#include "read/unreached.h"
#include "sql/schema_state.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;

namespace {

// Of `directory`, as where a mount has gone: what it held is elsewhere, and nothing in its place.
void unmount(const std::filesystem::path& directory) {
  std::filesystem::rename(directory, directory.native() + ".away");
  std::filesystem::create_directory(directory);
}
void mount(const std::filesystem::path& directory) {
  std::filesystem::remove_all(directory);
  std::filesystem::rename(directory.native() + ".away", directory);
}

void check_left_alone(GlanceSite& site, std::int64_t images) {
  const Error error = required_error([&] { run_backfill(site, {.jobs = 2}); });
  CHECK(error.kind() == ErrorKind::io);
  CHECK_THAT(error.what(), Contains("is it mounted?"));
  CHECK(QueueFigures(site.sql()).claimable().images == images);
  CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_item WHERE state = 'failed'") == 0);
  CHECK(site.runs("backfill", "failed") == 1);
}

}  // namespace

TEST_CASE("images below a mount of their own are left when it is gone", "[backfill]") {
  const int images = GENERATE(1, 2, 12);
  GlanceSite site;
  expand(site.sql());
  const std::filesystem::path sub = site.store() / "sub";
  std::filesystem::create_directory(sub);
  for (int i = 0; i < images; ++i) {
    const std::string image = site.insert_image();
    site.write_file(sub / image, "content");
    site.add_location(image, "file://" + (sub / image).string());
  }
  // The rest of the store is there, and says nothing of the mount.
  site.upload_many(30);
  const std::string lost = site.upload("lost");
  std::filesystem::remove(site.file(lost));
  SECTION("and its directory is empty") {
    unmount(sub);
  }
  SECTION("and so is its directory") {
    std::filesystem::rename(sub, sub.native() + ".away");
  }
  const Error error = required_error([&] { run_backfill(site, {.jobs = 2}); });
  CHECK_THAT(error.what(), Contains(sub.string()) && Contains("is it mounted?"));
  CHECK(QueueFigures(site.sql()).claimable().images == images);
  CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_item WHERE state = 'failed'") == 1);
  CHECK(site.ours("item", lost, "result") == "missing");
  mount(sub);
  CHECK(run_backfill(site).images(ImageResult::hashed) == images);
}

TEST_CASE("a link that leads nowhere is not a missing image", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.upload_many(3);
  const std::string image = site.upload("content");
  std::filesystem::create_directory(site.store() / "mount");
  std::filesystem::remove(site.file(image));
  std::filesystem::create_symlink("mount/" + image, site.file(image));
  const BackfillRun run = run_backfill(site);
  CHECK(run.outcomes.at(image).result == ImageResult::unreadable);
  CHECK_THAT(run.outcomes.at(image).reason, Contains("is that mounted?"));
}

TEST_CASE("the figures by store are those of the site", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const auto ids = site.upload_many(9);
  const std::string without = site.insert_image();
  run_backfill(site, {.images = {ids[0], ids[1], ids[2]}});
  for (const std::string& image : {ids[0], ids[1]})
    site.set(image, "os_hash_value", nullptr);
  site.add_location(ids[3], "RBD://other");
  site.sql().execute(
      "UPDATE image_locations SET deleted = {true} WHERE image_id = :id AND value LIKE 'file%'",
      {{"id", ids[3]}});
  site.sql().execute(
      "UPDATE backglance_item SET result = 'missing', state = 'failed', finished_at = 5 WHERE "
      "image_id = :id",
      {{"id", ids[4]}});
  site.sql().execute(
      "UPDATE backglance_item SET state = 'done', digest = NULL WHERE image_id = :id",
      {{"id", ids[5]}});
  site.sql().execute("DELETE FROM backglance_item WHERE image_id = :id", {{"id", ids[6]}});
  site.set(ids[7], "size", nullptr);
  const SchemaState state = read_schema_state(site.sql());
  const SiteFigures all = site_figures(site.sql(), state);
  CHECK(all.pending.images == 9);
  CHECK(all.unknown_size == 2);
  CHECK(all.erased + all.doubted.images == 2);
  CHECK(all.unqueued.images >= 1);
  CHECK(all.changed.images == 1);
  CHECK(all.reachable.images == 1);
  const auto [figures, groups] = site_figures_by_store(site.sql(), state);
  const auto each = [](const SiteFigures& of) {
    std::vector<std::int64_t> values = {of.unknown_size, of.erased};
    for (const QueueTotals& one : {of.pending, of.unqueued, of.queued, of.claimable, of.changed,
                                   of.reachable, of.failed, of.doubted}) {
      values.push_back(one.images);
      values.push_back(one.bytes);
    }
    return values;
  };
  CHECK(each(figures) == each(all));
  std::map<std::string, std::int64_t> by_scheme;
  for (const LocationGroup& group : groups)
    by_scheme[group.scheme] += group.totals.images;
  CHECK(by_scheme == std::map<std::string, std::int64_t>{{"file", 7}, {"rbd", 1}});
}

TEST_CASE("a host whose store is not mounted skips no image", "[backfill]") {
  const int images = GENERATE(1, 12, 30);
  GlanceSite site;
  expand(site.sql());
  SECTION("of a site that was never read") {
    site.upload_many(images);
    unmount(site.store());
    check_left_alone(site, images);
  }
  SECTION("of a site that was never read, whatever else lies there") {
    site.upload_many(images);
    unmount(site.store());
    site.write_file(site.store() / "of-another-use", "content");
    site.write_file(site.store() / "7d3a3c0e-9a53-4d0e-8d0f-0a4f1b6c2e11", "content");
    std::filesystem::create_directory(site.store() / "lost+found");
    check_left_alone(site, images);
  }
  SECTION("where another store is mounted instead") {
    site.upload_many(3);
    run_backfill(site);
    site.upload_many(images);
    unmount(site.store());
    site.write_file(site.store() / "another", "content");
    check_left_alone(site, images);
  }
  mount(site.store());
  CHECK(run_backfill(site).images(ImageResult::hashed) == images);
}

TEST_CASE("a host that is configured with another store directory skips no image", "[backfill]") {
  const int images = GENERATE(1, 12, 30);
  GlanceSite site;
  expand(site.sql());
  site.upload_many(images);
  const auto directories = site.site().stores.front().directories;
  const auto other = site.directory() / "other";
  std::filesystem::create_directory(other);
  site.site().stores.front().directories = {other};
  const auto refused = [&](const auto& run) {
    const Error error = required_error([&] { run(); });
    CHECK(error.kind() == ErrorKind::io);
    CHECK_THAT(error.what(), Contains("outside the configured store directories"));
    CHECK_THAT(error.next(), Contains("(or with --store-dir)"));
  };
  SECTION("backfill") {
    refused([&] { run_backfill(site, {.jobs = 2}); });
    CHECK(QueueFigures(site.sql()).claimable().images == images);
    CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_item WHERE state = 'failed'") == 0);
  }
  SECTION("verify") {
    refused([&] { run_verify(site, {.jobs = 2}); });
    CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_verify") == 0);
  }
  site.site().stores.front().directories = directories;
  CHECK(run_backfill(site).images(ImageResult::hashed) == images);
}

TEST_CASE("one image outside the store is a finding when the others are there", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.upload_many(3);
  Transaction transaction(site.sql());
  for (int i = 0; i < 25; ++i)
    site.add_location(site.insert_image(), "file:///elsewhere/" + std::to_string(i));
  transaction.commit();
  CHECK(run_backfill(site, {.jobs = 1}).images(ImageResult::unreadable) == 25);
}

TEST_CASE("one image outside the store is a finding when all others are in other stores",
          "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const bool hashed = GENERATE(false, true);
  for (int i = 0; i < 3; ++i) {
    const std::string image = site.insert_image();
    site.add_location(image, "rbd://fsid/images/" + std::to_string(i) + "/snap");
    if (hashed)
      site.set(image, "os_hash_value", digest_of("sha512", "content"));
  }
  const std::string left_over = site.insert_image();
  site.add_location(left_over, "file:///elsewhere/1");
  const BackfillRun run = run_backfill(site);
  CHECK(run.outcomes.at(left_over).result == ImageResult::unreadable);
  CHECK(run.images(ImageResult::store_not_supported) == (hashed ? 0 : 3));
}

TEST_CASE("a wrong directory is recognized although one image is in another store", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.upload_many(12);
  site.add_location(site.insert_image(), "rbd://fsid/images/1/snap");
  const auto other = site.directory() / "other";
  std::filesystem::create_directory(other);
  site.site().stores.front().directories = {other};
  CHECK(required_error([&] { run_backfill(site); }).kind() == ErrorKind::io);
  CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_item WHERE state = 'failed' AND result "
                         "= 'unreadable'") == 0);
}

TEST_CASE("images that are gone from a store that is there are missing", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const auto ids = site.upload_many(30);
  for (int i = 0; i < 25; ++i)
    std::filesystem::remove(site.file(ids[static_cast<std::size_t>(i)]));
  // What lies in other stores says nothing about this one.
  Transaction transaction(site.sql());
  for (int i = 0; i < 40; ++i)
    site.add_location(site.insert_image(), "rbd://fsid/images/" + std::to_string(i) + "/snap");
  transaction.commit();
  const BackfillRun run = run_backfill(site, {.jobs = 2});
  CHECK(run.images(ImageResult::hashed) == 5);
  CHECK(run.images(ImageResult::missing) == 25);
  CHECK(run.images(ImageResult::store_not_supported) == 40);
}

TEST_CASE("of two store directories each is judged by itself", "[backfill]") {
  GlanceSite site;
  const auto cold = site.directory() / "cold";
  std::filesystem::create_directory(cold);
  site.site().stores.front().directories.push_back(cold);
  expand(site.sql());
  site.upload_many(5);
  const std::string image = site.insert_image();
  site.write_file(cold / image, "cold");
  site.add_location(image, "file://" + (cold / image).native());
  unmount(cold);
  CHECK_THAT(required_error([&] { run_backfill(site); }).what(), Contains(cold.native()));
  CHECK(QueueFigures(site.sql()).claimable().images == 1);
  mount(cold);
  CHECK(run_backfill(site).images(ImageResult::hashed) == 1);
}

TEST_CASE("one store that is not mounted does not stop the other", "[backfill]") {
  constexpr int kHere = 30;
  constexpr int kAway = 45;
  GlanceSite site;
  const auto cold = site.directory() / "cold";
  std::filesystem::create_directory(cold);
  site.site().stores.front().directories.push_back(cold);
  expand(site.sql());
  site.upload_many(kHere);
  // The queue begins with the largest.
  Transaction transaction(site.sql());
  for (int i = 0; i < kAway; ++i) {
    const std::string image = site.insert_image();
    site.write_file(cold / image, std::string(100, 'c'));
    site.set(image, "size", std::int64_t{100});
    site.add_location(image, "file://" + (cold / image).native());
  }
  transaction.commit();
  SECTION("backfill") {
    unmount(cold);
    site.write_file(cold / "of-another-use", "content");
    for (int runs = 0; runs < 2; ++runs) {
      const Error error = required_error([&] { run_backfill(site, {.jobs = 2}); });
      CHECK(error.kind() == ErrorKind::io);
      CHECK_THAT(error.what(), Contains("none of 45 images") && Contains(cold.native()));
      CHECK_THAT(error.next(), Contains("mount " + cold.native()));
      CHECK(site.sql().count("SELECT COUNT(*) FROM images WHERE os_hash_value IS NOT NULL") ==
            kHere);
      CHECK(QueueFigures(site.sql()).claimable().images == kAway);
      CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_item WHERE state = 'failed'") == 0);
    }
    mount(cold);
    CHECK(run_backfill(site).images(ImageResult::hashed) == kAway);
  }
  SECTION("verify") {
    run_backfill(site);
    unmount(cold);
    CHECK_THAT(required_error([&] { run_verify(site, {.jobs = 2}); }).what(),
               Contains("none of 45 images") && Contains(cold.native()));
    CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_verify WHERE result = 'verified'") ==
          kHere);
    CHECK(site.sql().count("SELECT COUNT(*) FROM backglance_verify") == kHere);
  }
}

TEST_CASE("a sweep on a host that does not see the store deletes no digest", "[sweep]") {
  GlanceSite site;
  expand(site.sql());
  const auto ids = site.upload_many(5);
  std::vector<GlanceSite::Copy> copies;
  copies.reserve(ids.size());
  for (const std::string& id : ids)
    copies.push_back(site.load(id));
  run_backfill(site);
  for (const GlanceSite::Copy& copy : copies)
    site.save(copy);
  unmount(site.store());
  CHECK(run_sweep(site).images(ImageResult::restored) == 0);
  CHECK(site_figures(site.sql(), read_schema_state(site.sql())).erased == 5);
  mount(site.store());
  CHECK(run_sweep(site).images(ImageResult::restored) == 5);
}

TEST_CASE("an image that its store refuses is a finding only if the store gives a later one",
          "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.upload_many(1);
  const Stores stores(site.site());
  UnreachedImages unreached(site.sql(), /*has_ledger=*/true, stores);
  const auto refused = [](const std::string& id, std::int64_t order) {
    SettledImage image;
    image.claim = {.image_id = id, .order = order};
    image.outcome = {.reason = "refused", .place = "bucket b"};
    image.outcome.store_is_away = image.outcome.store_refused = true;
    return image;
  };
  const auto claim = [](std::int64_t order) { return Claim{.image_id = "", .order = order}; };
  CHECK(unreached.add(refused("second", 3)).left.empty());
  CHECK(unreached.reached("bucket b", claim(2)).believed.empty());
  CHECK(unreached.add(refused("third", 5)).left.empty());
  // The fourth was claimed between them.
  const auto decided = unreached.reached("bucket b", claim(4));
  REQUIRE(decided.believed.size() == 1);
  CHECK(decided.believed[0].claim.image_id == "second");
  CHECK_FALSE(decided.believed[0].outcome.store_is_away);
  // No image of the bucket opens now: it may refuse everything.
  const auto rest = unreached.finish();
  REQUIRE(rest.left.size() == 1);
  CHECK(rest.left[0].claim.image_id == "third");
  CHECK(rest.believed.empty());
  REQUIRE(unreached.error());
  CHECK_THAT(unreached.error()->what(), Contains("bucket b") || Contains("refused"));
}

TEST_CASE("a run believes what it opened itself before the ledger has it", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const auto read = site.upload_many(3);
  run_backfill(site);
  const auto lost = site.upload_many(1);
  for (const auto& ids : {read, lost})
    for (const std::string& id : ids)
      std::filesystem::remove(site.file(id));
  const auto whole = site.upload_many(1);
  const Stores stores(site.site());
  SettledImage missing;
  missing.claim.image_id = lost[0];
  missing.outcome = {.result = ImageResult::missing, .place = site.store()};
  SECTION("and opens now") {
    UnreachedImages unreached(site.sql(), /*has_ledger=*/true, stores);
    unreached.reached(site.store(), {.image_id = whole[0]});
    unreached.add(missing);
    CHECK(unreached.finish().believed.size() == 1);
  }
  SECTION("but not what is gone since") {
    UnreachedImages unreached(site.sql(), /*has_ledger=*/true, stores);
    unreached.reached(site.store(), {.image_id = whole[0]});
    std::filesystem::remove(site.file(whole[0]));
    unreached.add(missing);
    CHECK(unreached.finish().left.size() == 1);
  }
  SECTION("nor without it") {
    UnreachedImages unreached(site.sql(), /*has_ledger=*/true, stores);
    unreached.add(missing);
    CHECK(unreached.finish().left.size() == 1);
  }
}
