// SPDX-License-Identifier: Apache-2.0
#include "cli/owner_grace.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cli/console.h"
#include "cli/option_values.h"

namespace backglance {

void add_owner_grace(Arguments& app, std::vector<std::string>& texts) {
  app.option("--owner-grace", texts,
             "Grace period of the images of one owner (a project id), instead of --grace; may be "
             "repeated")
      .type("OWNER=TIME")
      .repeatable();
}

std::map<std::string, std::chrono::seconds> owner_grace(const std::vector<std::string>& texts) {
  std::map<std::string, std::chrono::seconds> graces;
  for (const std::string& text : texts) {
    // An owner's id may contain an equals sign, a duration does not.
    const std::size_t end = text.rfind('=');
    if (end == std::string::npos || end == 0 || !is_utf8(text))
      throw Error(ErrorKind::usage,
                  fmt::format("--owner-grace {}: must be an owner and a time, such as "
                              "1f0b5e0c6d3a4c7f8a52f0cf5b1a9d01=30d",
                              printable(text)));
    const std::string owner = text.substr(0, end);
    const auto grace = duration_in("--owner-grace " + printable(text), text.substr(end + 1));
    if (!graces.emplace(owner, grace).second)
      throw Error(ErrorKind::usage,
                  fmt::format("--owner-grace: {} is named twice", printable(owner)));
  }
  return graces;
}

void print_owners(const std::vector<OwnerDeadlines>& owners, bool dry_run) {
  const auto line = [](const OwnerDeadlines& owner, const std::string& text) {
    print_out("owner {}: {}\n", printable(owner.owner), text);
  };
  for (const OwnerDeadlines& owner : owners) {
    if (!owner.has_images)
      line(owner, "this owner has no images");
    else if (owner.dated + owner.kept == 0)
      line(owner, "no image with a deprecated signature");
    if (owner.dated > 0)
      line(owner, fmt::format("{} {} a grace period of {}", counted(owner.dated, "image"),
                              dry_run ? "would get" : "got", human_duration(owner.grace)));
    if (owner.kept == 1)
      line(owner, "1 image keeps its earlier deadline");
    else if (owner.kept > 1)
      line(owner, fmt::format("{} keep their earlier deadlines", counted(owner.kept, "image")));
  }
}

nlohmann::json owners_json(const std::vector<OwnerDeadlines>& owners) {
  auto out = nlohmann::json::array();
  for (const OwnerDeadlines& owner : owners)
    out.push_back({{"owner", owner.owner},
                   {"grace_seconds", owner.grace.count()},
                   {"dated", owner.dated},
                   {"kept", owner.kept},
                   {"has_images", owner.has_images}});
  return out;
}

}  // namespace backglance
