// SPDX-License-Identifier: Apache-2.0
#include "store/swift/swift_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "store/retrying.h"
#include "store/swift/swift_object.h"

namespace backglance {
namespace {

// A survey asks each store once, and must not keep a run from the others.
constexpr std::chrono::seconds kSurveyTimeout{8};

// Tells accounts apart in the names of places without a host or a user: 8 digits of a digest.
std::string account_mark(const std::vector<std::string>& fields) {
  const std::string digest = network_identity("", fields);
  return digest.substr(digest.find(':') + 1, 8);
}

std::string container_place(const SwiftTarget& target, const std::string& account) {
  return fmt::format("container {}{} of {}", printable(target.container, 100), account,
                     target.config->name);
}

}  // namespace

struct SwiftStore::Pools {
  Pools(const SwiftConfig& config, const std::shared_ptr<const AddressPolicy>& policy,
        const StoreHooks& hooks)
      : named({.authorities = config.authorities}, hooks),
        foreign({.authorities = config.authorities, .policy = policy}, hooks),
        survey({.authorities = config.authorities,
                .connect_timeout = kSurveyTimeout,
                .stall_timeout = kSurveyTimeout},
               hooks) {}

  TransferPool named;    // servers of the configuration, and those that they name
  TransferPool foreign;  // servers that a location names
  TransferPool survey;
};

SwiftStore::SwiftStore(std::vector<SwiftConfig> configs,
                       std::shared_ptr<const AddressPolicy> policy, const StoreHooks& hooks)
    : configs_(std::move(configs)), policy_(std::move(policy)) {
  for (const SwiftConfig& config : configs_)
    pools_.try_emplace(&config, config, policy_, hooks);
}

SwiftStore::~SwiftStore() = default;

const SwiftConfig* SwiftStore::config_for(const std::string& store_id,
                                          const SwiftLocation& location) const {
  for (const SwiftConfig& config : configs_)
    if (!store_id.empty() && config.id == store_id)
      return &config;
  if (location.form == SwiftLocation::Form::reference)
    for (const SwiftConfig& config : configs_)
      if (config.accounts.contains(location.reference))
        return &config;
  return configs_.empty() ? nullptr : &configs_.front();
}

// Whether a reference of any store has its account at this server.
bool SwiftStore::knows_server(const std::string& auth_url) const {
  const auto asked = parse_swift_url(auth_url);
  return asked && std::ranges::any_of(configs_, [&](const SwiftConfig& config) {
           return std::ranges::any_of(config.accounts, [&](const auto& account) {
             const auto* const usable = std::get_if<SwiftAccount>(&account.second);
             const auto known = parse_swift_url(usable != nullptr ? usable->auth_url : "");
             return known && known->is_same_server(*asked);
           });
         });
}

SwiftStore::Resolved SwiftStore::resolve(const Location& location) const {
  Resolved resolved;
  const auto parsed = parse_swift_location(location.uri);
  if (!parsed) {
    resolved.failure =
        image_failure(ImageResult::unreadable, "the location is not one of Glance's swift driver");
    return resolved;
  }
  SwiftTarget& target = resolved.target;
  target.config = config_for(location.store_id, *parsed);
  target.container = parsed->container;
  target.object = parsed->object;
  if (target.config == nullptr) {
    resolved.failure = image_failure(ImageResult::store_not_supported,
                                     "Glance's configuration has no swift store");
    return resolved;
  }
  if (parsed->form == SwiftLocation::Form::credentials) {
    resolve_credentials(*parsed, resolved);
  } else if (parsed->form == SwiftLocation::Form::storage_url) {
    resolve_storage_url(*parsed, resolved);
  } else {
    const bool is_default = parsed->reference == target.config->default_reference;
    target.place = container_place(
        target, is_default ? "" : " of reference " + printable(parsed->reference, 80));
    auto account = target.config->account(parsed->reference);
    if (auto* const fault = std::get_if<std::string>(&account))
      resolved.failure = place_failure(std::move(*fault));
    else
      target.account = std::get<SwiftAccount>(std::move(account));
  }
  return resolved;
}

void SwiftStore::resolve_credentials(const SwiftLocation& location, Resolved& resolved) const {
  SwiftTarget& target = resolved.target;
  SwiftAccount account;
  account.auth_url = location.url;
  account.auth_version = target.config->auth_version;
  account.user = location.user;
  account.key = location.key;
  // As glance_store 4.1.0 and later: the domains of the default reference.
  const auto reference = target.config->account(target.config->default_reference);
  if (const auto* const known = std::get_if<SwiftAccount>(&reference)) {
    account.user_domain_id = known->user_domain_id;
    account.user_domain_name = known->user_domain_name;
    account.project_domain_id = known->project_domain_id;
    account.project_domain_name = known->project_domain_name;
  }
  // The account of a reference, from before there were references. With another key it is not: who
  // registers a location could name any object of the account otherwise. Glance has that key alone.
  for (const auto& [name, known] : target.config->accounts) {
    const auto* const same = std::get_if<SwiftAccount>(&known);
    if (same == nullptr || !same->is_same_user(account) || same->key != account.key)
      continue;
    target.account = *same;
    target.place = container_place(target, name == target.config->default_reference
                                               ? ""
                                               : " of reference " + printable(name, 80));
    return;
  }
  target.owner = SwiftOwner::location;
  target.is_foreign = !knows_server(account.auth_url);
  target.place =
      container_place(target, " of account " + account_mark({account.auth_url, account.user}));
  target.account = std::move(account);
  const auto url = parse_swift_url(target.account.auth_url);
  if (!target.is_foreign)
    return;
  if (policy_ == nullptr || policy_->allows_nothing())
    resolved.failure = image_failure(
        ImageResult::store_not_supported,
        "the location names an auth server that is not in Glance's configuration (--allow-http)");
  else if (!url || !policy_->may_allow(url->host, url->port))
    resolved.failure = image_failure(
        ImageResult::unreadable,
        "the location names an auth server whose address is not allowed (--allow-http)");
}

void SwiftStore::resolve_storage_url(const SwiftLocation& location, Resolved& resolved) const {
  SwiftTarget& target = resolved.target;
  target.storage_url = location.url;
  target.place = container_place(target, " of account " + account_mark({location.url}));
  auto account = target.config->account(target.config->default_reference);
  // Glance would use the token of whoever downloads the image.
  if (!target.config->is_multi_tenant)
    resolved.failure =
        image_failure(ImageResult::unreadable,
                      fmt::format("the location has no credentials, and swift_store_multi_tenant "
                                  "is off in {}",
                                  target.config->group));
  else if (std::holds_alternative<std::string>(account))
    resolved.failure = image_failure(
        ImageResult::unreadable,
        fmt::format(
            "the location is of a multi-tenant store, and {} has no user who may read "
            "other accounts: set swift_store_auth_address, swift_store_user and swift_store_key",
            target.config->group));
  else
    target.account = std::get<SwiftAccount>(std::move(account));
}

SwiftRequests SwiftStore::requests_for(SwiftTarget target) {
  Pools& pools = pools_.at(target.config);
  TransferPool& pool = target.is_foreign ? pools.foreign : pools.named;
  return {std::move(target), sessions_, pool};
}

void SwiftStore::remember(const SwiftTarget& target, const AttemptFailure* failure) {
  if (target.owner == SwiftOwner::configuration && target.storage_url.empty())
    return;
  const std::lock_guard lock(mutex_);
  if (failure == nullptr)
    refused_.erase(target.place);
  else if (failure->kind == FailureKind::image)
    refused_.insert(target.place);
}

std::variant<std::unique_ptr<Object>, AttemptFailure> SwiftStore::open(const Location& location) {
  Resolved resolved = resolve(location);
  if (resolved.failure)
    return std::move(*resolved.failure);
  auto opened = open_swift_object(requests_for(resolved.target));
  remember(resolved.target, std::get_if<AttemptFailure>(&opened));
  return opened;
}

std::variant<std::string, AttemptFailure> SwiftStore::identify(const Location& location) {
  Resolved resolved = resolve(location);
  if (resolved.failure)
    return std::move(*resolved.failure);
  SwiftRequests requests = requests_for(resolved.target);
  auto state = look_at_object(requests);
  auto* const failure = std::get_if<AttemptFailure>(&state);
  remember(resolved.target, failure);
  if (failure != nullptr)
    return std::move(*failure);
  return std::get<SwiftState>(state).identity();
}

std::string SwiftStore::place_of(const Location& location) const {
  Resolved resolved = resolve(location);
  // Nobody is asked for such a location.
  if (resolved.failure && resolved.failure->kind == FailureKind::image)
    return {};
  const std::lock_guard lock(mutex_);
  return refused_.contains(resolved.target.place) ? std::string()
                                                  : std::move(resolved.target.place);
}

std::optional<PlaceTraits> SwiftStore::traits(const std::string& place) const {
  // All containers of a store share its servers.
  for (const SwiftConfig& config : configs_)
    if (place.ends_with(" of " + config.name))
      return PlaceTraits{.kind = StoreKind::remote, .shared = "swift " + config.name};
  return std::nullopt;
}

std::string SwiftStore::why_away(const SwiftConfig& config) {
  auto account = config.account(config.default_reference);
  if (auto* const fault = std::get_if<std::string>(&account))
    return std::move(*fault);
  SwiftTarget target;
  target.config = &config;
  target.account = std::get<SwiftAccount>(std::move(account));
  target.container = config.container;
  SwiftRequests requests(std::move(target), sessions_, pools_.at(&config).survey);
  const bool is_account = config.is_multi_tenant || config.has_many_containers;
  auto looked = requests.head(is_account ? SwiftRequests::Subject::account
                                         : SwiftRequests::Subject::container);
  if (auto* const failure = std::get_if<AttemptFailure>(&looked))
    return std::move(failure->reason);
  const int status = std::get<TransferHead>(looked).status;
  if (status / 100 == 2)
    return {};
  if (status == 401 || status == 403)
    return requests.refusal(status).reason;
  if (status == 404)
    return is_account ? "Swift has no such account"
                      : fmt::format(
                            "Swift has no container of this name (swift_store_container "
                            "in {})",
                            config.group);
  return status_failure(std::get<TransferHead>(looked), "the container").reason;
}

std::vector<PlaceState> SwiftStore::survey() {
  std::vector<PlaceState> states;
  for (const SwiftConfig& config : configs_) {
    const bool is_account = config.is_multi_tenant || config.has_many_containers;
    SwiftTarget target;
    target.config = &config;
    target.container = config.container;
    states.push_back({is_account ? "account of " + config.name : container_place(target, ""),
                      config.id, why_away(config)});
  }
  return states;
}

std::unique_ptr<SourceOpener> open_swift_stores(const Site& site, const StoreSettings& settings,
                                                const StoreHooks& hooks) {
  auto policy = std::make_shared<const AddressPolicy>(settings.allow_http);
  return std::make_unique<RetryingStore>(
      std::make_unique<SwiftStore>(read_swift_configs(site), std::move(policy), hooks), hooks);
}

}  // namespace backglance
