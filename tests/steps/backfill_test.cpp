// SPDX-License-Identifier: Apache-2.0
#include <openssl/evp.h>

#include "expand/expand.h"
#include "ledger/runs.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;

namespace {

// The reader's buffer; where the tests look for mistakes at its edges.
constexpr std::size_t kChunkBytes = 64 << 10;

// As glance/common/crypt.py makes it: URL-safe base64 of IV || AES-CBC(text, 0x00, random bytes).
std::string encrypted(std::string text, const std::string& key, char iv_byte) {
  text += '\0';
  text.append((16 - text.size() % 16) % 16, 'p');
  const std::string iv(16, iv_byte);
  std::string cipher(text.size(), '\0');
  const auto bytes = [](const std::string& s) {
    return reinterpret_cast<const unsigned char*>(s.data());
  };
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(
      EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  int length = 0;
  REQUIRE(EVP_EncryptInit_ex2(context.get(), EVP_aes_256_cbc(), bytes(key), bytes(iv), nullptr) ==
          1);
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  REQUIRE(EVP_EncryptUpdate(context.get(), reinterpret_cast<unsigned char*>(cipher.data()), &length,
                            bytes(text), static_cast<int>(text.size())) == 1);
  REQUIRE(static_cast<std::size_t>(length) == text.size());
  const std::string whole = iv + cipher;
  std::string base64(4 * ((whole.size() + 2) / 3) + 1, '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), bytes(whole),
                  static_cast<int>(whole.size()));
  base64.pop_back();
  for (char& c : base64)
    c = c == '+' ? '-' : c == '/' ? '_' : c;
  return base64;
}

void require_hashed(GlanceSite& site, const std::string& image, const std::string& content,
                    const std::string& algorithm = "sha512") {
  INFO(image);
  REQUIRE(site.get(image, "os_hash_algo") == algorithm);
  REQUIRE(site.get(image, "os_hash_value") == digest_of(algorithm, content));
  REQUIRE(site.get(image, "checksum") == digest_of("md5", content));
}

}  // namespace

TEST_CASE("backfill is refused before expand, and changes nothing", "[backfill]") {
  GlanceSite site("queens_contract01");
  site.upload("content");
  const auto before = dump(site.sql());
  const Error error = required_error([&] { run_backfill(site); });
  CHECK(error.kind() == ErrorKind::schema_state);
  CHECK(error.next() == "backglance expand");
  CHECK(required_error([&] { run_sweep(site); }).kind() == ErrorKind::schema_state);
  const BackfillPlan plan = plan_backfill(site.site(), {});
  CHECK(plan.images == 1);
  CHECK(plan.bytes == 7);
  CHECK(changes(before, dump(site.sql())) == kNone);
}

TEST_CASE("backfill publishes what the bytes say, and a second one does nothing", "[backfill]") {
  const int jobs = GENERATE(1, 2, 8);
  GlanceSite site;
  expand(site.sql());
  std::map<std::string, std::string> contents;
  std::int64_t bytes = 0;
  // Around the size of a chunk, and many small ones.
  for (const std::size_t length :
       {std::size_t{0}, std::size_t{1}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1,
        4 * kChunkBytes - 1, 4 * kChunkBytes, 4 * kChunkBytes + 1, 8 * kChunkBytes}) {
    std::string content(length, 'x');
    if (!content.empty())
      content.back() = 'y';
    contents[site.upload(content)] = content;
  }
  for (int i = 0; i < 80; ++i) {
    const std::string content = "small image " + std::to_string(i);
    contents[site.upload(content)] = content;
  }
  for (const auto& [id, content] : contents)
    bytes += static_cast<std::int64_t>(content.size());

  const BackfillPlan plan = plan_backfill(site.site(), {});
  CHECK(plan.images == 89);
  CHECK(plan.bytes == bytes);
  const BackfillRun run = run_backfill(site, {.jobs = jobs});
  CHECK(run.result.end == RunEnd::complete);
  CHECK(run.images(ImageResult::hashed) == 89);
  CHECK(run.result.total(ImageResult::hashed).bytes == bytes);
  CHECK(run.result.bytes_read == bytes);
  CHECK(run.result.queued == 89);
  CHECK(run.result.left_images == 0);
  CHECK_FALSE(run.result.has_findings());
  CHECK(run.outcomes.size() == 89);
  for (const auto& [id, content] : contents)
    require_hashed(site, id, content);

  const auto glance = dump(site.sql(), Part::glance);
  const BackfillRun again = run_backfill(site, {.jobs = jobs});
  CHECK(again.order.empty());
  CHECK(again.result.bytes_read == 0);
  CHECK(changes(glance, dump(site.sql(), Part::glance)) == kNone);
  CHECK(live_runs(site.sql()).empty());
  CHECK(site.runs("backfill", "done") == 2);
}

TEST_CASE("backfill changes the three columns and nothing else of Glance's", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  site.add_properties(image, {"os_type"});
  site.set(image, "checksum", nullptr);
  auto before = dump(site.sql(), Part::glance);
  run_backfill(site);
  require_hashed(site, image, "content");
  for (const char* column : {"checksum", "os_hash_algo", "os_hash_value"})
    site.set(image, column, nullptr);
  CHECK(changes(before, dump(site.sql(), Part::glance)) == kNone);
}

TEST_CASE("backfill fills a missing checksum and overwrites none", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string missing = site.upload("content");
  site.set(missing, "checksum", nullptr);
  const std::string empty = site.upload("content");
  site.set(empty, "checksum", std::string());
  const std::string capitals = site.upload("content");
  const std::string upper = "9A0364B9E99BB480DD25E1F0284C8555";
  site.set(capitals, "checksum", upper);
  CHECK(run_backfill(site).images(ImageResult::hashed) == 3);
  require_hashed(site, missing, "content");
  require_hashed(site, empty, "content");
  CHECK(site.get(capitals, "os_hash_value") == digest_of("sha512", "content"));
  CHECK(site.get(capitals, "checksum") == upper);
}

TEST_CASE("an image's own algorithm is used, else the site's", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.site().hashing_algorithm = "sha3_256";
  const std::string plain = site.upload("content");
  const std::string orphaned = site.upload("content");
  site.set(orphaned, "os_hash_algo", std::string("sha256"));
  const std::string spelled = site.upload("content");
  site.set(spelled, "os_hash_algo", std::string("SHA-512"));
  const std::string empty = site.upload("content");
  site.set(empty, "os_hash_algo", std::string());
  CHECK(run_backfill(site).images(ImageResult::hashed) == 4);
  for (const std::string& id : {plain, empty}) {
    CHECK(site.get(id, "os_hash_algo") == "sha3_256");
    CHECK(site.get(id, "os_hash_value") == digest_of("sha3-256", "content"));
  }
  require_hashed(site, orphaned, "content", "sha256");
  // The name that the image has stays; hashlib reads it as well.
  CHECK(site.get(spelled, "os_hash_algo") == "SHA-512");
  CHECK(site.get(spelled, "os_hash_value") == digest_of("sha512", "content"));
}

TEST_CASE("an algorithm that cannot be computed ends the run before it begins", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.site().hashing_algorithm = "shake_128";
  CHECK(required_error([&] { run_backfill(site); }).kind() == ErrorKind::usage);
}

TEST_CASE("backfill reads the largest first", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  std::vector<std::string> by_size;
  for (const std::size_t length : {3U, 70'000U, 20U, 300'000U, 5'000U})
    by_size.push_back(site.upload(std::string(length, 'x')));
  const BackfillRun run = run_backfill(site, {.jobs = 1});
  CHECK(run.order ==
        std::vector<std::string>{by_size[3], by_size[1], by_size[4], by_size[2], by_size[0]});
}

TEST_CASE("backfill begins by queueing what is new", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.upload("first");
  CHECK(run_backfill(site).result.queued == 1);
  const std::string second = site.upload("second");
  const BackfillRun run = run_backfill(site);
  CHECK(run.result.queued == 1);
  CHECK(run.order == std::vector<std::string>{second});
}

TEST_CASE("hidden and deactivated images of every visibility are hashed", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  std::vector<std::string> ids;
  for (const char* visibility : {"public", "private", "shared", "community"}) {
    ids.push_back(site.upload(visibility));
    site.set(ids.back(), "visibility", std::string(visibility));
  }
  ids.push_back(site.upload("hidden"));
  site.set(ids.back(), "os_hidden", std::int64_t{1});
  ids.push_back(site.upload("deactivated"));
  site.set(ids.back(), "status", std::string("deactivated"));
  CHECK(run_backfill(site).images(ImageResult::hashed) == 6);
  for (const std::string& id : ids)
    CHECK(site.get(id, "os_hash_value").has_value());
}

TEST_CASE("where the first location fails, the next is read", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.insert_image();
  const std::int64_t missing = site.add_location(image, "file://" + (site.store() / "no").string());
  const std::int64_t swift =
      site.add_location(image, "swift+https://tenant%3Auser:s3cret@keystone/v3/glance/image");
  site.write_file(site.file("there"), "content");
  const std::int64_t good = site.add_location(image, "file://" + site.file("there").string());
  site.set(image, "checksum", digest_of("md5", "content"));
  const BackfillRun run = run_backfill(site);
  CHECK(run.images(ImageResult::hashed) == 1);
  require_hashed(site, image, "content");
  CHECK(site.ours("item", image, "location_id") == std::to_string(good));
  const std::string reason = site.ours("item", image, "reason").value_or("");
  for (const std::int64_t id : {missing, swift, good})
    CHECK_THAT(reason, Contains("location " + std::to_string(id)));
}

TEST_CASE("a site known by its URL alone gives no hash on a guess of the first location",
          "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.site().knows_location_order = false;
  const std::string image = site.insert_image();
  for (const char* name : {"one", "two"}) {
    site.write_file(site.file(name), name);
    site.add_location(image, "file://" + site.file(name).string());
  }
  const std::string single = site.upload("one location");
  site.set(single, "checksum", nullptr);
  BackfillRun run = run_backfill(site);
  CHECK(run.images(ImageResult::hashed) == 1);
  CHECK(run.outcomes.at(image).result == ImageResult::other_location);
  CHECK_THAT(run.outcomes.at(image).reason, Contains("--config-file"));
  CHECK(site.get(image, "os_hash_value") == std::nullopt);
  // A checksum decides.
  site.set(image, "checksum", digest_of("md5", "one"));
  run = run_backfill(site, {.retry_failed = true});
  CHECK(run.images(ImageResult::hashed) == 1);
  require_hashed(site, image, "one");
}

TEST_CASE("a row that names its image in other letters is the image's where Glance takes it so",
          "[backfill]") {
  GlanceSite site;
  if (site.compares_with_case())
    return;
  expand(site.sql());
  const std::string image = site.upload("content");
  site.sql().execute("UPDATE image_locations SET image_id = UPPER(image_id)");
  site.start_import(image);
  site.sql().execute("UPDATE image_properties SET image_id = UPPER(image_id)");
  CHECK(run_backfill(site).images(ImageResult::busy_in_glance) == 1);
  site.delete_property(image, "os_glance_import_task");
  site.sql().execute("UPDATE backglance_item SET next_try_at = 0");
  CHECK(run_backfill(site).images(ImageResult::hashed) == 1);
  require_hashed(site, image, "content");
}

TEST_CASE("a location that Glance does not serve first gives no hash without a checksum",
          "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  // By it the store is seen to be there.
  site.upload("another image");
  const std::string image = site.insert_image();
  std::int64_t first = 0;
  SECTION("the first is in a store that is not supported") {
    first = site.add_location(image, "http://mirror/image");
  }
  SECTION("the file of the first is missing") {
    first = site.add_location(image, "file://" + (site.store() / "no").string());
  }
  SECTION("the first is outside the stores") {
    first = site.add_location(image, "file:///etc/hostname");
  }
  site.write_file(site.file("there"), "other bytes");
  const std::int64_t later = site.add_location(image, "file://" + site.file("there").string());
  // A size that agrees proves nothing.
  site.set(image, "size", std::int64_t{11});

  const BackfillRun run = run_backfill(site);
  CHECK(run.images(ImageResult::hashed) == 1);
  REQUIRE(run.images(ImageResult::other_location) == 1);
  CHECK(run.result.has_findings());
  CHECK(run.result.bytes_read == 13);
  CHECK_THAT(run.outcomes.at(image).reason,
             Contains(fmt::format("location {}: ", first)) &&
                 Contains(fmt::format("location {} could be read, but no checksum", later)));
  CHECK(site.get(image, "os_hash_value") == std::nullopt);
  CHECK(site.get(image, "checksum") == std::nullopt);
  CHECK(site.ours("item", image, "state") == "failed");
  CHECK(run_backfill(site).order.empty());

  // With a checksum it is known which bytes are the image.
  site.set(image, "checksum", digest_of("md5", "the image!!"));
  CHECK(
      run_backfill(site, {.jobs = 1, .retry_failed = true}).images(ImageResult::checksum_differs) ==
      1);
  site.set(image, "checksum", digest_of("md5", "other bytes"));
  CHECK(run_backfill(site, {.jobs = 1, .retry_failed = true}).images(ImageResult::hashed) == 1);
  require_hashed(site, image, "other bytes");
  // But what Glance serves first was not compared.
  CHECK(run_verify(site, {.jobs = 1, .images = {image}}).images(ImageResult::other_location) == 1);
  CHECK(site.ours("verify", image, "result") == "other_location");
}

TEST_CASE("a host that lacks the mount of the first location leaves the image for another",
          "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::filesystem::path mount = site.directory() / "mount";
  std::filesystem::create_directories(mount);
  site.site().stores = {{"", "file", {site.store(), mount}}};
  const std::string image = site.insert_image();
  site.add_location(image, "file://" + (mount / "image").string());
  site.write_file(site.file("there"), "other bytes");
  site.add_location(image, "file://" + site.file("there").string());
  CHECK(required_error([&] { run_backfill(site); }).kind() == ErrorKind::io);
  CHECK(site.ours("item", image, "state") == "queued");
  CHECK(site.get(image, "os_hash_value") == std::nullopt);
}

TEST_CASE("the first location is the one that Glance serves, whatever its id", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.insert_image();
  const auto locate = [&](const std::string& name, const std::string& store) {
    site.write_file(site.file(name), name);
    const std::int64_t id = site.add_location(image, "file://" + site.file(name).string());
    site.sql().execute("UPDATE image_locations SET meta_data = :meta WHERE id = :id",
                       {{"meta", R"({"store": ")" + store + "\"}"}, {"id", id}});
  };
  locate("in the slow store", "slow");
  locate("in the fast store", "fast");
  site.site().store_weights = {{"fast", 100}};
  CHECK(run_backfill(site).images(ImageResult::hashed) == 1);
  require_hashed(site, image, "in the fast store");
}

TEST_CASE("encrypted locations are read, and plain ones among them", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string key = "0123456789abcdef0123456789abcdef";
  site.site().metadata_encryption_key = key;
  const std::string plain = site.upload("plain");
  const std::string secret = site.upload("secret");
  site.sql().execute(
      "UPDATE image_locations SET value = :value WHERE image_id = :id",
      {{"value", encrypted("file://" + site.file(secret).string(), key, 'i')}, {"id", secret}});
  CHECK(run_backfill(site).images(ImageResult::hashed) == 2);
  require_hashed(site, plain, "plain");
  require_hashed(site, secret, "secret");

  // Glance encrypts anew with each save: another text, the same location.
  for (const char* column : {"os_hash_algo", "os_hash_value"})
    site.set(secret, column, nullptr);
  site.sql().execute(
      "UPDATE image_locations SET value = :value WHERE image_id = :id",
      {{"value", encrypted("file://" + site.file(secret).string(), key, 'j')}, {"id", secret}});
  CHECK(run_sweep(site).images(ImageResult::restored) == 1);

  const std::string other = site.upload("other");
  site.sql().execute("UPDATE image_locations SET value = :value WHERE image_id = :id",
                     {{"value", encrypted("file://" + site.file(other).string(),
                                          "another key of thirty-two bytes.", 'i')},
                      {"id", other}});
  CHECK(run_backfill(site).images(ImageResult::unreadable) == 1);
}

TEST_CASE("no secret of a location reaches the ledger", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.upload("content");
  run_backfill(site);
  for (const char* uri : {"swift+https://tenant%3Auser:hunter2@keystone/v3/glance/image",
                          "s3://AKIA:hunter2/+x@s3.example.org/glance/image",
                          "http://user:hunter2@example.org/image?token=hunter2",
                          "file:///hunter2/image", "hunter2", "hunter2://user:hunter2@host/"})
    site.add_location(site.insert_image(), uri);
  const std::string inside = site.insert_image();
  site.add_location(inside, "file://" + (site.store() / "hunter2").string());
  const BackfillRun run = run_backfill(site);
  CHECK(run.outcomes.size() == 7);
  for (const auto& [id, outcome] : run.outcomes)
    CHECK_THAT(outcome.reason, !Contains("user") && !Contains("image?") && !Contains("AKIA"));
  for (const std::string& line : dump(site.sql()))
    if (line.starts_with("backglance_"))
      CHECK_THAT(line, !Contains("hunter2"));
}

TEST_CASE("an object that was read before is recognized", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  run_backfill(site);
  CHECK_THAT(site.ours("item", image, "source_identity").value_or(""), Contains(":7:"));
  CHECK(site.ours("item", image, "bytes_read") == "7");
  CHECK(site.ours("item", image, "location_id") == std::to_string(site.first_location(image)));
}
