// SPDX-License-Identifier: Apache-2.0
#include "signature/key_manager.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/json_text.h"
#include "base/stop.h"
#include "base/text.h"
#include "openstack/http.h"
#include "openstack/keystone.h"
#include "signature/secret.h"

namespace backglance {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

// What does not answer is not asked again for so long: each image would wait for it.
constexpr std::chrono::seconds kAway{60};
// Secrets that are faults one after the other, until the key manager itself is taken for one.
constexpr int kFaults = 3;
constexpr std::size_t kMostFaulty = 1000;  // that are remembered
// Of one request, with a pause that grows between them: a load balancer loses some.
constexpr int kAttempts = 3;
constexpr std::chrono::milliseconds kPause{500};

// As Python's uuid writes it, which is how barbicanclient asks.
std::string canonical(const std::string& id) {
  std::string text = lower_ascii(id);
  std::erase(text, '-');
  for (const std::size_t at : std::array<std::size_t, 4>{8, 13, 18, 23})
    text.insert(at, 1, '-');
  return text;
}

class KeyManager : public CertificateSource {
 public:
  KeyManager(std::string url, CloudAccess access)
      : url_(std::move(url)), access_(std::move(access)), http_(access_.authorities) {
    require_key_manager_url(url_);
    while (url_.ends_with('/'))
      url_.pop_back();
    if (!url_.ends_with("/v1"))
      url_ += "/v1";
  }

  // One small question to which any Barbican has an answer. Without it a wrong URL would be a
  // verdict on every image, hours later.
  void prepare() override {
    std::variant<HttpAnswer, NoAnswer> answer;
    try {
      answer = ask("/secrets?limit=1", "application/json");
    } catch (const Error&) {  // of Keystone
      if (!stop_requested())
        throw;
    }
    if (stop_requested())
      throw Error(ErrorKind::interrupted, "interrupted while the key manager was asked");
    if (const auto* const none = std::get_if<NoAnswer>(&answer))
      throw Error(ErrorKind::io, fmt::format("{}: {}", name(), none->reason));
    const HttpAnswer& given = std::get<HttpAnswer>(answer);
    if (given.status == 401)
      throw Error(ErrorKind::usage, name() + " rejected the token");
    // Not to be allowed to list is no reason: single ones may be read.
    if (given.status == 403)
      return;
    const json object = parse_json(given.body);
    if (given.status != 200 || !object.is_object() || !object.contains("secrets"))
      throw Error(ErrorKind::io, fmt::format("{} is not Barbican: it answered with HTTP {}", name(),
                                             given.status));
  }

  // As barbicanclient: first what the secret is, then its bytes in the type that was said.
  FoundCertificate fetch(const std::string& id) override {
    const std::string path = "/secrets/" + canonical(id);
    auto secret = get(path, "application/json");
    if (auto* const none = std::get_if<NoCertificate>(&secret))
      return std::move(*none);
    auto content = content_type_of(std::get<std::string>(secret));
    if (auto* const none = std::get_if<NoCertificate>(&content))
      return std::move(*none);
    auto payload = get(path + "/payload", std::get<std::string>(content));
    if (auto* const none = std::get_if<NoCertificate>(&payload))
      return std::move(*none);
    return certificate_of(std::get<std::string>(payload));
  }

 private:
  std::string name() const { return "the key manager at " + printable(url_); }

  // A reason that may be gone at the next question, so that it is not kept for the id.
  static NoCertificate passing(std::string reason) { return {std::move(reason), true}; }

  void be_away(const std::string& why) {
    away_until_ = steady_clock::now() + kAway;
    away_ = "the key manager cannot be reached: " + why;
  }

  // One secret may be a fault alone: its key is gone, or a plugin.
  NoCertificate faulty(const std::string& path, int status) {
    const std::string reason = fmt::format("it answered with HTTP {}", status);
    if (++faults_ >= kFaults)
      be_away(reason);
    if (faulty_.size() >= kMostFaulty)
      faulty_.clear();
    faulty_[path] = {steady_clock::now() + kAway, "the key manager: " + reason};
    return passing(faulty_[path].reason);
  }

  // A body, or why there is none.
  std::variant<std::string, NoCertificate> get(const std::string& path, const std::string& accept) {
    const auto now = steady_clock::now();
    if (now < away_until_)
      return passing(away_);
    if (const auto fault = faulty_.find(path); fault != faulty_.end() && now < fault->second.until)
      return passing(fault->second.reason);
    std::variant<HttpAnswer, NoAnswer> answer;
    try {
      answer = ask(path, accept);
    } catch (const Error& error) {  // of Keystone
      answer = NoAnswer{error.what()};
    }
    if (const auto* const none = std::get_if<NoAnswer>(&answer)) {
      if (none->is_too_large)
        return NoCertificate{"the key manager: " + none->reason};
      be_away(none->reason);
      return passing(away_);
    }
    HttpAnswer& given = std::get<HttpAnswer>(answer);
    if (is_fault(given.status))
      return faulty(path, given.status);
    // Any answer that makes sense shows that the key manager itself is well.
    faults_ = 0;
    switch (given.status) {
      case 200:
        return std::move(given.body);
      case 401:
        return passing("the key manager rejected the token, which may have expired");
      case 403:
        return NoCertificate{"this account is not allowed to read it in the key manager"};
      case 404:
        return NoCertificate{"the key manager has no certificate of that id"};
      default:
        return NoCertificate{fmt::format("the key manager answered with HTTP {}", given.status)};
    }
  }

  static bool is_fault(int status) { return status >= 500 || status == 429; }

  // Repeated where that may help. Throws what Keystone says.
  std::variant<HttpAnswer, NoAnswer> ask(const std::string& path, const std::string& accept) {
    bool is_new = false;
    for (int attempt = 1;; ++attempt) {
      if (access_.token.empty()) {
        access_.token = fetch_token(http_, access_);
        has_fetched_ = is_new = true;
      }
      auto answer = http_.ask(
          {.url = url_ + path, .headers = {{"Accept", accept}, {"X-Auth-Token", access_.token}}});
      const auto* const given = std::get_if<HttpAnswer>(&answer);
      if (given != nullptr && given->status == 401 && has_fetched_ && !is_new) {
        access_.token.clear();  // it has expired
        continue;
      }
      const auto* const none = std::get_if<NoAnswer>(&answer);
      const bool may_pass = none != nullptr ? !none->is_too_large : is_fault(given->status);
      if (!may_pass || attempt >= kAttempts || stop_requested())
        return answer;
      std::this_thread::sleep_for(kPause * attempt);
    }
  }

  std::string url_;
  CloudAccess access_;
  bool has_fetched_ = false;  // the token is by the password, and can be fetched anew
  HttpClient http_;
  steady_clock::time_point away_until_;
  std::string away_;
  struct Fault {
    steady_clock::time_point until;
    std::string reason;
  };
  std::map<std::string, Fault> faulty_;  // by path
  int faults_ = 0;                       // one after the other
};

}  // namespace

void require_key_manager_url(const std::string& url) {
  if (!is_plain_url(url))
    throw Error(ErrorKind::usage,
                "--key-manager requires a URL such as http://host:9311 or "
                "https://host/key-manager, without a user or a password");
}

std::unique_ptr<CertificateSource> key_manager(const std::string& url, const CloudAccess& access) {
  return std::make_unique<KeyManager>(url, access);
}

}  // namespace backglance
