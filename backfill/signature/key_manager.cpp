#include "backfill/signature/key_manager.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "openstack/http.h"
#include "openstack/keystone.h"

namespace backglance {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

// One that does not answer is not asked again for so long: each image would wait for it.
constexpr std::chrono::seconds kAway{60};
constexpr int kAttempts = 3;
constexpr std::chrono::milliseconds kPause{500};

std::string text_member(const json& object, const char* name) {
  const auto found = object.is_object() ? object.find(name) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

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
    if (!is_plain_url(url_))
      throw Error(ErrorKind::usage,
                  "--key-manager takes a URL as http://host:9311 or "
                  "https://host/key-manager, without a user or a password");
    while (url_.ends_with('/'))
      url_.pop_back();
    if (!url_.ends_with("/v1"))
      url_ += "/v1";
  }

  void prepare() override {
    const auto answer = ask("/secrets?limit=1", "application/json");
    if (const auto* const none = std::get_if<NoAnswer>(&answer))
      throw Error(ErrorKind::io, fmt::format("{}: {}", name(), none->reason));
    const HttpAnswer& given = std::get<HttpAnswer>(answer);
    if (given.status == 401)
      throw Error(ErrorKind::usage, name() + " refuses the token");
    // Not to be allowed to list is no reason: single ones may be read.
    if (given.status == 403)
      return;
    const json object = json::parse(given.body, nullptr, /*allow_exceptions=*/false);
    if (given.status != 200 || !object.is_object() || !object.contains("secrets"))
      throw Error(ErrorKind::io, fmt::format("{} is no Barbican: it answers with status {}", name(),
                                             given.status));
  }

  FoundCertificate fetch(const std::string& id) override {
    if (!is_certificate_id(id))
      return NoCertificate{fmt::format("'{}' is no UUID", printable(id, 64))};
    const std::string path = "/secrets/" + canonical(id);
    auto secret = get(path, "application/json");
    if (auto* const none = std::get_if<NoCertificate>(&secret))
      return std::move(*none);
    const json metadata =
        json::parse(std::get<std::string>(secret), nullptr, /*allow_exceptions=*/false);
    const std::string type = text_member(metadata, "secret_type");
    if (type != "certificate")
      return NoCertificate{
          type.empty() ? "the key manager's answer is no secret"
                       : fmt::format("the key manager has a secret of the type '{}' of that id",
                                     printable(type, 64))};
    const auto types = metadata.find("content_types");
    const std::string content =
        types != metadata.end() ? text_member(*types, "default") : std::string();
    if (content.empty() || content.find_first_of("\r\n") != std::string::npos)
      return NoCertificate{"the key manager has a certificate of that id without content"};
    // barbicanclient makes a str of it, which cryptography does not take: Castellan fails on it.
    if (content == "text/plain")
      return NoCertificate{
          "the key manager has it as text/plain, which Glance cannot read; it is to be stored as "
          "application/octet-stream"};
    auto payload = get(path + "/payload", content);
    if (auto* const none = std::get_if<NoCertificate>(&payload))
      return std::move(*none);
    return certificate_of(std::get<std::string>(payload));
  }

 private:
  std::string name() const { return "the key manager at " + printable(url_); }

  static FoundCertificate certificate_of(const std::string& payload) {
    // Castellan takes PEM alone, of whatever content type.
    if (payload.find("-----BEGIN ") == std::string::npos)
      return NoCertificate{"the key manager's certificate is not in PEM, which Glance needs"};
    auto parsed = Certificate::parse(payload);
    if (const auto* const why = std::get_if<std::string>(&parsed))
      return NoCertificate{"the key manager's certificate: " + *why};
    return std::make_shared<const Certificate>(std::get<Certificate>(std::move(parsed)));
  }

  // A body, or why there is none.
  std::variant<std::string, NoCertificate> get(const std::string& path, const std::string& accept) {
    const auto passing = [](std::string reason) {
      return NoCertificate{std::move(reason), /*passing=*/true};
    };
    if (steady_clock::now() < away_until_)
      return passing(away_);
    std::variant<HttpAnswer, NoAnswer> answer;
    try {
      answer = ask(path, accept);
    } catch (const Error& error) {  // of Keystone
      answer = NoAnswer{error.what()};
    }
    if (const auto* const none = std::get_if<NoAnswer>(&answer)) {
      away_until_ = steady_clock::now() + kAway;
      away_ = "the key manager cannot be asked: " + none->reason;
      return passing(away_);
    }
    HttpAnswer& given = std::get<HttpAnswer>(answer);
    switch (given.status) {
      case 200:
        return std::move(given.body);
      case 401:
        return passing("the key manager refuses the token, which may have expired");
      case 403:
        return NoCertificate{"the key manager does not let this account read it"};
      case 404:
        return NoCertificate{"the key manager has none of that id"};
      default:
        return NoCertificate{fmt::format("the key manager answers with status {}", given.status)};
    }
  }

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
      const bool is_fault = given == nullptr || given->status >= 500 || given->status == 429;
      if (!is_fault)
        return answer;
      if (attempt >= kAttempts)
        return given == nullptr ? std::move(answer)
                                : NoAnswer{fmt::format("it answers with status {}", given->status)};
      std::this_thread::sleep_for(kPause * attempt);
    }
  }

  std::string url_;
  CloudAccess access_;
  bool has_fetched_ = false;  // the token is by the password, and can be fetched anew
  HttpClient http_;
  steady_clock::time_point away_until_;
  std::string away_;
};

}  // namespace

std::unique_ptr<CertificateSource> key_manager(const std::string& url, const CloudAccess& access) {
  return std::make_unique<KeyManager>(url, access);
}

}  // namespace backglance
