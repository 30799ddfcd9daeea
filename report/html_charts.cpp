// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "report/html.h"
#include "report/utf8.h"
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
  return row.algorithm.empty() ? "no hash" : shown(row.algorithm, 60);
}

double share(std::int64_t part, std::int64_t total) {
  return part <= 0 || total <= 0 ? 0 : static_cast<double>(part) / static_cast<double>(total);
}

// One bar of 100 % width: a rectangle for each algorithm, the many small ones in one. The smallest
// are drawn wide enough to be seen, at the cost of the others.
std::string stacked_bar(const Summary& summary, std::int64_t total, std::string_view what,
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
  constexpr double kLeast = 0.006;
  double drawn = 0;
  for (Segment& segment : segments) {
    segment.width = std::max(segment.width, kLeast);
    drawn += segment.width;
  }
  std::string out = fmt::format(
      "<svg class=\"bar\" role=\"img\" aria-labelledby=\"bar-{0}-t bar-{0}-d\">"
      "<title id=\"bar-{0}-t\">Coverage by {0}</title><desc id=\"bar-{0}-d\">{1}</desc>",
      what, html_escaped(description));
  double x = 0;
  for (const Segment& segment : segments) {
    const double width = segment.width / drawn * 100;
    out += fmt::format("<rect class=\"{}\" x=\"{:.3f}%\" width=\"{:.3f}%\" height=\"100%\"/>",
                       segment.style_class, x, width);
    if (x > 0)
      out += fmt::format("<line class=\"cut\" x1=\"{0:.3f}%\" x2=\"{0:.3f}%\" y2=\"100%\"/>", x);
    x += width;
  }
  return out + "</svg>";
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

std::string short_count(std::int64_t number) {
  if (number < 1000)
    return std::to_string(number);
  if (number < 10'000)
    return fmt::format("{}.{}k", number / 1000, number % 1000 / 100);
  return fmt::format("{}k", number / 1000);
}

}  // namespace

std::string chart_patterns() {
  // Lines across a series' colour. The one for what lies open or has passed is the coarsest.
  std::string out = "<svg class=\"defs\" aria-hidden=\"true\" focusable=\"false\"><defs>\n";
  const auto pattern = [&](std::string_view id, int size, std::string_view lines) {
    out += fmt::format(
        "<pattern id=\"{0}\" width=\"{1}\" height=\"{1}\" "
        "patternUnits=\"userSpaceOnUse\"><rect class=\"{0}-ground\" width=\"{1}\" "
        "height=\"{1}\"/>{2}</pattern>\n",
        id, size, lines);
  };
  pattern("p1", 6, "<path class=\"ink\" d=\"M-1 1 1-1M0 6 6 0M5 7 7 5\"/>");
  pattern("p2", 5, "<circle class=\"dot\" cx=\"2.5\" cy=\"2.5\" r=\"1.1\"/>");
  pattern("p3", 5, "<path class=\"ink\" d=\"M0 2.5H5\"/>");
  pattern("p4", 6, "<path class=\"ink\" d=\"M0 3H6M3 0V6\"/>");
  pattern("p-open", 7, "<path class=\"ink\" d=\"M-1 1 1-1M0 7 7 0M6 8 8 6\"/>");
  pattern("p-passed", 7, "<path class=\"ink\" d=\"M-1 6 1 8M0 0 7 7M6-1 8 1\"/>");
  return out + "</defs></svg>\n";
}

std::string coverage_ring(const Summary& summary) {
  // Only the whole closes the ring, and the least part of it is seen.
  const double exact = share(summary.images_with_hash, summary.images) * 100;
  const double arc = exact <= 0 ? 0 : exact >= 100 ? 100 : std::clamp(exact, 1.5, 98.5);
  const std::string percent = percent_text(summary.images_with_hash, summary.images);
  std::string out = fmt::format(
      "<svg class=\"ring\" viewBox=\"0 0 120 120\" role=\"img\" aria-labelledby=\"ring-t ring-d\">"
      "<title id=\"ring-t\">Coverage</title>"
      "<desc id=\"ring-d\">{} of {} have a hash, {}</desc>"
      "<circle class=\"track\" cx=\"60\" cy=\"60\" r=\"50\"/>",
      grouped(summary.images_with_hash), counted(summary.images, "image"), percent);
  if (arc > 0)
    out += fmt::format(
        "<circle class=\"arc\" cx=\"60\" cy=\"60\" r=\"50\" pathLength=\"100\" "
        "stroke-dasharray=\"{:.2f} 100\" transform=\"rotate(-90 60 60)\"/>",
        arc);
  return out + fmt::format("<text x=\"60\" y=\"{}\" class=\"{}\">{}</text></svg>\n",
                           percent.size() > 5 ? 65 : 68, percent.size() > 5 ? "small" : "large",
                           percent);
}

std::string coverage_bars(const Summary& summary) {
  return fmt::format(
      "<div class=\"bars\"><span>Images</span>{}<span class=\"n\">{}</span>\n"
      "<span>Bytes</span>{}<span class=\"n\">{}</span></div>\n",
      stacked_bar(summary, summary.images, "images", &SiteReport::Coverage::images),
      grouped(summary.images),
      stacked_bar(summary, summary.bytes, "bytes", &SiteReport::Coverage::bytes),
      bytes_text(summary.bytes));
}

std::string coverage_swatch(const Summary& summary, std::size_t row) {
  return fmt::format(
      "<svg class=\"swatch\" aria-hidden=\"true\"><rect class=\"{}\" width=\"100%\" "
      "height=\"100%\"/></svg>",
      series_class(summary, row));
}

std::string deadline_chart(const SiteReport& report) {
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
  std::string out = fmt::format(
      "<svg class=\"deadlines\" role=\"img\" aria-labelledby=\"dl-t dl-d\"><title id=\"dl-t\">"
      "Images by the end of their grace period</title><desc id=\"dl-d\">{0}</desc>\n"
      "<line class=\"axis\" x2=\"100%\" y1=\"{1}.5\" y2=\"{1}.5\"/>\n",
      description, kBase);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    const Slot& slot = slots[i];
    const double middle = (static_cast<double>(i) + 0.5) * step;
    if (slot.images > 0) {
      const double height =
          std::max(3.0, kTallest * static_cast<double>(slot.images) / static_cast<double>(most));
      out += fmt::format(
          "<rect class=\"{}\" x=\"{:.3f}%\" y=\"{:.1f}\" width=\"{:.3f}%\" "
          "height=\"{:.1f}\"/><text class=\"count\" x=\"{:.3f}%\" y=\"{:.1f}\">{}"
          "</text>\n",
          slot.passed ? "passed" : "due", middle - step * 0.34, kBase - height, step * 0.68, height,
          middle, kBase - height - 7, short_count(slot.images));
    }
    // A narrow screen has room for every second label.
    const bool last = i + 1 == slots.size();
    const bool keep = i == 0 || last || (i % 2 == 0 && i + 2 != slots.size());
    out += fmt::format("<text{} x=\"{:.3f}%\" y=\"{}\">{}</text>", keep ? "" : " class=\"extra\"",
                       middle, kBase + 18, slot.label);
    if (!slot.label_below.empty())
      out += fmt::format("<text class=\"below\" x=\"{:.3f}%\" y=\"{}\">{}</text>", middle,
                         kBase + 34, slot.label_below);
    out += '\n';
  }
  return out + "</svg>\n";
}

}  // namespace backglance
