// SPDX-License-Identifier: Apache-2.0
#include "cli/usage_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/text.h"

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

std::string_view without_dashes(std::string_view word) {
  word.remove_prefix(std::min(word.find_first_not_of('-'), word.size()));
  return word;
}

// The name that was probably meant; empty if none is similar.
std::string nearest(const std::string& word, const std::vector<std::string>& names) {
  // Time and memory of the comparison grow with the square of the length.
  constexpr std::size_t kTooLong = 40;
  const std::string_view typed = without_dashes(word);
  if (typed.empty() || typed.size() > kTooLong || names.empty())
    return {};
  const auto wrong = [&](const std::string& name) { return distance(typed, without_dashes(name)); };
  const std::string& best =
      *std::min_element(names.begin(), names.end(),
                        [&](const auto& a, const auto& b) { return wrong(a) < wrong(b); });
  // A third of the letters may be wrong.
  if (wrong(best) * 3 <= without_dashes(best).size())
    return best;
  // Or the end is missing: "--max-run".
  const auto begins = [&](const std::string& name) {
    return typed.size() > 1 && without_dashes(name).starts_with(typed);
  };
  const auto found = std::find_if(names.begin(), names.end(), begins);
  return found != names.end() && std::none_of(found + 1, names.end(), begins) ? *found
                                                                              : std::string();
}

}  // namespace

std::string did_you_mean(const std::string& word, const std::vector<std::string>& names) {
  const std::string name = nearest(word, names);
  return name.empty() ? "" : fmt::format("; did you mean {}?", name);
}

std::string unknown_command(const std::string& command, const std::vector<std::string>& commands,
                            const std::vector<std::string>& options, const std::string& word) {
  const std::string shown = printable(word, 80);
  std::string text = command.empty() ? "there is no command " + shown
                                     : fmt::format("{} has no command {}", command, shown);
  std::string meant = did_you_mean(word, commands);
  // Many programs have commands "help" and "version".
  if (meant.empty() && std::find(options.begin(), options.end(), "--" + word) != options.end())
    meant = fmt::format("; did you mean --{}?", shown);
  if (meant.empty() && !command.empty())
    meant = fmt::format("; it has {}", join(commands, " and "));
  return text + meant;
}

std::string plain_refusal(const std::string& kind, const std::string& text) {
  // "--limit: At Most 1 required but received 2".
  const std::size_t colon = std::min(text.find(':'), text.size());
  const std::string option = text.substr(0, colon);
  if (kind == "ArgumentMismatch" && text.find("At Most") != std::string::npos)
    return option + " can be given only once";
  std::string plain = printable(text, 300);
  if (kind == "ExcludesError")
    replace_all(plain, " excludes ", " cannot be used with ");
  return plain;
}

}  // namespace backglance
