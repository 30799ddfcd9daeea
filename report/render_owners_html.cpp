// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "report/html.h"
#include "report/render_owners.h"
#include "report/summary.h"
#include "report/wording.h"

namespace backglance {
namespace {

// Images of one page: more would make it slow on a phone. The CSV has all.
constexpr std::size_t kMaxImages = 500;

constexpr std::array kImageColumns = {HtmlColumn{"Image", HtmlCell::id},
                                      HtmlColumn{"What is wrong", HtmlCell::prose},
                                      HtmlColumn{"Until"}, HtmlColumn{"To do"}};
constexpr std::array kIndexColumns = {HtmlColumn{"Owner", HtmlCell::id},
                                      HtmlColumn{"Images", HtmlCell::number},
                                      HtmlColumn{"Past deadline", HtmlCell::number},
                                      HtmlColumn{"Not verifying", HtmlCell::number},
                                      HtmlColumn{"First due"},
                                      HtmlColumn{"Lists"}};
constexpr HtmlTable kImageTable{"t-images", "Images and what is wrong with them", kImageColumns};
constexpr HtmlTable kIndexTable{"t-owners", "Owners with something to do", kIndexColumns};

std::string page_start(const std::string& title, const HtmlTable& table) {
  std::string out = html_head(title, html_table_style(table));
  const std::string_view end = "</head>";
  out.insert(out.rfind(end), std::string(kOwnersMark) + "\n");
  return out + "<body>\n<div class=\"page\">\n";
}

std::string page_end(const SiteReport& report) {
  return fmt::format(
      "</main>\n<footer>\n<p>Made by backglance {}. All times are UTC.</p>\n</footer>\n</div>\n"
      "</body>\n</html>\n",
      html_text(report.version, "of unknown version"));
}

std::string section(std::string_view id, std::string_view title,
                    std::string_view style_class = "overview") {
  return fmt::format("<section class=\"{2}\" aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n",
                     id, title, style_class);
}

// To be pasted as it is.
std::string commands_block(const std::vector<std::string>& commands) {
  return fmt::format("<pre class=\"commands\"><code>{}</code></pre>\n",
                     html_escaped(join(commands, " &&\n")));
}

std::string images_text(std::int64_t images) {
  return html_strong(images) + (images == 1 ? " image" : " images");
}

std::string when_text(const SiteReport& report, std::int64_t deadline) {
  return fmt::format("<strong>{}</strong> ({})", date_text(deadline),
                     days_from(report.made_at, deadline));
}

std::string lede(const SiteReport& report, const OwnerPage& page) {
  const auto images = static_cast<std::int64_t>(page.images.size());
  std::string out =
      fmt::format("{} of this project {} you", images_text(images), images == 1 ? "needs" : "need");
  if (page.overdue > 0)
    out += fmt::format("; for {} of them the time is over since {}", html_strong(page.overdue),
                       when_text(report, *page.first_deadline));
  else if (page.first_deadline)
    out +=
        (page.deprecated < images ? fmt::format(", {} of them until ", html_strong(page.deprecated))
                                  : " until ") +
        when_text(report, *page.first_deadline);
  out += ".";
  if (page.deprecated > 0)
    out +=
        " At its deadline the site takes an image's old properties off; the data stays as it is, "
        "and "
        "can be used as before.";
  return out;
}

std::string cards(const SiteReport& report, const OwnerPage& page) {
  const auto images = static_cast<std::int64_t>(page.images.size());
  std::string out = fmt::format(
      "<div class=\"cards\">\n<div class=\"card warn\"><h2>How many</h2>\n<p class=\"big\">{} "
      "<small>{}</small></p>\n<ul class=\"facts\">\n",
      grouped(images), images == 1 ? "image" : "images");
  if (page.deprecated > 0)
    out += html_fact("deprecated signature over MD5", grouped(page.deprecated));
  if (page.unverified > 0)
    out += html_fact("img_signature does not verify", grouped(page.unverified));
  out += fmt::format("</ul></div>\n<div class=\"card{}\"><h2>Until when</h2>\n",
                     page.overdue > 0 ? " bad" : "");
  if (page.first_deadline) {
    out += fmt::format("<p class=\"big date\">{}</p>\n<ul class=\"facts\">\n",
                       date_text(*page.first_deadline));
    out += html_fact(*page.first_deadline <= report.made_at ? "passed" : "which is",
                     days_from(report.made_at, *page.first_deadline));
    if (page.overdue > 0)
      out += html_fact("past their deadline", grouped(page.overdue));
    out += "</ul></div>\n";
  } else {
    out +=
        "<p class=\"big date\">soon</p>\n<p>There is no deadline. Where Nova verifies signatures "
        "it does not boot such an image.</p></div>\n";
  }
  out += "<div class=\"card\"><h2>What to do</h2>\n<ol class=\"steps\">\n";
  out +=
      "<li>Decide for each image <a href=\"#images\">in the list</a>: sign it again, or do "
      "without a signature.</li>\n";
  out += "<li>To sign, have <a href=\"#key\">a key and a certificate</a> ready.</li>\n";
  out += "<li>Run the <a href=\"#commands\">commands</a> of the image.</li>\n";
  return out + "</ol></div>\n</div>\n";
}

std::string with_verdict(const std::optional<SignatureVerdict>& verdict) {
  return verdict ? fmt::format(" ({})", html_escaped(signature_verdict_text(*verdict))) : "";
}

std::string wrong_cell(const OwnerImage& image) {
  const SiteReport::Signature& signature = *image.signature;
  std::vector<std::string> lines;
  if (image.task == OwnerTask::sign_again)
    lines.push_back(fmt::format("<span class=\"tag bad\">img_signature: {}</span>",
                                html_escaped(signature_finding_text(signature))));
  if (is_deprecated(signature.scheme) && !signature.removed_at) {
    lines.push_back(
        signature.scheme == SignatureScheme::legacy_partial
            ? "Part of a signature over the MD5, which no Glance ever verified."
            : fmt::format("Signed over the MD5{}, which no Glance since Newton verifies.",
                          with_verdict(signature.legacy_verdict)));
    if (image.task == OwnerTask::drop_old)
      lines.emplace_back("It is signed again, and that signature verifies.");
    else if (signature.scheme == SignatureScheme::both && !signature.verdict)
      lines.emplace_back("It has an img_signature too, which was not verified here.");
    else if (signature.scheme == SignatureScheme::both)
      lines.push_back("It has an img_signature too, which does not take its place: " +
                      html_escaped(signature_verdict_text(*signature.verdict)) + ".");
  }
  if (signature.snapshot)
    lines.push_back("A snapshot: these are most likely properties of the image below it.");
  if (const std::string reasons = reasons_for_owner(signature); !reasons.empty())
    lines.push_back(fmt::format("<span class=\"soft\">{}</span>", html_text(reasons, "", 300)));
  if (image.damage)
    lines.push_back(
        fmt::format("<span class=\"tag bad\">data: {}</span>", read_class_text(*image.damage)));
  std::string out;
  for (const std::string& line : lines)
    out += "<span class=\"reason\">" + line + "</span>";
  return out;
}

std::string image_list(const SiteReport& report, const OwnerPage& page) {
  std::string out = section("images", "Your images", "list") + html_table_head(kImageTable);
  const std::size_t shown = std::min(page.images.size(), kMaxImages);
  for (std::size_t i = 0; i < shown; ++i) {
    const OwnerImage& image = page.images[i];
    out += html_table_row(
        kImageTable,
        {html_image(image.signature->name, image.signature->image_id), wrong_cell(image),
         html_deadline(report, image.signature->deadline_at),
         fmt::format("<a href=\"#image-{}\">{}</a>", i + 1, owner_task_text(image.task))});
  }
  out += html_table_end();
  if (shown < page.images.size())
    out += fmt::format(
        "<p class=\"note\">The first {} of {}. The list beside this page, <code>{}.csv"
        "</code>, has all of them with their commands.</p>\n",
        grouped(static_cast<std::int64_t>(shown)),
        grouped(static_cast<std::int64_t>(page.images.size())), page.file_stem);
  return out + "</section>\n";
}

std::string key_section() {
  return section("key", "Once: a key and its certificate", "list") +
         "<p>The commands are for a POSIX shell on your own machine, with OpenSSL, the OpenStack "
         "client (<code>openstack</code>, with the plugin of Barbican) and your project's "
         "credentials. If you have no key for signing yet, make one; a certificate that your "
         "cloud's compute service trusts is better than one that you sign yourself, and the only "
         "kind "
         "that helps where a certificate is not trusted: ask the operator of your cloud for "
         "it.</p>\n" +
         commands_block(key_commands()) +
         "<p>Store the certificate in the key manager, in the same shell in which you go on. Put "
         "your own files into the first two lines. Who boots the image must be allowed to read "
         "the secret.</p>\n" +
         commands_block(certificate_commands()) + "</section>\n";
}

std::string sign_text(const SiteReport::Signature& signature) {
  std::string out =
      "<p>Sign it again. The third command downloads the image; if you have the file that it was "
      "made "
      "from, put its path into <code>DATA=</code>, and nothing is downloaded.";
  if (has_known_digest(signature))
    out +=
        " The fourth holds it against what the site has, and ends here unless it says "
        "<q>OK</q>: then ask your operator, and sign nothing.";
  else
    out +=
        " The site knows no digest of this image: compare the download with your own copy before "
        "you sign.";
  return out + "</p>\n";
}

std::string image_commands(const OwnerImage& image, std::size_t number) {
  const SiteReport::Signature& signature = *image.signature;
  std::string out = fmt::format("<article>\n<h3 id=\"image-{}\">{}</h3>\n", number,
                                html_image(signature.name, signature.image_id));
  const auto sign = signing_commands(signature);
  const auto remove = removal_commands(signature);
  if (image.damage)
    out += fmt::format(
        "<p><span class=\"tag bad\">data: {}</span> Do not sign it: what the site has stored is "
        "not "
        "what it should be. Replace the image, or ask your operator.</p>\n",
        read_class_text(*image.damage));
  if (signature.status == "deactivated")
    out +=
        "<p>It is deactivated: it can be downloaded when your operator has reactivated it.</p>\n";
  if (sign.empty() && remove.empty()) {
    out += "<p>Its id is none that Glance gives: ask your operator.</p>\n";
  } else {
    const bool signs = image.task != OwnerTask::drop_old && !image.damage;
    if (signs)
      out += sign_text(signature) + commands_block(sign);
    if (!remove.empty())
      out +=
          fmt::format("<p>{}</p>\n", image.task == OwnerTask::drop_old
                                         ? "Take the old properties off. The new signature stays."
                                     : signs ? "Or, if nobody needs a signature of it:"
                                             : "Take the signature off:") +
          commands_block(remove);
  }
  return out + "</article>\n";
}

std::string commands_section(const OwnerPage& page) {
  std::string out = section("commands", "Commands for each image", "list") +
                    "<p>Click into a block to select all of it. Each goes on only while its "
                    "commands succeed.</p>\n";
  for (std::size_t i = 0; i < std::min(page.images.size(), kMaxImages); ++i)
    out += image_commands(page.images[i], i + 1);
  return out + "</section>\n";
}

std::string why_section() {
  return section("why", "Why") +
         "<p>The properties <code>signature*</code> were checked by the Liberty release at upload, "
         "over the MD5 of the image. No Glance since Newton looks at them: they protect nothing, "
         "and look as if they did. Their successors, <code>img_signature*</code>, sign the data "
         "itself; Nova and Cinder verify them where the site has turned that on. Whoever needs no "
         "signature need not sign again.</p>\n</section>\n";
}

std::string title_of(const SiteReport& report) {
  return fmt::format("Image signatures, {}", date_text(report.made_at));
}

}  // namespace

std::string render_owner_html(const SiteReport& report, const OwnerPage& page) {
  std::string out = page_start(title_of(report), kImageTable);
  out += fmt::format(
      "<header>\n<h1>Image signatures: what to do</h1>\n<p class=\"meta\">Project {} &middot; "
      "<time datetime=\"{}\">{}</time></p>\n<p class=\"lede\">{}</p>\n</header>\n<main>\n",
      page.owner.empty() ? "<i>none: these images have no owner</i>" : html_text(page.owner),
      iso_time(report.made_at), minute_text(report.made_at), lede(report, page));
  return out + cards(report, page) + image_list(report, page) + key_section() +
         commands_section(page) + why_section() + page_end(report);
}

std::string render_owners_index_html(const SiteReport& report,
                                     const std::vector<OwnerPage>& pages) {
  std::int64_t images = 0;
  std::int64_t overdue = 0;
  std::int64_t unverified = 0;
  std::optional<std::int64_t> first;
  for (const OwnerPage& page : pages) {
    images += static_cast<std::int64_t>(page.images.size());
    overdue += page.overdue;
    unverified += page.unverified;
    if (page.first_deadline && (!first || *page.first_deadline < *first))
      first = page.first_deadline;
  }
  std::string out = page_start(title_of(report), kIndexTable);
  std::string summary = "No owner has anything to do.";
  if (!pages.empty()) {
    const auto owners = static_cast<std::int64_t>(pages.size());
    summary =
        fmt::format("{} of {} {} {} owner", images_text(images), html_strong(owners),
                    owners == 1 ? "owner" : "owners", images == 1 ? "needs its" : "need their");
    if (first)
      summary += fmt::format("; the first deadline is {}", when_text(report, *first));
    summary += ".";
    if (overdue > 0)
      summary += fmt::format(" {} past their deadline.", html_strong(overdue));
    if (unverified > 0)
      summary +=
          fmt::format(" {} with an img_signature that does not verify.", html_strong(unverified));
  }
  out += fmt::format(
      "<header>\n<h1>Image signatures by owner</h1>\n<p class=\"meta\">"
      "<time datetime=\"{}\">{}</time></p>\n<p class=\"lede\">{}</p>\n</header>\n<main>\n",
      iso_time(report.made_at), minute_text(report.made_at), summary);
  if (!pages.empty()) {
    out += section("owners", "Owners", "list") + html_table_head(kIndexTable);
    for (const OwnerPage& page : pages)
      out += html_table_row(
          kIndexTable,
          {fmt::format("<a href=\"{}.html\">{}</a>", page.file_stem,
                       html_text(page.owner, "no owner")),
           grouped(static_cast<std::int64_t>(page.images.size())), grouped(page.overdue),
           grouped(page.unverified), html_deadline(report, page.first_deadline),
           fmt::format("<a href=\"{0}.html\">page</a> <a href=\"{0}.csv\">CSV</a>",
                       page.file_stem)});
    out += html_table_end() + "</section>\n";
  }
  return out + page_end(report);
}

}  // namespace backglance
