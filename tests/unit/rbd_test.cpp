// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "store/rbd/choose_store.h"
#include "store/rbd/load_module.h"
#include "store/rbd/rbd_failure.h"
#include "store/rbd/rbd_location.h"
#include "store/rbd/rbd_object.h"
#include "store/rbd/unless_stopped.h"

using namespace backglance;

namespace {

std::optional<RbdAddress> address_of(const std::string& uri) {
  return read_rbd_address({.scheme = "rbd", .uri = uri});
}

using Chosen = std::vector<std::size_t>;

Chosen chosen(const std::string& uri, const std::string& id,
              const std::vector<RbdCandidate>& stores) {
  return std::get<Chosen>(choose_stores(*address_of(uri), id, stores));
}

AttemptFailure refused(const std::string& uri, const std::vector<RbdCandidate>& stores) {
  return std::get<AttemptFailure>(choose_stores(*address_of(uri), "", stores));
}

}  // namespace

TEST_CASE("an rbd location has one part or four") {
  const auto four = address_of("rbd://F5/po%20ol/im%2Fage/s%25p");
  REQUIRE(four);
  CHECK(four->fsid == "f5");
  CHECK(four->pool == "po ol");
  CHECK(four->image == "im/age");
  CHECK(four->snapshot == "s%p");
  CHECK_FALSE(four->is_head());

  const auto one = address_of("rbd://im%2Fage");
  REQUIRE(one);
  CHECK(one->image == "im%2Fage");  // Glance does not decode it
  CHECK(one->is_head());

  // what is no escape stays, as with urllib.parse.unquote
  CHECK(address_of("rbd://f/p/100%/s")->image == "100%");
  CHECK(address_of("rbd://f/p/%zz%4/s")->image == "%zz%4");
  for (const char* wrong :
       {"rbd://", "rbd://a/b", "rbd://a/b/c", "rbd://a/b/c/d/e", "rbd://f/p/i/", "rbd:///p/i/s",
        "rbd://f//i/s", "rbd://f/p/i%00/s", "rbd://f/p/\xc3\xa4/s", "RBD://f/p/i/s", "swift://a"})
    CHECK_FALSE(address_of(wrong));
}

TEST_CASE("an rbd location is read by the store of its pool and cluster") {
  const std::vector<RbdCandidate> stores = {{"one", "images", "f1"},
                                            {"two", "images", "f2"},
                                            {"three", "other", "f1"},
                                            {"new", "images"}};
  CHECK(chosen("rbd://f1/images/i/s", "", stores) == Chosen{0, 3});
  CHECK(chosen("rbd://f2/images/i/s", "", stores) == Chosen{1, 3});
  // the id of the row decides only among those that may have it
  CHECK(chosen("rbd://f2/images/i/s", "one", stores) == Chosen{1, 3});
  CHECK(chosen("rbd://f2/images/i/s", "new", stores) == Chosen{3, 1});
  CHECK(chosen("rbd://f1/other/i/s", "two", stores) == Chosen{2});
  // a cluster that was not reached yet may be the right one
  CHECK(chosen("rbd://f3/images/i/s", "", stores) == Chosen{3});

  CHECK(refused("rbd://f2/other/i/s", stores).reason.find("another Ceph cluster") !=
        std::string::npos);
  const AttemptFailure volume = refused("rbd://f1/volumes/i/s", stores);
  CHECK(volume.result == ImageResult::unreadable);
  CHECK(volume.kind == FailureKind::image);
  CHECK(volume.reason.find("rbd_store_pool") != std::string::npos);
  CHECK(refused("rbd://f1/images/i/s", {}).result == ImageResult::store_not_supported);
}

TEST_CASE("an rbd location of one part is in the store of its row, or in any") {
  const std::vector<RbdCandidate> stores = {{"one", "images", "f1"}, {"two", "images", "f2"}};
  CHECK(chosen("rbd://i", "two", stores) == Chosen{1});
  CHECK(chosen("rbd://i", "", stores) == Chosen{0, 1});
  CHECK(chosen("rbd://i", "gone", stores) == Chosen{0, 1});
  // an old-style store has no id
  CHECK(chosen("rbd://i", "", {{"", "images"}}) == Chosen{0});
}

TEST_CASE("only what Ceph says is gone is missing") {
  for (const RbdProblem problem : {RbdProblem::no_image, RbdProblem::no_snapshot}) {
    CHECK(attempt_failure({problem, ENOENT}, true).result == ImageResult::missing);
    // once bytes were read, it has changed
    CHECK(failure_after_open({problem, ENOENT}).result == ImageResult::changed_while_read);
  }
  for (const RbdProblem problem :
       {RbdProblem::configuration, RbdProblem::no_keyring, RbdProblem::refused, RbdProblem::no_pool,
        RbdProblem::other_cluster}) {
    CHECK(attempt_failure({problem, ENOENT}, true).kind == FailureKind::place);
    CHECK(failure_after_open({problem, ENOENT}).kind == FailureKind::place);
  }
  for (const RbdProblem problem : {RbdProblem::timeout, RbdProblem::blocklisted})
    CHECK(attempt_failure({problem, ETIMEDOUT}, true).kind == FailureKind::transient);
  CHECK(attempt_failure({RbdProblem::stopped, 0}, true).kind == FailureKind::stopped);
  CHECK(attempt_failure({RbdProblem::other, ENOMEM}, true).kind == FailureKind::transient);
  const AttemptFailure io = attempt_failure({RbdProblem::other, EIO}, true);
  CHECK(io.result == ImageResult::unreadable);
  CHECK(io.kind == FailureKind::image);
  CHECK(attempt_failure({RbdProblem::shrunk, 0}, true).result == ImageResult::changed_while_read);
}

TEST_CASE("a cluster that was never reached is away, one that was may come back") {
  CHECK(attempt_failure({RbdProblem::no_monitor, ETIMEDOUT}, false).kind == FailureKind::place);
  const AttemptFailure later = attempt_failure({RbdProblem::no_monitor, ETIMEDOUT}, true);
  CHECK(later.kind == FailureKind::transient);
  CHECK(later.is_unreached);
}

TEST_CASE("the identity of a snapshot has all that identifies it, and a head has none") {
  const RbdTarget snapshot{nullptr, "f", "p", *address_of("rbd://f/p/i/s")};
  const RbdImageFacts facts{.pool_id = 1, .image_id = "a", .snap_id = 2, .size = 3};
  const std::string identity = rbd_identity(snapshot, facts);
  CHECK(identity == rbd_identity(snapshot, facts));
  CHECK(is_same_object(identity, identity));
  RbdTarget elsewhere = snapshot;
  elsewhere.fsid = "g";
  CHECK(rbd_identity(elsewhere, facts) != identity);
  CHECK(rbd_identity(snapshot, {.pool_id = 2, .image_id = "a", .snap_id = 2, .size = 3}) !=
        identity);
  CHECK(rbd_identity(snapshot, {.pool_id = 1, .image_id = "b", .snap_id = 2, .size = 3}) !=
        identity);
  CHECK(rbd_identity(snapshot, {.pool_id = 1, .image_id = "a", .snap_id = 3, .size = 3}) !=
        identity);
  CHECK(rbd_identity(snapshot, {.pool_id = 1, .image_id = "a", .snap_id = 2, .size = 4}) !=
        identity);

  const RbdTarget head{nullptr, "f", "p", *address_of("rbd://i")};
  CHECK(rbd_identity(head, facts) != rbd_identity(head, facts));
}

TEST_CASE("a head that was written to in the last two minutes may hide a write") {
  using std::chrono::seconds;
  const RbdImageFacts facts{.pool_id = 1, .image_id = "a", .modified = 1000'000'000'000};
  CHECK(may_hide_a_write(facts, seconds(1000)));
  CHECK(may_hide_a_write(facts, seconds(1119)));
  CHECK_FALSE(may_hide_a_write(facts, seconds(1120)));
  CHECK(may_hide_a_write(facts, seconds(900)));  // the writer's clock is ahead
}

TEST_CASE("a call that blocks does not delay the end of a stopped run") {
  CHECK(unless_stopped([] { return false; }, [] { return 7; }) == 7);

  struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = false;
    bool has_ended = false;
  };
  const auto gate = std::make_shared<Gate>();
  const auto blocked = [gate] {
    std::unique_lock lock(gate->mutex);
    gate->changed.wait(lock, [&] { return gate->is_open; });
    gate->has_ended = true;
    gate->changed.notify_all();
    return 7;
  };
  CHECK_FALSE(unless_stopped([] { return true; }, blocked));
  CHECK_FALSE(unless_stopped([] { return false; }, blocked, std::chrono::milliseconds(1)));
  std::unique_lock lock(gate->mutex);
  gate->is_open = true;
  gate->changed.notify_all();
  gate->changed.wait(lock, [&] { return gate->has_ended; });
}

TEST_CASE("a module that cannot be used says what to install") {
  const auto folder = std::filesystem::temp_directory_path() / "backglance-rbd-module-test";
  std::filesystem::create_directories(folder);
  const auto gone = load_rbd_module(folder / "gone.so");
  CHECK(std::get<std::string>(gone).find("is not installed") != std::string::npos);
  std::ofstream(folder / "broken.so") << "no library";
  const auto broken = load_rbd_module(folder / "broken.so");
  CHECK(std::get<std::string>(broken).find("librbd1") != std::string::npos);
  std::filesystem::remove_all(folder);
  // libm is a library, but not ours
  const auto other = load_rbd_module("/lib/x86_64-linux-gnu/libm.so.6");
  if (std::filesystem::exists("/lib/x86_64-linux-gnu/libm.so.6"))
    CHECK(std::get<std::string>(other).find("another build") != std::string::npos);
}
