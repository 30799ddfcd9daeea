// SPDX-License-Identifier: Apache-2.0
#include "report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "base/embedded_file.h"
#include "base/text.h"
#include "report/wording.h"

namespace backglance {

// Written by the build: the files that report/CMakeLists.txt names under EMBED.
const std::vector<EmbeddedFile>& report_files();

namespace {

// A file's text behind the comment that it begins with, which says its licence and is for those
// who read the source.
std::string_view behind_comment(std::string_view text, std::string_view end) {
  return text.substr(text.find(end) + end.size());
}

using Parts = std::map<std::string_view, std::string_view>;

// A part ends before the newline in front of the next one's mark, or of the end of the file.
void add_parts(Parts& parts, std::string_view text) {
  constexpr std::string_view kMark = "<!-- part: ";
  constexpr std::string_view kMarkEnd = " -->\n";
  for (auto at = text.find(kMark); at != std::string_view::npos;) {
    const auto name = at + kMark.size();
    const auto name_end = text.find(kMarkEnd, name);
    const auto begin = name_end + kMarkEnd.size();
    const auto next = text.find(kMark, begin);
    const auto end = std::min(next, text.size()) - 1;
    if (!parts.emplace(text.substr(name, name_end - name), text.substr(begin, end - begin)).second)
      throw std::logic_error(
          fmt::format("two parts are called {}", text.substr(name, name_end - name)));
    at = next;
  }
}

// Views into the texts of the program, so nothing is copied, and any thread may read them.
const Parts& all_parts() {
  static const Parts parts = [] {
    Parts out;
    for (const EmbeddedFile& file : report_files())
      if (file.name.ends_with(".html"))
        add_parts(out, behind_comment(file.text, "-->\n"));
    return out;
  }();
  return parts;
}

}  // namespace

Html html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    // Both quotes too: the same text may stand in an attribute.
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return Html(std::move(out));
}

Html html_part(std::string_view name, std::initializer_list<HtmlValue> values) {
  const auto defect = [&](std::string_view what) {
    return std::logic_error(fmt::format("part {} of the page: {}", name, what));
  };
  // Names and words are the program's own, so whatever does not fit is a defect, and the tests of
  // the pages find it.
  const auto part = all_parts().find(name);
  if (part == all_parts().end())
    throw defect("there is none");
  // Only the part is searched for words, never a value: a name that holds "{{" stays a name.
  std::string_view rest = part->second;
  std::string out;
  std::size_t used = 0;
  std::uint64_t seen = 0;
  for (auto at = rest.find("{{"); at != std::string_view::npos; at = rest.find("{{")) {
    const std::string_view word = rest.substr(at + 2, rest.find("}}", at) - at - 2);
    const auto* const value =
        std::find_if(values.begin(), values.end(),
                     [&](const HtmlValue& candidate) { return candidate.word == word; });
    if (value == values.end())
      throw defect(fmt::format("nothing is given for {}", word));
    // A word may occur several times in a part, but each value must occur.
    const auto bit = std::uint64_t{1} << (value - values.begin());
    used += (seen & bit) == 0 ? 1 : 0;
    seen |= bit;
    out += rest.substr(0, at);
    out += value->value.text();
    rest.remove_prefix(at + 4 + word.size());
  }
  if (used != values.size())
    throw defect("a value has no place");
  return Html(out + std::string(rest));
}

Html html_in(std::string_view name, const Html& text) {
  return html_part(name, {{"text", text}});
}

// Text from the database looks different from our own words, so that nobody takes an owner named
// "no owner" for none.
Html html_text(std::string_view text, std::string_view missing, std::size_t max_bytes) {
  return text.empty() ? html_in("absent", html_escaped(missing))
                      : html_in("stored", html_escaped(printable(text, max_bytes)));
}

Html html_style() {
  for (const EmbeddedFile& file : report_files())
    if (file.name.ends_with(".css"))
      return Html(std::string(behind_comment(file.text, "*/\n")));
  throw std::logic_error("the style sheet is missing");
}

Html html_head(std::string_view title, const Html& narrow_style, const Html& more) {
  return html_part("head", {{"title", html_escaped(title)},
                            {"style", html_style()},
                            {"narrow_style", narrow_style},
                            {"more", more}});
}

Html html_image(const std::string& name, const std::string& id) {
  return html_text(name, "no name") + html_part("id", {{"id", html_text(id, "no id", 80)}});
}

Html html_owner(const std::string& owner) {
  return owner.empty() ? html_text(owner, "no owner") : html_part("id", {{"id", html_text(owner)}});
}

Html html_date(std::int64_t time) {
  return html_part(
      "date", {{"iso", html_escaped(iso_time(time))}, {"text", html_escaped(date_text(time))}});
}

Html html_minute(std::int64_t time) {
  constexpr std::size_t kWithoutZone = 16;  // "2026-03-04 05:06"
  return html_part("date", {{"iso", html_escaped(iso_time(time))},
                            {"text", html_escaped(minute_text(time).substr(0, kWithoutZone))}});
}

Html html_deadline(const SiteReport& report, const std::optional<std::int64_t>& deadline) {
  if (!deadline)
    return html_in("absent", "none");
  // Compared with the time of the report: a page that is read later does not change.
  return html_part(*deadline <= report.made_at ? "deadline-passed" : "deadline",
                   {{"date", html_date(*deadline)},
                    {"days", html_escaped(days_from(report.made_at, *deadline))}});
}

Html html_made(const SiteReport& report) {
  return html_part("time", {{"iso", html_escaped(iso_time(report.made_at))},
                            {"text", html_escaped(minute_text(report.made_at))}});
}

Html html_strong(std::int64_t number) {
  return html_in("strong", html_escaped(grouped(number)));
}

Html html_fact(const Html& label, const Html& value) {
  return html_part("fact", {{"label", label}, {"value", value}});
}

Html html_section(std::string_view id, std::string_view title, const Html& content,
                  std::string_view style_class) {
  return html_part("section", {{"id", html_escaped(id)},
                               {"title", html_escaped(title)},
                               {"class", html_escaped(style_class)},
                               {"content", content}});
}

}  // namespace backglance
