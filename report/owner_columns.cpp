// SPDX-License-Identifier: Apache-2.0
// The columns of the owners' pages, of the CSV beside each, and of their index.
#include <fmt/format.h>

#include "base/text.h"
#include "report/columns.h"
#include "report/wording.h"

namespace backglance {
namespace {

using Signature = SiteReport::Signature;

const Signature& signature_of(const OwnerImageRow& row) {
  return *row.image.signature;
}

template <auto Member>
Value stored(const OwnerImageRow& row) {
  return Stored{signature_of(row).*Member};
}

Value word(std::string_view text) {
  return Word{std::string(text)};
}

Value verdict_value(const std::optional<SignatureVerdict>& verdict) {
  return verdict ? word(signature_verdict_name(*verdict)) : Value(Nothing());
}

// One line for a shell.
Value commands_value(const std::vector<std::string>& commands) {
  return Word{join(commands, " && ")};
}

Html with_verdict(const std::optional<SignatureVerdict>& verdict) {
  return verdict ? " (" + html_escaped(signature_verdict_text(*verdict)) + ")" : Html();
}

// What is wrong with a deprecated signature, and whether a new one replaces it.
// Owners know neither scheme: each line says what there is and what it is good for.
std::vector<Html> deprecated_lines(const OwnerImage& image) {
  const Signature& signature = *image.signature;
  std::vector<Html> lines;
  lines.push_back(signature.scheme == SignatureScheme::legacy_partial
                      ? Html("Part of an old signature, over the MD5. No Glance ever verified it.")
                      : "Old signature, over the MD5" + with_verdict(signature.legacy_verdict) +
                            ". No Glance since Newton verifies it.");
  if (image.task == OwnerTask::drop_old)
    lines.emplace_back("The image also has a new signature, which verifies.");
  else if (signature.scheme == SignatureScheme::both && !signature.verdict)
    lines.emplace_back(
        "The image also has a new signature (img_signature), which was not verified.");
  else if (signature.scheme == SignatureScheme::both)
    lines.push_back(
        "The image also has a new signature (img_signature), which does not replace the old one: " +
        html_escaped(signature_verdict_text(*signature.verdict)) + ".");
  return lines;
}

Html wrong_cell(const OwnerImageRow& row) {
  const OwnerImage& image = row.image;
  const Signature& signature = *image.signature;
  std::vector<Html> lines;
  // The worst first: with such a signature servers may not start.
  if (image.task == OwnerTask::sign_again)
    lines.push_back(
        html_in("tag-bad", "img_signature: " + html_escaped(signature_finding_text(signature))));
  if (is_outstanding(signature))
    for (Html& line : deprecated_lines(image))
      lines.push_back(std::move(line));
  if (signature.snapshot)
    lines.emplace_back(
        "The image is a snapshot. Most likely it inherited these properties from its base image.");
  if (const std::string reasons = reasons_for_owner(signature); !reasons.empty())
    lines.push_back(html_in("soft", html_text(reasons, "", 300)));
  // Before anybody signs data that is not what was uploaded.
  if (image.damage)
    lines.push_back(html_in("tag-bad", "data: " + html_escaped(result_text(*image.damage))));
  Html out;
  for (const Html& line : lines)
    out += html_in("reason", line);
  return out;
}

// JSON has no pages of owners, so nothing here is for it.
constexpr Column<OwnerImageRow> kOwnerImageColumns[] = {
    {.name = "image_id",
     .machine = Machine::csv,
     .value = stored<&Signature::image_id>,
     .page = {1,
              {"Image", CellKind::id},
              [](const OwnerImageRow& row) {
                return html_image(signature_of(row).name, signature_of(row).image_id);
              }}},
    {.name = "name", .machine = Machine::csv, .value = stored<&Signature::name>},
    {.name = "status", .machine = Machine::csv, .value = stored<&Signature::status>},
    {.name = "snapshot",
     .machine = Machine::csv,
     .value = [](const OwnerImageRow& row) -> Value { return signature_of(row).snapshot; }},
    {.name = "task",
     .machine = Machine::csv,
     .value = [](const OwnerImageRow& row) { return word(owner_task_name(row.image.task)); },
     .page = {4,
              {"To do"},
              [](const OwnerImageRow& row) {
                return html_part(
                    "link",
                    {{"target", "#image-" + html_number(static_cast<std::int64_t>(row.number))},
                     {"text", html_escaped(owner_task_text(row.image.task))}});
              }}},
    {.name = "deadline_at",
     .machine = Machine::csv,
     .value =
         [](const OwnerImageRow& row) { return day_or_nothing(signature_of(row).deadline_at); },
     .page = {3,
              {"Deadline"},
              [](const OwnerImageRow& row) {
                return html_deadline(row.report, signature_of(row).deadline_at);
              }}},
    {.name = "scheme",
     .machine = Machine::csv,
     .value =
         [](const OwnerImageRow& row) {
           return word(signature_scheme_name(signature_of(row).scheme));
         },
     .page = {2, {"What is wrong", CellKind::prose}, wrong_cell}},
    {.name = "verdict",
     .machine = Machine::csv,
     .value = [](const OwnerImageRow& row) { return verdict_value(signature_of(row).verdict); }},
    {.name = "legacy_verdict",
     .machine = Machine::csv,
     .value =
         [](const OwnerImageRow& row) { return verdict_value(signature_of(row).legacy_verdict); }},
    {.name = "verdict_reason",
     .machine = Machine::csv,
     .value = [](const OwnerImageRow& row) -> Value {
       return Stored{reasons_for_owner(signature_of(row))};
     }},
    {.name = "data",
     .machine = Machine::csv,
     .value =
         [](const OwnerImageRow& row) {
           return row.image.damage ? word(result_name(*row.image.damage)) : Value(Nothing());
         }},
    {.name = "checksum", .machine = Machine::csv, .value = stored<&Signature::checksum>},
    {.name = "os_hash_algo", .machine = Machine::csv, .value = stored<&Signature::hash_algorithm>},
    {.name = "os_hash_value", .machine = Machine::csv, .value = stored<&Signature::hash_value>},
    // Nothing where a signature would be wrong: the image is damaged, or a new one is there.
    {.name = "sign",
     .machine = Machine::csv,
     .value =
         [](const OwnerImageRow& row) {
           return is_to_sign(row.image) ? commands_value(signing_commands(signature_of(row)))
                                        : Value(Nothing());
         }},
    {.name = "remove",
     .machine = Machine::csv,
     .value =
         [](const OwnerImageRow& row) {
           return commands_value(removal_commands(signature_of(row)));
         }},
};

constexpr Column<OwnerPageRow> kOwnerPageColumns[] = {
    {.name = "owner",
     .machine = Machine::csv,
     .value = [](const OwnerPageRow& row) -> Value { return Stored{row.page.owner}; },
     .page = {1,
              {"Owner", CellKind::id},
              [](const OwnerPageRow& row) {
                return html_part("link", {{"target", html_escaped(row.page.file_stem + ".html")},
                                          {"text", html_text(row.page.owner, "no owner")}});
              }}},
    {.name = "images",
     .machine = Machine::csv,
     .value = [](const OwnerPageRow& row) -> Value {
       return Count{static_cast<std::int64_t>(row.page.images.size())};
     },
     .page = {2, {"Images", CellKind::number}}},
    {.name = "deprecated",
     .machine = Machine::csv,
     .value = [](const OwnerPageRow& row) -> Value { return Count{row.page.deprecated}; }},
    {.name = "overdue",
     .machine = Machine::csv,
     .value = [](const OwnerPageRow& row) -> Value { return Count{row.page.overdue}; },
     .page = {3, {"Past deadline", CellKind::number}}},
    {.name = "not_verifying",
     .machine = Machine::csv,
     .value = [](const OwnerPageRow& row) -> Value { return Count{row.page.unverified}; },
     .page = {4, {"Does not verify", CellKind::number}}},
    {.name = "first_deadline_at",
     .machine = Machine::csv,
     .value = [](const OwnerPageRow& row) { return day_or_nothing(row.page.first_deadline); },
     .page = {5,
              {"First due"},
              [](const OwnerPageRow& row) {
                return html_deadline(row.report, row.page.first_deadline);
              }}},
    {.name = "page",
     .machine = Machine::csv,
     .value = [](const OwnerPageRow& row) { return word(row.page.file_stem + ".html"); }},
    {.name = "csv",
     .machine = Machine::csv,
     .value = [](const OwnerPageRow& row) { return word(row.page.file_stem + ".csv"); },
     .page = {6,
              {"Files"},
              [](const OwnerPageRow& row) {
                const Html stem = html_escaped(row.page.file_stem);
                return html_part("link", {{"target", stem + ".html"}, {"text", "page"}}) + " " +
                       html_part("link", {{"target", stem + ".csv"}, {"text", "CSV"}});
              }}},
};

}  // namespace

Columns<OwnerImageRow> owner_image_columns() {
  return kOwnerImageColumns;
}

Columns<OwnerPageRow> owner_page_columns() {
  return kOwnerPageColumns;
}

}  // namespace backglance
