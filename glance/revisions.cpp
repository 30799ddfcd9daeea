// SPDX-License-Identifier: Apache-2.0
#include "glance/revisions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>

#include "base/text.h"

namespace backglance {
namespace {

// The graph is one root, liberty - mitaka01 - mitaka02, and two branches that leave it, in which
// the n-th expand and the n-th contract revision have the same name but for the branch.
constexpr std::array<std::string_view, 3> kRoot = {"liberty", "mitaka01", "mitaka02"};
constexpr std::array<std::string_view, 13> kExpand = {
    "ocata_expand01", "pike_expand01",   "queens_expand01",  "rocky_expand01", "rocky_expand02",
    "train_expand01", "ussuri_expand01", "wallaby_expand01", "xena_expand01",  "yoga_expand01",
    "zed_expand01",   "2023_1_expand01", "2024_1_expand01"};
constexpr std::array<std::string_view, 13> kContract = {
    "ocata_contract01", "pike_contract01",  "queens_contract01", "rocky_contract01",
    "rocky_contract02", "train_contract01", "ussuri_contract01", "wallaby_contract01",
    "xena_contract01",  "yoga_contract01",  "zed_contract01",    "2023_1_contract01",
    "2024_1_contract01"};
// Names of before the split; glance-manage renames them to ocata_contract01 and pike_contract01.
constexpr std::array<std::string_view, 2> kUnsplit = {"ocata01", "pike01"};

// Levels in both branches: the first revisions that have what the name says.
constexpr std::size_t kQueens = 2;
constexpr std::size_t kOsHidden = 3;
constexpr std::size_t kOsHash = 4;

enum class Branch { root, expand, contract };

struct Node {
  Branch branch;
  std::size_t level;  // in its branch
};

template <std::size_t N>
std::optional<Node> find_in(const std::array<std::string_view, N>& names, Branch branch,
                            std::string_view row) {
  const auto found = std::ranges::find(names, row);
  if (found == names.end())
    return std::nullopt;
  return Node{branch, static_cast<std::size_t>(found - names.begin())};
}

// No name is in two of the lists.
std::optional<Node> find_node(std::string_view row) {
  auto node = find_in(kRoot, Branch::root, row);
  if (!node)
    node = find_in(kExpand, Branch::expand, row);
  if (!node)
    node = find_in(kContract, Branch::contract, row);
  if (!node)
    node = find_in(kUnsplit, Branch::contract, row);
  return node;
}

// True if alembic, on its way to `of`, runs `node` before: by descent, or because each contract
// revision depends on its expand revision.
bool is_ancestor(const Node& node, const Node& of) {
  if (node.branch == of.branch)
    return node.level < of.level;
  if (node.branch == Branch::root)
    return true;
  return node.branch == Branch::expand && of.branch == Branch::contract && node.level <= of.level;
}

std::string sql_names(const std::vector<std::string>& rows) {
  return fmt::format("'{}'", join(rows, "', '"));
}

// The rows that alembic would refuse beside the others.
std::vector<std::string> overlapping(const std::vector<std::string>& rows) {
  std::vector<std::string> found;
  for (const std::string& row : rows) {
    const auto node = find_node(row);
    if (std::ranges::any_of(rows, [&](const std::string& other) {
          const auto other_node = find_node(other);
          return node && other_node && is_ancestor(*node, *other_node);
        }))
      found.push_back(row);
  }
  return found;
}

void judge_overlap(const std::vector<std::string>& extra, Revisions& out) {
  out.phase = RevisionPhase::inconsistent;
  out.reason = fmt::format(
      "alembic_version holds {}, which another of its rows includes, and alembic refuses that",
      join(extra, ", "));
  out.repair =
      extra.size() == 1
          ? fmt::format("DELETE FROM alembic_version WHERE version_num = {}", sql_names(extra))
          : fmt::format("DELETE FROM alembic_version WHERE version_num IN ({})", sql_names(extra));
}

// No expand revision is the whole of a state: each release has a contract row beside it.
void judge_lone_expand(const std::string& row, Revisions& out) {
  out.phase = RevisionPhase::inconsistent;
  out.reason = fmt::format(
      "{} is the only row of alembic_version: either glance-manage db expand ran and glance-manage "
      "db contract did not, or the contract row was overwritten",
      row);
  // Contract revisions after Pike's are empty, so that Queens' row does for every later state.
  out.repair =
      "glance-manage db contract; or, if the row was overwritten (table images has no column "
      "is_public): INSERT INTO alembic_version (version_num) VALUES ('queens_contract01')";
}

void judge_before_queens(std::size_t expand_level, std::optional<std::size_t> contract_level,
                         Revisions& out) {
  out.phase = RevisionPhase::before_queens;
  if (contract_level && expand_level > *contract_level) {
    out.reason = fmt::format(
        "an upgrade to {} was started and not finished: its contract phase has not run ({})",
        kExpand[expand_level].substr(0, kExpand[expand_level].find('_')), join(out.rows, ", "));
    out.repair = "glance-manage db contract";
    return;
  }
  out.reason = fmt::format("the schema is older than Queens ({})", join(out.rows, ", "));
  out.repair = "glance-manage db sync";
  // The default of version_control, whatever the tables are.
  if (out.rows.front() == kRoot[0])
    out.reason += "; 'glance-manage db version_control' without a revision also writes this row";
}

}  // namespace

bool known_revision(std::string_view revision) {
  return find_node(revision).has_value();
}

Revisions judge_revisions(std::vector<std::string> rows) {
  Revisions out;
  std::ranges::sort(rows);
  rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
  out.rows = std::move(rows);
  if (out.rows.empty())
    return out;

  std::vector<std::string> unknown;
  std::optional<std::size_t> contract;
  std::optional<std::size_t> expand;  // promised by any row
  for (const std::string& row : out.rows) {
    const auto node = find_node(row);
    if (!node) {
      unknown.push_back(printable(row, 64));
      continue;
    }
    if (node->branch == Branch::contract)
      contract = std::max(contract.value_or(0), node->level);
    // A contract revision depends on the expand revision of its level, and so promises it.
    if (node->branch != Branch::root)
      expand = std::max(expand.value_or(0), node->level);
  }
  out.promises_os_hidden = expand && *expand >= kOsHidden;
  out.promises_os_hash = expand && *expand >= kOsHash;

  // From the worst to the best: an unknown row could mean anything, so it comes before what the
  // known ones say.
  const auto extra = overlapping(out.rows);
  if (!unknown.empty()) {
    out.phase = RevisionPhase::unknown;
    out.reason = fmt::format("alembic_version holds {}, which no Glance up to 2024.1 has",
                             join(unknown, ", "));
  } else if (!extra.empty()) {
    judge_overlap(extra, out);
  } else if (expand && !contract && *expand >= kQueens) {
    judge_lone_expand(out.rows.front(), out);
  } else if (out.promises_os_hash) {
    out.phase = RevisionPhase::hashed;
  } else if (out.promises_os_hidden) {
    out.phase = RevisionPhase::rocky01;
  } else if (contract == kQueens) {
    out.phase = RevisionPhase::queens;
  } else {
    judge_before_queens(expand.value_or(0), contract, out);
  }
  return out;
}

}  // namespace backglance
