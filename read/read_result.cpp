// SPDX-License-Identifier: Apache-2.0
#include "read/read_result.h"

namespace backglance {

std::int64_t ReadResult::findings() const {
  std::int64_t found = 0;
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (is_finding(static_cast<ImageResult>(i)))
      found += classes[i].images;
  // Nobody needs to look at an image that is tried again.
  return found - again;
}

bool ReadResult::has_findings() const {
  if (findings() > 0)
    return true;
  for (std::size_t i = 0; i < signatures.size(); ++i)
    if (signatures[i] > 0 && is_finding(static_cast<SignatureVerdict>(i)))
      return true;
  return untrusted_chains > 0;
}

void ReadResult::count(const ReadOutcome& outcome) {
  ClassTotal& of_class = total(outcome.result);
  ++of_class.images;
  of_class.bytes += outcome.bytes;
  if (is_finding(outcome.result) && outcome.again)
    ++again;
  const auto count_verdict = [](Verdicts& verdicts, const std::optional<SignatureFound>& found) {
    if (found)
      ++verdicts[static_cast<std::size_t>(found->verdict)];
  };
  count_verdict(signatures, outcome.signatures.data);
  count_verdict(legacy_signatures, outcome.signatures.legacy);
  if (outcome.signatures.chain)
    ++(outcome.signatures.chain->is_trusted ? trusted_chains : untrusted_chains);
}

}  // namespace backglance
