// SPDX-License-Identifier: Apache-2.0
#include "report/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "base/text.h"
#include "report/wording.h"

namespace backglance {
namespace {

// Series of their own in the coverage bars; what comes after them shares the last colour.
constexpr std::size_t kMaxSeries = 5;

// The style class of a row of the coverage: "s0".."s5", or "open" for images without a hash.
std::string series_class(const Summary& summary, std::size_t row) {
  if (summary.coverage[row].algorithm.empty())
    return "open";
  return fmt::format("s{}", std::min(row, kMaxSeries));
}

std::string algorithm_text(const SiteReport::Coverage& row) {
  return row.algorithm.empty() ? "no hash" : printable(row.algorithm, 60);
}

Html fixed(double number, int decimals) {
  return html_escaped(fmt::format("{:.{}f}", number, decimals));
}

// Sums of numbers from the database: a negative one cannot be drawn.
double share(std::int64_t part, std::int64_t total) {
  return part <= 0 || total <= 0 ? 0 : static_cast<double>(part) / static_cast<double>(total);
}

// One bar of 100 % width: a rectangle for each algorithm, the many small ones in one. The smallest
// are drawn wide enough to be seen, at the cost of the others.
Html stacked_bar(const Summary& summary, std::int64_t total, const Html& what,
                 std::int64_t SiteReport::Coverage::*part) {
  struct Segment {
    std::string style_class;
    double width;
  };
  std::vector<Segment> segments;
  std::string description;
  for (std::size_t i = 0; i < summary.coverage.size(); ++i) {
    const SiteReport::Coverage& row = summary.coverage[i];
    description += fmt::format("{}{}: {}", description.empty() ? "" : ", ", algorithm_text(row),
                               percent_text(row.*part, total));
    const double width = share(row.*part, total);
    if (width <= 0)
      continue;
    const std::string style_class = series_class(summary, i);
    if (!segments.empty() && segments.back().style_class == style_class)
      segments.back().width += width;
    else
      segments.push_back({style_class, width});
  }
  // Of the bar's width; at 300 pixels about two.
  constexpr double kLeast = 0.006;
  double drawn = 0;
  for (Segment& segment : segments) {
    segment.width = std::max(segment.width, kLeast);
    drawn += segment.width;
  }
  Html drawing;
  double x = 0;
  for (const Segment& segment : segments) {
    const double width = segment.width / drawn * 100;
    drawing += html_part("segment", {{"class", html_escaped(segment.style_class)},
                                     {"x", fixed(x, 3)},
                                     {"width", fixed(width, 3)}});
    if (x > 0)
      drawing += html_part("cut", {{"x", fixed(x, 3)}});
    x += width;
  }
  return html_part(
      "bar", {{"what", what}, {"description", html_escaped(description)}, {"segments", drawing}});
}

// A column of the deadline chart.
struct Slot {
  std::int64_t first =
      0;  // seconds; a deadline falls in the last slot that does not begin after it
  std::string label;
  std::string label_below;  // month or year, where it changes
  std::string spoken;       // "week of 2026-03-02"
  std::int64_t images = 0;
  bool passed = false;
};

std::int64_t seconds_of(std::chrono::sys_days day) {
  return std::chrono::seconds(day.time_since_epoch()).count();
}

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::string_view month_name(std::chrono::month month) {
  return kMonths[static_cast<unsigned>(month) - 1];
}

constexpr std::int64_t kLatest = 253402300799;  // the last second of the year 9999
// A quarter by weeks; what lies later, by months and at most a year and a half of them.
constexpr int kWeeks = 13;
constexpr int kLeastMonths = 12;
constexpr int kMostMonths = 18;

std::vector<Slot> week_slots(std::chrono::sys_days today) {
  using namespace std::chrono;
  const sys_days monday = today - (weekday(today) - Monday);
  std::vector<Slot> slots;
  for (int i = 0; i < kWeeks; ++i) {
    const sys_days start = monday + weeks(i);
    const year_month_day date(start);
    const bool new_month = i == 0 || date.day() <= day(7);
    slots.push_back({seconds_of(start), fmt::format("{}", static_cast<unsigned>(date.day())),
                     new_month ? std::string(month_name(date.month())) : std::string(),
                     "week of " + date_text(seconds_of(start)), 0, false});
  }
  return slots;
}

std::vector<Slot> month_slots(std::chrono::sys_days today, std::int64_t last) {
  using namespace std::chrono;
  const year_month_day now(today);
  std::vector<Slot> slots;
  for (year_month month(now.year(), now.month());; month += months(1)) {
    const std::int64_t start = seconds_of(sys_days(month / 1));
    const int count = static_cast<int>(slots.size());
    if (count >= kLeastMonths && start > last)
      break;
    // All later deadlines share this one column.
    if (count == kMostMonths) {
      slots.push_back({start, "later", "", "later", 0, false});
      break;
    }
    const bool new_year = count == 0 || month.month() == January;
    slots.push_back({start, std::string(month_name(month.month())),
                     new_year ? fmt::format("{}", static_cast<int>(month.year())) : std::string(),
                     date_text(start).substr(0, 7), 0, false});
  }
  return slots;
}

// By weeks if every deadline lies within the quarter, else by months.
std::vector<Slot> deadline_slots(const SiteReport& report) {
  using namespace std::chrono;
  std::vector<std::int64_t> deadlines;
  std::int64_t passed = 0;
  for (const SiteReport::Signature& signature : report.signatures) {
    if (!is_outstanding(signature) || signature.deleted || !signature.deadline_at)
      continue;
    if (is_overdue(report, signature))
      ++passed;
    else
      deadlines.push_back(*signature.deadline_at);
  }
  if (deadlines.empty() && passed == 0)
    return {};
  const auto today =
      floor<days>(sys_seconds(seconds(std::clamp<std::int64_t>(report.made_at, 0, kLatest))));
  const std::int64_t last =
      deadlines.empty() ? 0 : *std::max_element(deadlines.begin(), deadlines.end());
  std::vector<Slot> slots = week_slots(today);
  if (last >= slots.back().first + std::int64_t{7} * 86400)
    slots = month_slots(today, last);
  for (const std::int64_t deadline : deadlines) {
    const auto after =
        std::upper_bound(slots.begin(), slots.end(), deadline,
                         [](std::int64_t time, const Slot& slot) { return time < slot.first; });
    ++(after == slots.begin() ? after : std::prev(after))->images;
  }
  if (passed > 0)
    slots.insert(slots.begin(), Slot{std::numeric_limits<std::int64_t>::min(), "past", "", "passed",
                                     passed, true});
  return slots;
}

// Above a column there is room for four characters.
std::string short_count(std::int64_t number) {
  if (number < 1000)
    return std::to_string(number);
  if (number < 10'000)
    return fmt::format("{}.{}k", number / 1000, number % 1000 / 100);
  return fmt::format("{}k", number / 1000);
}

}  // namespace

Html chart_patterns() {
  return html_part("patterns");
}

Html coverage_ring(const Summary& summary) {
  // Only the whole closes the ring, and the least part of it is seen.
  const double exact = share(summary.images_with_hash, summary.images) * 100;
  const double arc = exact <= 0 ? 0 : exact >= 100 ? 100 : std::clamp(exact, 1.5, 98.5);
  const std::string percent = percent_text(summary.images_with_hash, summary.images);
  // "under 1 %" needs smaller letters within the ring.
  const bool is_long = percent.size() > 5;
  const std::string description =
      fmt::format("{} of {} have a hash, {}", grouped(summary.images_with_hash),
                  counted(summary.images, "image"), percent);
  return html_part("ring",
                   {{"description", html_escaped(description)},
                    {"arc", arc > 0 ? html_part("ring-arc", {{"length", fixed(arc, 2)}}) : Html()},
                    {"y", is_long ? Html("65") : Html("68")},
                    {"class", is_long ? Html("small") : Html("large")},
                    {"percent", html_escaped(percent)}});
}

Html coverage_bars(const Summary& summary) {
  return html_part(
      "bars",
      {{"image_bar", stacked_bar(summary, summary.images, "images", &SiteReport::Coverage::images)},
       {"images", html_escaped(grouped(summary.images))},
       {"byte_bar", stacked_bar(summary, summary.bytes, "bytes", &SiteReport::Coverage::bytes)},
       {"bytes", html_escaped(bytes_text(summary.bytes))}});
}

Html coverage_swatch(const Summary& summary, std::size_t row) {
  return html_part("swatch", {{"class", html_escaped(series_class(summary, row))}});
}

Html deadline_chart(const SiteReport& report) {
  const std::vector<Slot> slots = deadline_slots(report);
  if (slots.empty())
    return {};
  std::int64_t most = 1;
  std::string description;
  for (const Slot& slot : slots) {
    most = std::max(most, slot.images);
    if (slot.images > 0)
      description += fmt::format("{}{}: {}", description.empty() ? "" : "; ", slot.spoken,
                                 counted(slot.images, "image"));
  }
  // Places along the axis are in percent and heights in pixels, so that text keeps its size at any
  // width.
  constexpr double kBase = 172;
  constexpr double kTallest = 140;
  const double step = 100.0 / static_cast<double>(slots.size());
  Html drawing;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Slot& slot = slots[i];
    const double middle = (static_cast<double>(i) + 0.5) * step;
    Html column;
    if (slot.images > 0) {
      // The least column has 3 pixels: one image among thousands is seen.
      const double height =
          std::max(3.0, kTallest * static_cast<double>(slot.images) / static_cast<double>(most));
      column = html_part("slot-column", {{"class", slot.passed ? Html("passed") : Html("due")},
                                         {"x", fixed(middle - step * 0.34, 3)},
                                         {"y", fixed(kBase - height, 1)},
                                         {"width", fixed(step * 0.68, 3)},
                                         {"height", fixed(height, 1)},
                                         {"middle", fixed(middle, 3)},
                                         {"above", fixed(kBase - height - 7, 1)},
                                         {"count", html_escaped(short_count(slot.images))}});
    }
    // A narrow screen has room for every second label.
    const bool last = i + 1 == slots.size();
    const bool keep = i == 0 || last || (i % 2 == 0 && i + 2 != slots.size());
    Html below;
    if (!slot.label_below.empty())
      below = html_part("slot-below", {{"x", fixed(middle, 3)},
                                       {"y", fixed(kBase + 34, 0)},
                                       {"label", html_escaped(slot.label_below)}});
    drawing += html_part("slot", {{"column", column},
                                  {"class", keep ? Html() : Html(" class=\"extra\"")},
                                  {"x", fixed(middle, 3)},
                                  {"y", fixed(kBase + 18, 0)},
                                  {"label", html_escaped(slot.label)},
                                  {"below", below}});
  }
  return html_part(
      "deadlines",
      {{"description", html_escaped(description)}, {"base", fixed(kBase, 0)}, {"slots", drawing}});
}

}  // namespace backglance
