// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "report/columns.h"
#include "report/render_owners.h"
#include "report/wording.h"

namespace backglance {
namespace {

// Images of one page. With more, the page would be slow on a phone. The CSV has all images.
constexpr std::size_t kMaxImages = 500;

Html number_of(std::int64_t number) {
  return html_escaped(grouped(number));
}

// Made once: a site may have thousands of these pages.
const HtmlTable& image_table() {
  static const HtmlTable table =
      page_table(owner_image_columns(), "t-images", "Images and what is wrong with them");
  return table;
}

const HtmlTable& index_table() {
  static const HtmlTable table =
      page_table(owner_page_columns(), "t-owners", "Owners with something to do");
  return table;
}

// The texts above the sections of a page, and the sections.
struct PageText {
  Html title;
  Html meta;
  Html lede;
  Html body;
};

std::string page(const SiteReport& report, const HtmlTable& table, const PageText& text) {
  const Html head = html_head("Image signatures, " + date_text(report.made_at),
                              html_table_style(table), html_part("owners-mark"));
  return html_part("owner-page", {{"head", head},
                                  {"title", text.title},
                                  {"meta", text.meta},
                                  {"lede", text.lede},
                                  {"body", text.body},
                                  {"version", html_text(report.version, "of unknown version")}})
      .text();
}

// Joined by &&, so that whoever pastes all of it stops at the first failure.
Html commands_block(const std::vector<std::string>& commands) {
  return html_part("commands", {{"commands", html_escaped(join(commands, " &&\n"))}});
}

Html images_text(std::int64_t images) {
  return html_strong(images) + (images == 1 ? Html(" image") : Html(" images"));
}

Html when_text(const SiteReport& report, std::int64_t deadline) {
  return html_part("when", {{"date", html_escaped(date_text(deadline))},
                            {"days", html_escaped(days_from(report.made_at, deadline))}});
}

// Which signatures the page is about, for somebody who has never heard of the two schemes.
Html what_sentence(const OwnerPage& page) {
  const auto images = static_cast<std::int64_t>(page.images.size());
  const Html subject =
      images_text(images) + " of this project " + (images == 1 ? Html("has ") : Html("have "));
  if (page.unverified == 0)
    return subject + "an old signature, which Glance no longer checks.";
  if (page.deprecated == 0)
    return subject + "a signature that does not verify.";
  return subject +
         "an old signature, which Glance no longer checks, or a signature that does not verify.";
}

// What the owner does, until when, and what happens if the owner does nothing.
Html task_sentences(const SiteReport& report, const OwnerPage& page) {
  const bool is_one = page.images.size() == 1;
  const bool is_to_decide =
      std::any_of(page.images.begin(), page.images.end(),
                  [](const OwnerImage& image) { return image.task != OwnerTask::drop_old; });
  Html out = !is_to_decide ? Html(" Remove it")
             : is_one      ? Html(" Sign the image again, or remove the signature")
                           : Html(" Sign each image again, or remove its signature");
  if (!page.first_deadline)
    return out + ".";
  const Html when = when_text(report, *page.first_deadline);
  if (page.overdue > 0 && is_one)
    out += ". The deadline was " + when;
  else if (page.overdue > 0)
    out += ". The deadline of " + images_text(page.overdue) + " has passed; the first was " + when;
  else if (is_one)
    out += " by " + when;
  else
    out += ". The first deadline is " + when;
  out +=
      ". If you do nothing, the operator of your cloud removes the old signature after the "
      "deadline. The data does not change";
  // Not if a signature does not verify: then servers may not start.
  if (page.unverified == 0)
    out += is_one ? Html(", and you can use the image as before")
                  : Html(", and you can use the images as before");
  return out + ".";
}

Html lede(const SiteReport& report, const OwnerPage& page) {
  Html out = what_sentence(page) + task_sentences(report, page);
  if (page.unverified > 0)
    out +=
        " If your cloud verifies signatures, no server can start from an image with a signature "
        "that does not verify.";
  return out;
}

Html facts_list(const Html& facts) {
  return html_part("facts", {{"facts", facts}});
}

Html card(const Html& style_class, const Html& title, const Html& content) {
  return html_part("card", {{"class", style_class}, {"title", title}, {"content", content}});
}

Html how_many_card(const OwnerPage& page) {
  const auto images = static_cast<std::int64_t>(page.images.size());
  Html facts;
  if (page.deprecated > 0)
    facts += html_fact("old signature, over the MD5", number_of(page.deprecated));
  if (page.unverified > 0)
    facts += html_fact("signature does not verify", number_of(page.unverified));
  return card(" warn", "How many",
              html_part("big", {{"number", number_of(images)},
                                {"unit", images == 1 ? Html("image") : Html("images")}}) +
                  facts_list(facts));
}

Html until_card(const SiteReport& report, const OwnerPage& page) {
  if (!page.first_deadline)
    return card({}, "First deadline", html_part("no-deadline"));
  Html facts = html_fact(*page.first_deadline <= report.made_at ? Html("passed") : Html("due"),
                         html_escaped(days_from(report.made_at, *page.first_deadline)));
  if (page.overdue > 0)
    facts += html_fact("images past their deadline", number_of(page.overdue));
  return card(page.overdue > 0 ? Html(" bad") : Html(), "First deadline",
              html_part("big-date", {{"date", html_escaped(date_text(*page.first_deadline))}}) +
                  facts_list(facts));
}

Html cards(const SiteReport& report, const OwnerPage& page) {
  return html_part("cards", {{"cards", how_many_card(page) + until_card(report, page) +
                                           card({}, "What to do", html_part("steps"))}});
}

// The images with the first numbers; each row leads to the commands of its number.
Html image_list(const SiteReport& report, const OwnerPage& page) {
  const std::size_t shown = std::min(page.images.size(), kMaxImages);
  std::vector<OwnerImageRow> rows;
  for (std::size_t i = 0; i < shown; ++i)
    rows.push_back({report, page.images[i], i + 1});
  Html content = html_table(image_table(), page_rows(owner_image_columns(), rows));
  if (shown < page.images.size())
    content +=
        html_part("list-cap", {{"shown", number_of(static_cast<std::int64_t>(shown))},
                               {"total", number_of(static_cast<std::int64_t>(page.images.size()))},
                               {"file", html_escaped(page.file_stem + ".csv")}});
  return html_section("images", "Your images", content, "list");
}

Html key_section() {
  return html_section("key", "A key and a certificate, once",
                      html_part("key", {{"make", commands_block(key_commands())},
                                        {"store", commands_block(certificate_commands())}}),
                      "list");
}

Html sign_text(const SiteReport::Signature& signature) {
  return html_in("paragraph",
                 html_part("sign-again") +
                     html_part(has_known_digest(signature) ? "with-digest" : "without-digest"));
}

// Where signing is possible, removal is the second choice, and the sentence says so.
Html removal_text(const OwnerImage& image) {
  if (image.task == OwnerTask::drop_old)
    return "Remove the old signature. The new signature stays.";
  const bool is_old = image.task == OwnerTask::sign_or_drop;
  if (is_to_sign(image))
    return is_old ? Html("Or, if nobody needs a signature, only remove the old one:")
                  : Html("Or, if nobody needs a signature, only remove it:");
  return is_old ? Html("Remove the old signature:") : Html("Remove the signature:");
}

Html image_commands(const OwnerImage& image, std::size_t number) {
  const SiteReport::Signature& signature = *image.signature;
  const auto sign = signing_commands(signature);
  const auto remove = removal_commands(signature);
  Html content;
  if (image.damage)
    content += html_part(
        "damaged",
        {{"tag", html_in("tag-bad", "data: " + html_escaped(result_text(*image.damage)))}});
  // Only an administrator can download it then.
  if (signature.status == "deactivated")
    content += html_in("paragraph",
                       "This image is deactivated, so you cannot download it. Ask the operator of "
                       "your cloud to reactivate it.");
  if (sign.empty() && remove.empty()) {
    content += html_in("paragraph",
                       "The id of this image is unusual, so there are no commands for it. Ask the "
                       "operator of your cloud.");
  } else {
    if (is_to_sign(image))
      content += sign_text(signature) + commands_block(sign);
    if (!remove.empty())
      content += html_in("paragraph", removal_text(image)) + commands_block(remove);
  }
  return html_part("image", {{"number", html_number(static_cast<std::int64_t>(number))},
                             {"image", html_image(signature.name, signature.image_id)},
                             {"content", content}});
}

Html commands_section(const OwnerPage& page) {
  Html content = html_part("about-commands");
  for (std::size_t i = 0; i < std::min(page.images.size(), kMaxImages); ++i)
    content += image_commands(page.images[i], i + 1);
  return html_section("commands", "Commands for each image", content, "list");
}

// The sums of all pages.
struct Totals {
  std::int64_t images = 0;
  std::int64_t overdue = 0;
  std::int64_t unverified = 0;
  std::optional<std::int64_t> first_deadline;
};

// Of images, not of owners: an image has one owner, so the sums count none twice.
Totals totals_of(const std::vector<OwnerPage>& pages) {
  Totals totals;
  for (const OwnerPage& page : pages) {
    totals.images += static_cast<std::int64_t>(page.images.size());
    totals.overdue += page.overdue;
    totals.unverified += page.unverified;
    if (page.first_deadline &&
        (!totals.first_deadline || *page.first_deadline < *totals.first_deadline))
      totals.first_deadline = page.first_deadline;
  }
  return totals;
}

Html index_lede(const SiteReport& report, const std::vector<OwnerPage>& pages) {
  if (pages.empty())
    return "No owner has anything to do.";
  const Totals totals = totals_of(pages);
  const auto owners = static_cast<std::int64_t>(pages.size());
  Html out = html_strong(owners) + (owners == 1 ? Html(" owner has") : Html(" owners have")) +
             " to sign " + images_text(totals.images) +
             " again, or to remove the signatures. Each owner needs only their own page.";
  if (totals.first_deadline)
    out += " The first deadline is " + when_text(report, *totals.first_deadline) + ".";
  if (totals.overdue > 0)
    out += " The deadline has passed for " + images_text(totals.overdue) + ".";
  if (totals.unverified > 0)
    out += " The img_signature of " + images_text(totals.unverified) + " does not verify.";
  return out;
}

}  // namespace

std::string render_owner_html(const SiteReport& report, const OwnerPage& of) {
  const Html owner = of.owner.empty() ? html_part("no-project") : html_text(of.owner);
  return page(report, image_table(),
              {.title = "Image signatures: what to do",
               .meta = html_part("owner-meta", {{"owner", owner}, {"made", html_made(report)}}),
               .lede = lede(report, of),
               .body = cards(report, of) + image_list(report, of) + key_section() +
                       commands_section(of) + html_section("why", "Why", html_part("why"))});
}

std::string render_owners_index_html(const SiteReport& report,
                                     const std::vector<OwnerPage>& pages) {
  std::vector<OwnerPageRow> rows;
  rows.reserve(pages.size());
  for (const OwnerPage& one : pages)
    rows.push_back({report, one});
  Html body;
  if (!rows.empty())
    body = html_section("owners", "Owners",
                        html_table(index_table(), page_rows(owner_page_columns(), rows)), "list");
  return page(report, index_table(),
              {.title = "Image signatures by owner",
               .meta = html_made(report),
               .lede = index_lede(report, pages),
               .body = body});
}

}  // namespace backglance
