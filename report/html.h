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

// Markup that may stand in a page as it is. It is made of literals of the program, of the parts in
// report/page/, and of text that was escaped: no std::string becomes Html but by the functions
// below, so that a name cannot add markup by mistake.
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

// Text of our own for an element or an attribute in double quotes.
Html html_escaped(std::string_view text);
inline Html html_number(std::int64_t number) {
  return html_escaped(std::to_string(number));
}

// The part of report/page/*.html with that name, each {{word}} replaced by its value. A part, a
// word or a value too much or too little is a defect and throws std::logic_error.
struct HtmlValue {
  std::string_view word;
  Html value;
};
Html html_part(std::string_view name, std::initializer_list<HtmlValue> values = {});

// The part `name` that has the one word {{text}}: "strong", "tag-bad".
Html html_in(std::string_view name, const Html& text);

// Text from the database: printable, escaped, and in a <bdi> so that its direction ends with it.
// `missing` (our own words) stands for an empty text.
Html html_text(std::string_view text, std::string_view missing = "none",
               std::size_t max_bytes = 300);

// From the doctype to the end of <head>. `title` is our own text, `narrow_style` are rules for
// narrow screens: those that name the cells of the page's tables. `more` are elements of the head.
Html html_head(std::string_view title, const Html& narrow_style, const Html& more = {});
// The style sheet of every page.
Html html_style();

// A table's cell: a date, "2026-03-04"; a time to the minute; a deadline, and how far off it is; a
// name over an id; an owner's id.
Html html_date(std::int64_t time);
Html html_minute(std::int64_t time);
Html html_deadline(const SiteReport& report, const std::optional<std::int64_t>& deadline);
Html html_image(const std::string& name, const std::string& id);
Html html_owner(const std::string& owner);
// When the report was made, in its heading.
Html html_made(const SiteReport& report);
// "<strong>1,204</strong>".
Html html_strong(std::int64_t number);
// A line of a card's list.
Html html_fact(const Html& label, const Html& value);
// A section of a page with its heading, which a link may lead to. `style_class` is "overview" or,
// for long tables, "list".
Html html_section(std::string_view id, std::string_view title, const Html& content,
                  std::string_view style_class = "overview");

}  // namespace backglance
