// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <thread>

#include "expand/expand.h"
#include "ledger/queue_figures.h"
#include "ledger/read_outcome.h"
#include "tests/steps/glance_site.h"

using namespace backglance;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

struct Case {
  const char* what;
  ImageResult result;
  const char* state;   // of its item
  std::string reason;  // a part of it
  std::function<void(GlanceSite&, const std::string&)> make;
  bool any_bytes = false;  // needs an engine whose columns take values of any type
};

// A text that is no UTF-8 or, where the engine refuses that, one with as odd characters.
std::string odd(const GlanceSite& site, const std::string& bytes, const std::string& utf8) {
  return site.takes_any_bytes() ? bytes : utf8;
}

void point_to(GlanceSite& site, const std::string& image, const std::string& uri) {
  site.sql().execute("UPDATE image_locations SET value = :uri WHERE image_id = :id",
                     {{"uri", uri}, {"id", image}});
}

using R = ImageResult;

std::vector<Case> location_cases() {
  return {
      {"no location", R::no_location, "failed", "no live location",
       [](GlanceSite& site, const std::string&) {
         site.sql().execute("DELETE FROM image_locations");
       }},
      {"its location deleted", R::no_location, "failed", "no live location",
       [](GlanceSite& site, const std::string&) {
         site.sql().execute("UPDATE image_locations SET deleted = {true}");
       }},
      {"its location pending delete", R::no_location, "failed", "no live location",
       [](GlanceSite& site, const std::string&) {
         site.sql().execute("UPDATE image_locations SET status = 'pending_delete'");
       }},
      {"outside the store", R::unreadable, "failed", "outside the configured",
       [](GlanceSite& site, const std::string& id) {
         fs::rename(site.file(id), site.directory() / "outside");
         point_to(site, id, "file://" + (site.directory() / "outside").string());
       }},
      {"a location of garbage", R::unreadable, "failed", "not a URI",
       [](GlanceSite& site, const std::string& id) {
         point_to(site, id, odd(site, "\x01\xff garbage", "\x01\xc3\xbf garbage"));
       }},
      {"an empty location", R::unreadable, "failed", "not a URI",
       [](GlanceSite& site, const std::string& id) { point_to(site, id, ""); }},
      {"a location of 64 KiB", R::unreadable, "failed", "not a URI",
       [](GlanceSite& site, const std::string& id) {
         point_to(site, id, std::string(std::min<std::size_t>(65536, site.longest_text()), 'A'));
       }},
      {"a path of 64 KiB", R::unreadable, "failed", "",
       [](GlanceSite& site, const std::string& id) {
         point_to(site, id,
                  "file://" + site.store().string() + "/" +
                      std::string(std::min<std::size_t>(65536, site.longest_text()), 'A'));
       }},
      {"a store of another kind", R::store_not_supported, "failed", "rbd",
       [](GlanceSite& site, const std::string& id) {
         point_to(site, id, "rbd://fsid/pool/image/snap");
       }},
  };
}

std::vector<Case> file_cases() {
  return {
      {"no such file", R::missing, "failed", "no such file",
       [](GlanceSite& site, const std::string& id) { fs::remove(site.file(id)); }},
      {"a dangling symlink", R::unreadable, "failed", "is that mounted?",
       [](GlanceSite& site, const std::string& id) {
         fs::remove(site.file(id));
         fs::create_symlink("nowhere", site.file(id));
       }},
      {"a directory", R::unreadable, "failed", "not a regular file",
       [](GlanceSite& site, const std::string& id) {
         fs::remove(site.file(id));
         fs::create_directory(site.file(id));
       }},
      {"a FIFO", R::unreadable, "failed", "not a regular file",
       [](GlanceSite& site, const std::string& id) {
         fs::remove(site.file(id));
         REQUIRE(mkfifo(site.file(id).c_str(), 0600) == 0);
       }},
      {"a symlink out of the store", R::unreadable, "failed", "leads out",
       [](GlanceSite& site, const std::string& id) {
         fs::rename(site.file(id), site.directory() / "outside");
         fs::create_symlink("../outside", site.file(id));
       }},
      {"a file cut short", R::size_differs, "failed", "holds 3 bytes, Glance says 7",
       [](GlanceSite& site, const std::string& id) { fs::resize_file(site.file(id), 3); }},
      {"a file with a tail", R::size_differs, "failed", "holds 9 bytes, Glance says 7",
       [](GlanceSite& site, const std::string& id) { fs::resize_file(site.file(id), 9); }},
      {"a file cut short without a checksum", R::size_differs, "failed", "holds 3 bytes",
       [](GlanceSite& site, const std::string& id) {
         fs::resize_file(site.file(id), 3);
         site.set(id, "checksum", nullptr);
       }},
      {"another content of the same length", R::checksum_differs, "failed",
       digest_of("md5", "c0ntent"),
       [](GlanceSite& site, const std::string& id) { site.write_file(site.file(id), "c0ntent"); }},
  };
}

std::vector<Case> row_cases() {
  return {
      {"a size below zero", R::size_differs, "failed", "Glance says -1",
       [](GlanceSite& site, const std::string& id) { site.set(id, "size", std::int64_t{-1}); }},
      {"a size beyond belief", R::size_differs, "failed", "Glance says 9223372036854775807",
       [](GlanceSite& site, const std::string& id) { site.set(id, "size", INT64_MAX); }},
      {"a size of letters", R::size_differs, "failed", "",
       [](GlanceSite& site, const std::string& id) { site.set(id, "size", std::string("huge")); },
       true},
      {"an empty size", R::size_differs, "failed", "",
       [](GlanceSite& site, const std::string& id) { site.set(id, "size", std::string()); }, true},
      {"a broken size", R::size_differs, "failed", "",
       [](GlanceSite& site, const std::string& id) { site.set(id, "size", std::string("12.5")); },
       true},
      {"a checksum that is none", R::checksum_differs, "failed", "not an MD5",
       [](GlanceSite& site, const std::string& id) {
         site.set(id, "checksum", std::string("n/a"));
       }},
      {"a checksum that is no UTF-8", R::checksum_differs, "failed", "not an MD5",
       [](GlanceSite& site, const std::string& id) {
         site.set(id, "checksum",
                  odd(site, std::string(32, '\xe9'), "\xc3\xa9 is no hexadecimal digit"));
       }},
      {"an algorithm that nobody knows", R::hash_not_supported, "failed", "whirlpool2",
       [](GlanceSite& site, const std::string& id) {
         site.set(id, "os_hash_algo", std::string("whirlpool2"));
       }},
      {"an algorithm without a length", R::hash_not_supported, "failed", "shake_256",
       [](GlanceSite& site, const std::string& id) {
         site.set(id, "os_hash_algo", std::string("shake_256"));
       }},
      {"an import at work", R::busy_in_glance, "queued", "os_glance_import_task",
       [](GlanceSite& site, const std::string& id) { site.start_import(id); }},
      {"an import that waits for its turn", R::busy_in_glance, "queued", "os_glance_import_task",
       [](GlanceSite& site, const std::string& id) {
         site.start_import(id, std::chrono::minutes(110), "pending");
       }},
      {"a hash worker at work", R::busy_in_glance, "queued", "os_glance_hash_op_host",
       [](GlanceSite& site, const std::string& id) {
         site.add_properties(id, {"os_glance_hash_op_host"});
         site.sql().execute("UPDATE image_properties SET updated_at = {now_datetime}");
       }},
      {"an import into stores", R::busy_in_glance, "queued", "os_glance_importing_to_stores",
       [](GlanceSite& site, const std::string& id) {
         site.add_properties(id, {"os_glance_importing_to_stores"});
         site.sql().execute("UPDATE image_properties SET updated_at = {now_datetime}");
       }},
  };
}

std::vector<Case> harmless_cases() {
  return {
      {"nothing is wrong", R::hashed, "done", "", [](GlanceSite&, const std::string&) {}},
      {"an import into no store", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) {
         site.add_property(id, "os_glance_importing_to_stores", std::string());
         site.add_property(id, "OS_GLANCE_IMPORT_TASK", std::string("of no meaning"));
       }},
      {"an import that is over", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) {
         site.start_import(id);
         site.delete_property(id, "os_glance_import_task");
       }},
      {"an import whose task is gone", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) {
         site.add_properties(id, {"os_glance_import_task"});
       }},
      {"an import that died", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) {
         site.start_import(id, std::chrono::minutes(61));
       }},
      {"an import that never had its turn", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) {
         site.start_import(id, std::chrono::minutes(121), "pending");
       }},
      {"a hash worker that died years ago", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) {
         site.add_properties(id, {"os_glance_hash_op_host", "os_glance_importing_to_stores"});
       }},
      {"a size unknown", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) { site.set(id, "size", nullptr); }},
      {"a size of zero", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) { site.set(id, "size", std::int64_t{0}); }},
      {"names and owners of garbage", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) {
         site.set(id, "name", odd(site, std::string("\xff\x00\x1b[31m", 7), "\x01\x1b[31m"));
         site.set(id, "owner", odd(site, "\xc3(", "\xc3\xa9\t("));
         site.add_property(id, odd(site, "\xe9", "\xc3\xa9"),
                           std::string(site.longest_text(), 'x'));
         site.sql().execute("UPDATE image_locations SET meta_data = '{\"store\": '");
       }},
      {"a location without metadata", R::hashed, "done", "",
       [](GlanceSite& site, const std::string&) {
         site.sql().execute("UPDATE image_locations SET meta_data = NULL");
       }},
      {"a path that looks encoded", R::hashed, "done", "",
       [](GlanceSite& site, const std::string& id) {
         fs::rename(site.file(id), site.store() / "a%20b c;d.img");
         point_to(site, id, "file://" + (site.store() / "a%20b c;d.img").string());
       }},
  };
}

// Changes the image's file while it is being read, and returns what became of it.
ReadOutcome read_while(GlanceSite& site, const std::string& image,
                       const std::function<void()>& change) {
  ReadContext context(site.site(), 4 << 20, std::nullopt);
  std::thread writer([&] {
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (context.counters.bytes_read.load() == 0 && std::chrono::steady_clock::now() < patience)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    change();
  });
  std::optional<ReadOutcome> outcome;
  backfill(site.site(), context, {.jobs = 1},
           [&](const std::string& id, const ReadOutcome& became) {
             if (id == image)
               outcome = became;
           });
  writer.join();
  REQUIRE(outcome.has_value());
  return *outcome;
}

}  // namespace

TEST_CASE("each image gets its result, and only hashed images are published", "[backfill]") {
  std::vector<Case> cases = location_cases();
  for (const auto& more : {file_cases(), row_cases(), harmless_cases()})
    cases.insert(cases.end(), more.begin(), more.end());
  for (const Case& one : cases) {
    DYNAMIC_SECTION(one.what) {
      GlanceSite site;
      if (one.any_bytes && !site.takes_any_bytes())
        continue;
      expand(site.sql());
      // A host that can open no image at all is no host to judge one.
      site.upload("another");
      run_backfill(site);
      const std::string image = site.upload("content");
      one.make(site, image);
      const auto glance = dump(site.sql(), Part::glance);
      const BackfillRun run = run_backfill(site);
      CHECK(run.result.end == RunEnd::complete);
      REQUIRE(run.outcomes.contains(image));
      const ReadOutcome& outcome = run.outcomes.at(image);
      CHECK(result_name(outcome.result) == result_name(one.result));
      CHECK(run.images(one.result) == 1);
      CHECK(run.result.has_findings() == is_finding(one.result));
      CHECK_THAT(outcome.reason, Contains(one.reason));
      CHECK_THAT(outcome.reason, !Contains(site.file(image).string()));
      CHECK(site.ours("item", image, "state") == one.state);
      CHECK(site.ours("item", image, "result") == std::string(result_name(one.result)));
      CHECK(site.ours("item", image, "lease_run") == std::nullopt);
      if (one.result == ImageResult::hashed) {
        CHECK(site.get(image, "os_hash_value") == digest_of("sha512", "content"));
      } else {
        CHECK(changes(glance, dump(site.sql(), Part::glance)) == kNone);
        CHECK(site.ours("item", image, "digest") == std::nullopt);
      }
      // Findings are not read again by themselves, nor is what was hashed.
      CHECK(run_backfill(site).order.empty());
    }
  }
}

TEST_CASE("one bad image does not end the run", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  std::vector<std::string> images;
  for (int i = 0; i < 30; ++i) {
    images.push_back(site.upload("content " + std::to_string(i)));
    if (i % 3 == 0)
      fs::remove(site.file(images.back()));
    if (i % 3 == 1)
      site.write_file(site.file(images.back()), "damaged " + std::to_string(i));
  }
  const BackfillRun run = run_backfill(site, {.jobs = 4});
  CHECK(run.images(ImageResult::missing) == 10);
  CHECK(run.images(ImageResult::checksum_differs) == 10);
  CHECK(run.images(ImageResult::hashed) == 10);
  CHECK(QueueFigures(site.sql()).failed().images == 20);
}

TEST_CASE("of several failed locations the worst result is reported, with the reason of each",
          "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  site.upload("another");
  const std::string image = site.upload("content");
  fs::remove(site.file(image));
  const std::int64_t second = site.add_location(image, "rbd://image");
  const BackfillRun run = run_backfill(site);
  CHECK(run.images(ImageResult::missing) == 1);
  CHECK_THAT(run.outcomes.at(image).reason,
             Contains("location " + std::to_string(site.first_location(image))) &&
                 Contains("location " + std::to_string(second)) && Contains("rbd"));
}

TEST_CASE("an image that changes while it is read is not published", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string content(2 << 20, 'x');
  const std::string image = site.upload(content);
  const fs::path file = site.file(image);
  std::function<void()> change;
  SECTION("it grows") {
    change = [&] { std::ofstream(file, std::ios::app) << "more"; };
  }
  SECTION("it is cut short") {
    change = [&] { fs::resize_file(file, 1 << 20); };
  }
  SECTION("it is written to in place") {
    change = [&] {
      std::fstream out(file, std::ios::in | std::ios::out);
      out.seekp(1 << 20);
      out << "other bytes";
    };
  }
  SECTION("it is written to in place, and its time is put back") {
    change = [&] {
      const auto mtime = fs::last_write_time(file);
      std::fstream out(file, std::ios::in | std::ios::out);
      out.seekp(1 << 20);
      out << "other bytes";
      out.close();
      fs::last_write_time(file, mtime);
    };
  }
  SECTION("it is removed") {
    change = [&] { fs::remove(file); };
  }
  SECTION("another takes its place") {
    site.write_file(site.directory() / "new", content);
    change = [&] { fs::rename(site.directory() / "new", file); };
  }
  const ReadOutcome outcome = read_while(site, image, change);
  CHECK(result_name(outcome.result) == "changed_while_read");
  CHECK_FALSE(is_finding(outcome));
  CHECK_FALSE(outcome.reason.empty());
  CHECK(site.get(image, "os_hash_value") == std::nullopt);
  // It is put off, and read again when that is over.
  CHECK(site.ours("item", image, "state") == "queued");
  CHECK(run_backfill(site).order.empty());
  site.write_file(file, content);
  site.sql().execute("UPDATE backglance_item SET next_try_at = 0");
  CHECK(run_backfill(site).images(ImageResult::hashed) == 1);
  CHECK(site.get(image, "os_hash_value") == digest_of("sha512", content));
}

TEST_CASE("an image whose row changes while it is read is not published", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload(std::string(2 << 20, 'x'));
  Session glance = site.open();
  SECTION("deleted") {
    const ReadOutcome outcome = read_while(site, image, [&] {
      glance.execute("UPDATE images SET status = 'deleted', deleted = {true}");
    });
    CHECK(outcome.result == ImageResult::gone);
  }
  SECTION("hashed by Glance") {
    const ReadOutcome outcome = read_while(site, image, [&] {
      glance.execute("UPDATE images SET os_hash_algo = 'md5', os_hash_value = 'ff'");
    });
    CHECK(outcome.result == ImageResult::already_done);
    CHECK(site.get(image, "os_hash_value") == "ff");
  }
  SECTION("with another checksum") {
    const ReadOutcome outcome =
        read_while(site, image, [&] { glance.execute("UPDATE images SET checksum = 'ff'"); });
    CHECK(outcome.result == ImageResult::busy_in_glance);
    CHECK(site.get(image, "os_hash_value") == std::nullopt);
  }
}

TEST_CASE("an image that Glance is working on is read after Glance has finished", "[backfill]") {
  GlanceSite site;
  expand(site.sql());
  const std::string image = site.upload("content");
  site.start_import(image);
  const BackfillRun busy = run_backfill(site);
  CHECK(busy.images(ImageResult::busy_in_glance) == 1);
  CHECK(busy.result.left_images == 1);
  CHECK(site.sql().count("SELECT next_try_at - {now} FROM backglance_item") > 60);
  site.delete_property(image, "os_glance_import_task");
  CHECK(run_backfill(site).order.empty());
  site.sql().execute("UPDATE backglance_item SET next_try_at = {now}");
  CHECK(run_backfill(site).images(ImageResult::hashed) == 1);
}
