// SPDX-License-Identifier: Apache-2.0
#include "store/swift/accounts_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

using Section = std::map<std::string, std::string>;
constexpr std::string_view kDefaults = "DEFAULT";
constexpr int kDeepest = 10;  // MAX_INTERPOLATION_DEPTH of configparser

// A value that cannot be used; the text names the option and shows no value.
struct BadValue : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  void take(std::string_view line) {
    ++number_;
    const std::string_view text = trim(line);
    if (text.empty() || text.starts_with('#') || text.starts_with(';'))
      return;
    const std::size_t indent = line.find(text.front());
    if (value_ != nullptr && indent > indent_) {
      *value_ += '\n';
      *value_ += text;
      return;
    }
    indent_ = indent;
    value_ = nullptr;
    if (text.starts_with('[') && text.find(']') != std::string_view::npos) {
      const std::string name(text.substr(1, text.rfind(']') - 1));
      if (name != kDefaults && sections.contains(name))
        // As ConfigParser, which is strict by default.
        refuse("this section stands in the file twice");
      section_ = &sections[name];
      return;
    }
    const auto sign = text.find_first_of("=:");
    const std::string name = lower_ascii(trim(text.substr(0, sign)));
    if (section_ == nullptr || sign == std::string_view::npos || name.empty())
      refuse("it is neither [reference] nor 'option = value'");
    const auto [at, is_new] = section_->emplace(name, trim(text.substr(sign + 1)));
    if (!is_new)
      refuse("the option is given twice in this section");
    value_ = &at->second;
  }

  std::map<std::string, Section> sections;

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    throw Error(ErrorKind::usage, fmt::format("{}, line {}: {}", file_, number_, why));
  }

  std::string file_;
  Section* section_ = nullptr;
  std::string* value_ = nullptr;  // that an indented line continues
  std::size_t indent_ = 0;
  int number_ = 0;
};

std::string interpolated(std::string_view text, const Section& values, const std::string& option,
                         int depth = 0) {
  if (depth > kDeepest)
    throw BadValue(fmt::format("{} refers to itself", option));
  std::string result;
  while (!text.empty()) {
    const auto sign = std::min(text.find('%'), text.size());
    result += text.substr(0, sign);
    text.remove_prefix(sign);
    if (text.starts_with("%%")) {
      result += '%';
      text.remove_prefix(2);
    } else if (!text.empty()) {
      const auto end = text.find(")s");
      if (!text.starts_with("%(") || end == std::string_view::npos)
        throw BadValue(fmt::format("{} has a '%' that is not doubled", option));
      const auto found = values.find(lower_ascii(text.substr(2, end - 2)));
      if (found == values.end())
        throw BadValue(fmt::format("{} refers to an option that is not there", option));
      result += interpolated(found->second, values, option, depth + 1);
      text.remove_prefix(end + 2);
    }
  }
  return result;
}

std::optional<std::string> value_of(const Section& values, const std::string& option) {
  const auto found = values.find(option);
  if (found == values.end())
    return std::nullopt;
  std::string value = interpolated(found->second, values, option);
  if (value.starts_with('"') || value.starts_with('\'')) {
    if (value.size() == 1 || value.back() != value.front())
      throw BadValue(fmt::format("{} begins with a quote that is not closed", option));
    value = value.substr(1, value.size() - 2);
  }
  // A line end in a header would begin another header.
  if (value.find_first_of("\r\n\0", 0, 3) != std::string::npos)
    throw BadValue(fmt::format("{} has more than one line", option));
  return value;
}

SwiftAccount account_of(const Section& values, const std::string& auth_version) {
  const auto need = [&](const std::string& option) {
    auto value = value_of(values, option);
    if (!value || value->empty())
      throw BadValue(fmt::format("it has no {}", option));
    return *value;
  };
  const auto find = [&](const std::string& option) {
    return value_of(values, option).value_or("");
  };
  SwiftAccount account;
  account.auth_url = whole_auth_url(need("auth_address"));
  account.auth_version = value_of(values, "auth_version").value_or(auth_version);
  account.application_credential_id = find("application_credential_id");
  if (account.application_credential_id.empty()) {
    account.user = need("user");
    account.key = need("key");
  } else {
    account.application_credential_secret = need("application_credential_secret");
  }
  account.user_domain_id = find("user_domain_id");
  account.user_domain_name = find("user_domain_name");
  account.project_domain_id = find("project_domain_id");
  account.project_domain_name = find("project_domain_name");
  return account;
}

}  // namespace

bool SwiftAccount::is_version_1() const {
  return auth_version.starts_with('1') ||
         auth_url.substr(auth_url.rfind('/') + 1).starts_with("v1");
}

bool SwiftAccount::is_same_user(const SwiftAccount& other) const {
  // Without a domain, Keystone is asked for the one whose id is "default".
  const auto domain = [](const std::string& id, const std::string& name) {
    return "id " + (id.empty() && name.empty() ? "default" : id) + " name " + name;
  };
  return auth_url == other.auth_url && user == other.user &&
         application_credential_id == other.application_credential_id &&
         domain(user_domain_id, user_domain_name) ==
             domain(other.user_domain_id, other.user_domain_name) &&
         domain(project_domain_id, project_domain_name) ==
             domain(other.project_domain_id, other.project_domain_name);
}

std::string whole_auth_url(std::string address) {
  if (!address.starts_with("http://") && !address.starts_with("https://"))
    address.insert(0, "https://");
  while (address.ends_with('/'))
    address.pop_back();
  return address;
}

SwiftAccounts read_swift_accounts(const std::filesystem::path& file,
                                  const std::string& auth_version) {
  const std::string name = "the accounts file " + printable(file.native());
  std::error_code error;
  std::ifstream in(file);
  const int reason = errno;
  if (!in || std::filesystem::is_directory(file, error))
    throw Error(ErrorKind::usage,
                fmt::format("{} (swift_store_config_file) cannot be read: {}", name,
                            in ? "it is a directory" : std::strerror(reason)));
  Reader reader(name);
  for (std::string line; std::getline(in, line);)
    reader.take(line);
  if (in.bad())
    throw Error(ErrorKind::usage, fmt::format("{} cannot be read to its end", name));
  const Section defaults = reader.sections[std::string(kDefaults)];
  SwiftAccounts accounts;
  for (auto& [reference, values] : reader.sections) {
    if (reference == kDefaults)
      continue;
    values.insert(defaults.begin(), defaults.end());
    try {
      accounts.emplace(reference, account_of(values, auth_version));
    } catch (const BadValue& bad) {
      accounts.emplace(reference, fmt::format("section [{}] of {} cannot be used: {}",
                                              printable(reference, 80), name, bad.what()));
    }
  }
  return accounts;
}

}  // namespace backglance
