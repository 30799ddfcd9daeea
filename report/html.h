// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/site_report.h"

namespace backglance {

struct HtmlValue;

// Markup that may go into a page unchanged. It is made only of the program's literals, of the parts
// in report/page/ and of escaped text. Only the functions below make Html from a std::string, so a
// name from the database cannot add markup by mistake.
class Html {
 public:
  Html() = default;
  template <std::size_t N>
  Html(const char (&literal)[N]) : text_(literal) {}
  template <std::size_t N>
  Html(char (&buffer)[N]) = delete;

  bool empty() const { return text_.empty(); }
  const std::string& text() const { return text_; }
  Html& operator+=(const Html& more) {
    text_ += more.text_;
    return *this;
  }
  friend Html operator+(Html a, const Html& b) { return std::move(a += b); }

 private:
  explicit Html(std::string markup) : text_(std::move(markup)) {}
  friend Html html_escaped(std::string_view text);
  friend Html html_style();
  friend Html html_part(std::string_view name, std::initializer_list<HtmlValue> values);

  std::string text_;
};

// Escapes text of our own, for an element or for an attribute in double quotes.
Html html_escaped(std::string_view text);
inline Html html_number(std::int64_t number) {
  return html_escaped(std::to_string(number));
}

// The part of report/page/*.html with this name, with each {{word}} replaced by its value. Throws
// std::logic_error for an unknown part, and for a word or a value too many or too few.
struct HtmlValue {
  std::string_view word;
  Html value;
};
Html html_part(std::string_view name, std::initializer_list<HtmlValue> values = {});

// The part `name`, whose only word is {{text}}: "strong", "tag-bad".
Html html_in(std::string_view name, const Html& text);

// Text from the database: made printable, escaped, cut to `max_bytes` and put into a <bdi>, so that
// its writing direction ends with it. `missing` (our own words) is shown for an empty text.
Html html_text(std::string_view text, std::string_view missing = "none",
               std::size_t max_bytes = 300);

// Everything from the doctype to the end of <head>. `title` is our own text. `narrow_style` has
// rules for narrow screens: the ones that name the cells of the page's tables. `more` are further
// elements of the head.
Html html_head(std::string_view title, const Html& narrow_style, const Html& more = {});
// The style sheet of every page.
Html html_style();

// Cells of a table: a date "2026-03-04"; a time to the minute; a deadline with its distance from
// the report's time; a name over an id; an owner's id. Times are unix seconds, UTC.
Html html_date(std::int64_t time);
Html html_minute(std::int64_t time);
Html html_deadline(const SiteReport& report, const std::optional<std::int64_t>& deadline);
Html html_image(const std::string& name, const std::string& id);
Html html_owner(const std::string& owner);
// The time at which the report was made, for its heading.
Html html_made(const SiteReport& report);
// "<strong>1,204</strong>".
Html html_strong(std::int64_t number);
// One line of the list on a card.
Html html_fact(const Html& label, const Html& value);
// A section of a page with its heading; links may lead to its `id`. `style_class` is "overview" or,
// for long tables, "list".
Html html_section(std::string_view id, std::string_view title, const Html& content,
                  std::string_view style_class = "overview");

}  // namespace backglance
