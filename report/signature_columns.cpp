// SPDX-License-Identifier: Apache-2.0
// The columns of images with signature properties, in the order of the statement that reads them.
#include <fmt/format.h>

#include "base/text.h"
#include "report/columns.h"
#include "report/wording.h"

namespace backglance {
namespace {

using Signature = SiteReport::Signature;
using Align = TextTable::Align;
using Fit = TextTable::Fit;

constexpr std::size_t kLongestReason = 500;  // bytes, to people

template <auto Member>
Value stored(const SignatureRow& row) {
  return Stored{row.signature.*Member};
}
template <auto Member>
Value truth(const SignatureRow& row) {
  return row.signature.*Member;
}

Value verdict_value(const std::optional<SignatureVerdict>& verdict) {
  return verdict ? Value(Word{std::string(signature_verdict_name(*verdict))}) : Value(Nothing());
}

// The ledger keeps lists of property names with blanks between them; no such name has one.
std::vector<std::string> words(const std::string& text) {
  return text.empty() ? std::vector<std::string>() : split(text, ' ');
}

std::string name_text(const SignatureRow& row) {
  return row.signature.name.empty() ? "-" : printable(row.signature.name);
}

// "legacy complete (valid)"
std::string scheme_text(const SignatureRow& row) {
  std::string text(signature_scheme_text(row.signature.scheme));
  if (row.signature.legacy_verdict)
    text += fmt::format(" ({})", signature_verdict_text(*row.signature.legacy_verdict));
  return text;
}

std::string deadline_text(const SignatureRow& row) {
  if (!row.signature.deadline_at)
    return "-";
  return date_text(*row.signature.deadline_at) +
         (is_overdue(row.report, row.signature) ? " passed" : "");
}

// Marks beside the status.
std::vector<std::string> marks(const Signature& signature) {
  std::vector<std::string> out;
  // Glance has two marks of a deleted image, and they may disagree.
  if (signature.deleted && signature.status != "deleted")
    out.emplace_back("deleted");
  if (signature.hidden)
    out.emplace_back("hidden");
  if (signature.snapshot)
    out.emplace_back("snapshot");
  return out;
}

std::string status_text(const SignatureRow& row) {
  std::vector<std::string> parts = marks(row.signature);
  parts.insert(parts.begin(), row.signature.status.empty() ? "-" : printable(row.signature.status));
  return join(parts, ", ");
}

Html image_cell(const SignatureRow& row) {
  return html_image(row.signature.name, row.signature.image_id);
}

Html owner_cell(const SignatureRow& row) {
  return html_owner(row.signature.owner);
}

Html status_cell(const SignatureRow& row) {
  Html out = html_text(row.signature.status, "no status", 40);
  for (const std::string& mark : marks(row.signature))
    out += " " + html_in("tag", html_escaped(mark));
  return out;
}

Html scheme_cell(const SignatureRow& row) {
  const Signature& signature = row.signature;
  Html out = html_escaped(signature_scheme_text(signature.scheme));
  if (!signature.missing.empty())
    out += html_in("below", "missing: " + html_text(join(signature.missing, ", ")));
  const auto add_verdict = [&](const Html& of, const std::optional<SignatureVerdict>& verdict) {
    if (verdict)
      out += html_in("below", of + ": " + html_escaped(signature_verdict_text(*verdict)));
  };
  add_verdict("over the MD5", signature.legacy_verdict);
  add_verdict("img_signature", signature.verdict);
  return out;
}

Html verdict_cell(const SignatureRow& row) {
  Html out = html_in("tag-bad", html_escaped(signature_finding_text(row.signature)));
  if (const std::string reasons = reasons_text(row.signature); !reasons.empty())
    out += html_in("reason", html_text(reasons, "", kLongestReason));
  return out;
}

constexpr Column<SignatureRow> kSignatureColumns[] = {
    {.name = "image_id",
     .value = stored<&Signature::image_id>,
     .text = {1, {"IMAGE"}},
     .page = {1, {"Image", CellKind::id}, image_cell},
     .read = read_text<&Signature::image_id>},
    {.name = "name",
     .value = stored<&Signature::name>,
     .text = {4, {"NAME", Align::left, Fit::elastic}, name_text},
     .read = read_text<&Signature::name>},
    {.name = "owner",
     .value = stored<&Signature::owner>,
     .text = {6, {"OWNER", Align::left, Fit::detail}},
     .page = {2, {"Owner", CellKind::owner}, owner_cell},
     .read = read_text<&Signature::owner>},
    {.name = "status",
     .value = stored<&Signature::status>,
     .text = {5, {"STATUS", Align::left, Fit::detail}, status_text},
     .page = {3, {"Status"}, status_cell},
     .read = read_text<&Signature::status>},
    {.name = "deleted",
     .value = truth<&Signature::deleted>,
     .read = read_truth<&Signature::deleted>},
    {.name = "hidden", .value = truth<&Signature::hidden>, .read = read_truth<&Signature::hidden>},
    {.name = "snapshot",
     .value = truth<&Signature::snapshot>,
     .read = read_truth<&Signature::snapshot>},
    {.name = "scheme",
     .value = [](const SignatureRow& row) -> Value {
       return Word{std::string(signature_scheme_name(row.signature.scheme))};
     },
     .text = {3, {"SCHEME"}, scheme_text},
     .page = {4, {"Scheme", CellKind::label}, scheme_cell},
     .read =
         [](Signature& signature, const SqlRow& row, std::size_t at) {
           signature.scheme = signature_scheme_from_name(row.text_or_empty(at));
         }},
    // Not read: it follows from the scheme and from what was removed.
    {.name = "deprecated",
     .machine = Machine::json,
     .value = [](const SignatureRow& row) -> Value { return is_outstanding(row.signature); }},
    {.name = "present",
     .value = [](const SignatureRow& row) -> Value { return row.signature.present; },
     .read = [](Signature& signature, const SqlRow& row,
                std::size_t at) { signature.present = words(row.text_or_empty(at)); }},
    {.name = "missing",
     .value = [](const SignatureRow& row) -> Value { return row.signature.missing; },
     .text = {8, {"MISSING", Align::left, Fit::detail}},
     .read = [](Signature& signature, const SqlRow& row,
                std::size_t at) { signature.missing = words(row.text_or_empty(at)); }},
    {.name = "flagged_at",
     .value = [](const SignatureRow& row) -> Value { return Day{row.signature.flagged_at}; },
     .text = {7, {"FLAGGED", Align::left, Fit::detail}},
     .page = {5, {"Flagged"}},
     .read = read_number<&Signature::flagged_at>},
    {.name = "deadline_at",
     .value = [](const SignatureRow& row) { return day_or_nothing(row.signature.deadline_at); },
     .text = {2, {"DEADLINE"}, deadline_text},
     .page = {6,
              {"Deadline"},
              [](const SignatureRow& row) {
                return html_deadline(row.report, row.signature.deadline_at);
              }},
     .read =
         [](Signature& signature, const SqlRow& row, std::size_t at) {
           // After the scheme, which stands before it in the statement. A date from before the
           // image was signed again counts no more.
           if (is_deprecated(signature.scheme))
             signature.deadline_at = row.integer(at);
         }},
    {.name = "removed_at",
     .value = [](const SignatureRow& row) { return day_or_nothing(row.signature.removed_at); },
     .read = read_optional_number<&Signature::removed_at>},
    {.name = "verdict",
     .value = [](const SignatureRow& row) { return verdict_value(row.signature.verdict); },
     .read =
         [](Signature& signature, const SqlRow& row, std::size_t at) {
           signature.verdict = signature_verdict_from_name(row.text_or_empty(at));
         }},
    {.name = "legacy_verdict",
     .value = [](const SignatureRow& row) { return verdict_value(row.signature.legacy_verdict); },
     .read =
         [](Signature& signature, const SqlRow& row, std::size_t at) {
           signature.legacy_verdict = signature_verdict_from_name(row.text_or_empty(at));
         }},
    {.name = "verdict_reason",
     .value = [](const SignatureRow& row) -> Value { return Stored{reasons_text(row.signature)}; },
     .read = read_text<&Signature::verdict_reason>},
    // Part of the column before.
    {.machine = Machine::none, .read = read_text<&Signature::legacy_reason>},
    {.machine = Machine::none, .read = read_text<&Signature::chain_reason>},
    {.name = "verified_at",
     .value = [](const SignatureRow& row) { return minute_or_nothing(row.signature.verified_at); },
     .read = read_optional_number<&Signature::verified_at>},
    {.name = "chain",
     .value = [](const SignatureRow& row) -> Value {
       if (!row.signature.is_trusted)
         return Nothing();
       return Word{std::string(chain_name(*row.signature.is_trusted))};
     },
     .read =
         [](Signature& signature, const SqlRow& row, std::size_t at) {
           if (!row.is_null(at))
             signature.is_trusted = row.text_or_empty(at) == chain_name(true);
         }},
    // For the owners' pages, where a site with many images has few of them.
    {.machine = Machine::none,
     .read =
         [](Signature& signature, const SqlRow& row, std::size_t at) {
           if (needs_owner(signature))
             signature.checksum = row.text_or_empty(at);
         }},
    {.machine = Machine::none,
     .read =
         [](Signature& signature, const SqlRow& row, std::size_t at) {
           if (needs_owner(signature))
             signature.hash_algorithm = row.text_or_empty(at);
         }},
    {.machine = Machine::none,
     .read =
         [](Signature& signature, const SqlRow& row, std::size_t at) {
           if (needs_owner(signature))
             signature.hash_value = row.text_or_empty(at);
         }},
};

// The same images, as far as their img_signature is a finding: for people alone, as machines have
// it in the columns above.
constexpr Column<SignatureRow> kVerdictColumns[] = {
    {.machine = Machine::none,
     .value = stored<&Signature::image_id>,
     .text = {1, {"IMAGE"}},
     .page = {1, {"Image", CellKind::id}, image_cell}},
    {.machine = Machine::none,
     .text = {2,
              {"IMG_SIGNATURE"},
              [](const SignatureRow& row) { return signature_finding_text(row.signature); }},
     .page = {2, {"img_signature", CellKind::prose}, verdict_cell}},
    {.machine = Machine::none, .text = {3, {"NAME", Align::left, Fit::elastic}, name_text}},
    {.machine = Machine::none,
     .value = stored<&Signature::owner>,
     .text = {4, {"OWNER", Align::left, Fit::detail}},
     .page = {3, {"Owner", CellKind::owner}, owner_cell}},
    {.machine = Machine::none,
     .value = [](const SignatureRow& row) { return minute_or_nothing(row.signature.verified_at); },
     .text = {5, {"VERIFIED", Align::left, Fit::detail}},
     .page = {4, {"Verified"}}},
    {.machine = Machine::none,
     .text = {6,
              {"REASON", Align::left, Fit::detail},
              [](const SignatureRow& row) {
                return printable(reasons_text(row.signature), kLongestReason);
              }}},
};

}  // namespace

Columns<SignatureRow> signature_columns() {
  return kSignatureColumns;
}

Columns<SignatureRow> verdict_columns() {
  return kVerdictColumns;
}

}  // namespace backglance
