// SPDX-License-Identifier: Apache-2.0
#include "glance/option_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/text.h"

namespace backglance {
namespace {

using Group = std::map<std::string, std::string>;
constexpr std::string_view kDefaults = "DEFAULT";
constexpr std::string_view kBlanks = " \t\r\f\v";

std::string_view stripped(std::string_view text) {
  const auto begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos)
    return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::string unquoted(std::string_view value) {
  for (const char quote : {'\'', '"'})
    if (value.size() >= 2 && value.front() == quote && value.back() == quote)
      value = value.substr(1, value.size() - 2);
  return std::string(value);
}

// The state of Python's configparser between two lines (RawConfigParser._read).
class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {}

  void take(std::string_view line);
  std::map<std::string, Group>& groups() { return groups_; }

 private:
  [[noreturn]] void refuse(std::string_view why) const {
    // The line itself may be a password.
    throw Error(ErrorKind::usage, fmt::format("option file {}, line {}: {}", file_, number_, why),
                "correct the file, or remove read_default_file from the database URL");
  }
  void open_group(std::string_view text);
  void take_option(std::string_view text);

  std::string file_;
  std::map<std::string, Group> groups_;
  std::set<std::string> seen_;  // names of groups; [DEFAULT] may be repeated
  Group* group_ = nullptr;
  std::string* value_ = nullptr;  // that an indented line continues
  std::size_t indent_ = 0;        // of the key of that value
  int number_ = 0;
};

void Reader::take(std::string_view line) {
  ++number_;
  const std::string_view text = stripped(line);
  if (text.empty() || text.starts_with('#') || text.starts_with(';'))
    return;
  if (text.starts_with('!'))
    refuse("PyMySQL does not read !include and !includedir; put the options into this file");
  const auto indent = line.find_first_not_of(kBlanks);
  if (group_ != nullptr && value_ != nullptr && indent > indent_) {
    *value_ += "\n" + std::string(text);
    return;
  }
  indent_ = indent;
  value_ = nullptr;
  if (text.starts_with('[') && text.find(']') != std::string_view::npos)
    open_group(text);
  else
    take_option(text);
}

void Reader::open_group(std::string_view text) {
  const std::string name(text.substr(1, text.rfind(']') - 1));
  if (name != kDefaults && !seen_.insert(name).second)
    refuse("a group of this name stands above it; put the options into one group");
  group_ = &groups_[name];
}

void Reader::take_option(std::string_view text) {
  if (group_ == nullptr)
    refuse("an option before the first [group]");
  const auto sign = text.find_first_of("=:");
  const std::string key = lower_ascii(stripped(text.substr(0, sign)));
  if (key.empty())
    refuse("a value without the name of an option");
  const auto [at, is_new] = group_->emplace(key, "");
  if (!is_new)
    refuse("the option is given twice in this group; remove one of them");
  if (sign == std::string_view::npos)
    return;
  at->second = stripped(text.substr(sign + 1));
  value_ = &at->second;
}

}  // namespace

std::map<std::string, std::string> read_option_group(const std::filesystem::path& file,
                                                     const std::string& group) {
  const std::string name = printable(file.native());
  std::error_code error;
  std::ifstream in(file);
  const int reason = errno;
  if (!in || std::filesystem::is_directory(file, error))
    throw Error(ErrorKind::usage,
                fmt::format("option file {} of read_default_file cannot be read: {}", name,
                            in ? "it is a directory" : std::strerror(reason)),
                "make it readable for this user, or remove the parameter from the database URL");
  Reader reader(name);
  for (std::string line; std::getline(in, line);)
    reader.take(line);
  if (in.bad())
    throw Error(ErrorKind::io, fmt::format("option file {} cannot be read to its end", name));
  auto& groups = reader.groups();
  if (!groups.contains(group))
    throw Error(ErrorKind::usage,
                fmt::format("option file {} has no group [{}]", name, printable(group, 80)),
                "name the group with read_default_group in the database URL");
  Group options = groups[group];
  // Kept where the group has no value of its own.
  options.merge(groups[std::string(kDefaults)]);
  for (auto& [key, value] : options)
    value = unquoted(value);
  return options;
}

}  // namespace backglance
