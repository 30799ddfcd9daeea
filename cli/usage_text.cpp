// SPDX-License-Identifier: Apache-2.0
#include "cli/usage_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "cli/command.h"

namespace backglance {
namespace {

// How many letters must be removed, added, changed or swapped with their neighbour to turn one word
// into the other.
std::size_t distance(std::string_view one, std::string_view other) {
  std::vector<std::vector<std::size_t>> cost(one.size() + 1,
                                             std::vector<std::size_t>(other.size() + 1));
  for (std::size_t i = 0; i <= one.size(); ++i)
    for (std::size_t j = 0; j <= other.size(); ++j) {
      if (i == 0 || j == 0) {
        cost[i][j] = i + j;
        continue;
      }
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1,
                             cost[i - 1][j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  return cost[one.size()][other.size()];
}

}  // namespace

std::string unknown_command(const std::string& word) {
  std::string text = fmt::format("there is no command {}", printable(word, 80));
  // Time and memory of the comparison grow with the square of the length.
  constexpr std::size_t kTooLong = 40;
  if (word.size() > kTooLong)
    return text;
  const auto& table = commands();
  const auto nearest =
      std::min_element(table.begin(), table.end(), [&](const auto& a, const auto& b) {
        return distance(word, a.name) < distance(word, b.name);
      });
  // A third of the letters may be wrong.
  return distance(word, nearest->name) * 3 > nearest->name.size()
             ? text
             : fmt::format("{}; did you mean {}?", text, nearest->name);
}

std::string plain_refusal(const std::string& kind, const std::string& text) {
  // "--limit: 1 required N missing", "The following argument was not expected: --nope".
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string option = text.substr(0, colon);
  if (kind == "RequiredError" && text.starts_with("A subcommand"))
    return "a command is required";
  if (text.starts_with("The following argument"))
    return "not an option or argument of this command" + printable(text.substr(colon), 200);
  if (kind == "ArgumentMismatch" && text.ends_with(" missing"))
    return option + " requires a value";
  if (kind == "ArgumentMismatch" && text.find("At Most") != std::string::npos)
    return option + " can be given only once";
  std::string plain = printable(text, 300);
  if (kind == "ExcludesError")
    replace_all(plain, " excludes ", " cannot be used with ");
  return plain;
}

}  // namespace backglance
