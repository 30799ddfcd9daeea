// SPDX-License-Identifier: Apache-2.0
#include "base/image_result.h"

namespace backglance {
namespace {

template <typename Holds>
std::string listed(const Holds& holds) {
  std::string list;
  for (const ResultFacts& row : kResults)
    if (holds(row))
      list += (list.empty() ? "'" : ", '") + std::string(row.name) + "'";
  return list;
}

}  // namespace

std::optional<ImageResult> result_from_name(std::string_view name) {
  for (const ResultFacts& row : kResults)
    if (row.name == name)
      return row.result;
  return std::nullopt;
}

std::optional<std::string> sql_result_list(std::string_view name) {
  if (name == "results_without_findings")
    return listed([](const ResultFacts& row) { return !row.finding; });
  using When = RetryRule::When;
  if (name == "results_retried_when_reachable")
    return listed([](const ResultFacts& row) { return row.retry.when == When::when_reachable; });
  if (name == "results_retried_when_live")
    return listed([](const ResultFacts& row) { return row.retry.when == When::when_live; });
  if (name == "results_retried_when_located")
    return listed([](const ResultFacts& row) { return row.retry.when == When::when_located; });
  if (name == "results_retried_when_image_changes")
    return listed([](const ResultFacts& row) {
      return row.retry.when == When::when_live || row.retry.when == When::when_located;
    });
  if (name == "results_against")
    return listed([](const ResultFacts& row) {
      return row.evidence == Evidence::against || row.evidence == Evidence::refutes;
    });
  if (name == "results_compared")
    return listed([](const ResultFacts& row) { return row.evidence != Evidence::none; });
  return std::nullopt;
}

}  // namespace backglance
