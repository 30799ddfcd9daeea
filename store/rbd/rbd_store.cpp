// SPDX-License-Identifier: Apache-2.0
#include "store/rbd/rbd_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "store/rbd/load_module.h"
#include "store/rbd/rbd_failure.h"
#include "store/rbd/unless_stopped.h"
#include "store/retrying.h"

namespace backglance {
namespace {

// survey() may wait this long for each place; connecting goes on behind it.
constexpr std::chrono::seconds kSurveyTime(10);

std::string place_name(const RbdStoreSettings& store) {
  const std::string pool = printable(store.pool, 80);
  return store.id.empty() ? fmt::format("pool {} of the rbd store", pool)
                          : fmt::format("pool {} of store {}", pool, printable(store.id, 80));
}

RbdStoreSettings read_settings(const Store& store) {
  const StoreOptions options(store, kRbdOptions);
  RbdStoreSettings settings{
      .id = store.id, .pool = options.text("rbd_store_pool"), .connection = {}};
  settings.connection.conf = options.text("rbd_store_ceph_conf");
  settings.connection.user = options.text("rbd_store_user");
  const std::int64_t timeout = options.number("rados_connect_timeout");
  if (timeout > std::numeric_limits<int>::max())
    throw Error(ErrorKind::usage, options.group() + " rados_connect_timeout is too large");
  settings.connection.timeout = static_cast<int>(std::max<std::int64_t>(timeout, 0));
  return settings;
}

}  // namespace

RbdStore::RbdStore(std::vector<RbdStoreSettings> stores,
                   std::variant<const RbdModule*, std::string> module, const StoreHooks& hooks)
    // Looked up with each call: a run sets the hook after its stores were opened.
    : should_stop_([&hooks] { return hooks.should_stop(); }) {
  if (std::string* const missing = std::get_if<std::string>(&module))
    missing_module_ = std::move(*missing);
  for (RbdStoreSettings& store : stores) {
    places_.push_back(place_name(store));
    clusters_.push_back(missing_module_.empty()
                            ? std::get<const RbdModule*>(module)->make_cluster(store.connection)
                            : nullptr);
    candidates_.push_back({std::move(store.id), std::move(store.pool)});
  }
}

std::variant<std::vector<std::size_t>, AttemptFailure> RbdStore::choose(
    const RbdAddress& address, const Location& location) const {
  const std::lock_guard lock(mutex_);
  return choose_stores(address, location.store_id, candidates_);
}

std::variant<std::string, AttemptFailure> RbdStore::fsid(std::size_t store) {
  if (!missing_module_.empty())
    return place_failure(missing_module_);
  {
    const std::lock_guard lock(mutex_);
    if (!candidates_[store].fsid.empty())
      return candidates_[store].fsid;
  }
  auto answer =
      unless_stopped(should_stop_, [cluster = clusters_[store]] { return cluster->fsid(); });
  if (!answer)
    return stopped_failure();
  if (const RbdFailure* const failure = std::get_if<RbdFailure>(&*answer))
    return attempt_failure(*failure, false);
  const std::lock_guard lock(mutex_);
  return candidates_[store].fsid = lower_ascii(std::get<std::string>(*answer));
}

template <typename Answer, typename Ask>
std::variant<Answer, AttemptFailure> RbdStore::ask_stores(const Location& location,
                                                          const Ask& ask) {
  if (places_.empty())
    return std::get<AttemptFailure>(choose({}, location));
  const auto address = read_rbd_address(location);
  if (!address)
    return image_failure(ImageResult::unreadable,
                         "the location is not of the form rbd://FSID/POOL/IMAGE/SNAPSHOT");
  const auto chosen = choose(*address, location);
  if (const AttemptFailure* const failure = std::get_if<AttemptFailure>(&chosen))
    return *failure;
  std::optional<AttemptFailure> missing;
  for (const std::size_t store : std::get<std::vector<std::size_t>>(chosen)) {
    auto known = fsid(store);
    if (AttemptFailure* const failure = std::get_if<AttemptFailure>(&known))
      return std::move(*failure);
    std::string& fsid = std::get<std::string>(known);
    // It was not known when the stores were chosen.
    if (!address->is_head() && fsid != address->fsid)
      continue;
    std::variant<Answer, AttemptFailure> answer =
        ask(RbdTarget{clusters_[store], std::move(fsid), candidates_[store].pool, *address});
    const AttemptFailure* const failure = std::get_if<AttemptFailure>(&answer);
    if (failure == nullptr || failure->result != ImageResult::missing || !address->is_head())
      return answer;
    // Such a location names no pool: the image is missing only if every store says so.
    missing = *failure;
  }
  if (missing)
    return *missing;
  // All were of other clusters; choose_stores() has the sentence, now that it knows.
  return std::get<AttemptFailure>(choose(*address, location));
}

std::variant<std::unique_ptr<Object>, AttemptFailure> RbdStore::open(const Location& location) {
  return ask_stores<std::unique_ptr<Object>>(location, [this](RbdTarget target) {
    return RbdObject::open(std::move(target), should_stop_);
  });
}

std::variant<std::string, AttemptFailure> RbdStore::identify(const Location& location) {
  return ask_stores<std::string>(location, [this](const RbdTarget& target) {
    return RbdObject::identify(target, should_stop_);
  });
}

std::string RbdStore::place_of(const Location& location) const {
  const auto address = read_rbd_address(location);
  if (!address)
    return {};
  const auto chosen = choose(*address, location);
  const auto* const stores = std::get_if<std::vector<std::size_t>>(&chosen);
  return stores == nullptr ? std::string() : places_[stores->front()];
}

std::optional<PlaceTraits> RbdStore::traits(const std::string& place) const {
  const auto found = std::ranges::find(places_, place);
  if (found == places_.end())
    return std::nullopt;
  // Two pools of a cluster share its disks.
  const std::lock_guard lock(mutex_);
  const std::string& fsid = candidates_[static_cast<std::size_t>(found - places_.begin())].fsid;
  return PlaceTraits{.kind = StoreKind::remote,
                     .shared = fsid.empty() ? place : "Ceph cluster " + printable(fsid, 40)};
}

std::vector<PlaceState> RbdStore::survey() {
  std::vector<PlaceState> states;
  for (std::size_t i = 0; i < places_.size(); ++i) {
    PlaceState state{places_[i], candidates_[i].id};
    if (!missing_module_.empty()) {
      state.away = missing_module_;
    } else {
      using Answer = std::variant<std::string, RbdFailure>;
      const auto answer = unless_stopped(
          should_stop_,
          [cluster = clusters_[i], pool = candidates_[i].pool]() -> Answer {
            const auto there = cluster->check_pool(pool);
            if (const RbdFailure* const failure = std::get_if<RbdFailure>(&there))
              return *failure;
            return cluster->fsid();
          },
          kSurveyTime);
      if (!answer) {
        state.away = "Ceph did not answer within 10 s";
      } else if (const RbdFailure* const failure = std::get_if<RbdFailure>(&*answer)) {
        state.away = attempt_failure(*failure, false).reason;
      } else {
        const std::lock_guard lock(mutex_);
        candidates_[i].fsid = lower_ascii(std::get<std::string>(*answer));
      }
    }
    states.push_back(std::move(state));
  }
  return states;
}

std::unique_ptr<SourceOpener> open_rbd_stores(const Site& site, const StoreSettings&,
                                              const StoreHooks& hooks) {
  std::vector<RbdStoreSettings> stores;
  for (const Store& store : site.stores)
    if (store.type == "rbd")
      stores.push_back(read_settings(store));
  std::variant<const RbdModule*, std::string> module;
  if (!stores.empty())
    module = load_rbd_module(rbd_module_path());
  return std::make_unique<RetryingStore>(
      std::make_unique<RbdStore>(std::move(stores), std::move(module), hooks), hooks);
}

}  // namespace backglance
