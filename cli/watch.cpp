// SPDX-License-Identifier: Apache-2.0
#include "cli/watch.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#include "base/stop.h"
#include "base/text.h"
#include "cli/console.h"
#include "sql/retry.h"
#include "sql/schema_state.h"
#include "sql/session.h"

namespace backglance {
namespace {

constexpr int kWide = 60;  // columns
constexpr std::chrono::seconds kRedraw{2};
constexpr std::chrono::seconds kPlainLine{10};
constexpr std::chrono::milliseconds kLook{100};

std::string bytes_text(std::int64_t bytes) {
  return human_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)));
}

std::int64_t rate_of(const FleetView& view) {
  std::int64_t rate = 0;
  for (const LiveRun& run : view.runs)
    rate += run.waiting_for.empty() ? run.bytes_per_second : 0;
  return rate;
}

// "about 2 h 05 min left"; empty if nothing is read, or nothing is left.
std::string left_text(const FleetView& view) {
  constexpr std::int64_t kYear = 365LL * 86400;
  const std::int64_t rate = rate_of(view);
  if (rate <= 0 || view.queued.bytes <= 0)
    return {};
  const std::int64_t seconds = view.queued.bytes / rate;
  return seconds > kYear ? "more than a year left"
                         : "about " + human_duration(std::chrono::seconds(seconds)) + " left";
}

// Cut to the width, and never within a character. Characters of several bytes count as more columns
// than they have: the picture is never too wide.
std::string cut(std::string line, int columns) {
  const auto most = static_cast<std::size_t>(std::max(columns, 1));
  if (line.size() <= most)
    return line;
  std::size_t end = most - 1;
  while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0U) == 0x80U)
    --end;
  return line.substr(0, end) + "~";
}

std::vector<std::string> lines_of(const LiveRun& run, int columns) {
  const std::string host = printable(run.host, 60);
  const std::string rate =
      run.waiting_for.empty() ? bytes_text(run.bytes_per_second) + "/s" : "waits";
  std::vector<std::string> lines;
  if (columns >= kWide)
    lines.push_back(fmt::format("{:<{}} {:<9} {:>8} {:>10} {:>12}", cut(host, columns - 43),
                                columns - 43, cut(printable(run.command), 9), grouped(run.images),
                                bytes_text(run.bytes), rate));
  else
    lines.push_back(fmt::format("{:<{}} {:>10} {:>12}", cut(host, std::max(columns - 24, 1)),
                                std::max(columns - 24, 1), bytes_text(run.bytes), rate));
  if (!run.waiting_for.empty())
    lines.push_back("  waits: " + printable(run.waiting_for, 500));
  if (!run.stop_by.empty())
    lines.push_back("  stopping, asked by " + printable(run.stop_by));
  if (run.heartbeat_age > kHeartbeatLimitSeconds / 2)
    lines.push_back(fmt::format("  no heartbeat for {} s", run.heartbeat_age));
  for (std::string& line : lines)
    line = cut(line, columns);
  return lines;
}

std::vector<std::string> head_of(const FleetView& view, int columns) {
  // A narrow picture has the time on a line of its own.
  std::vector<std::string> head = {
      fmt::format("{}:{}{} at work, {}/s", utc_time(within_calendar(view.at)),
                  columns >= kWide ? " " : "\n", counted(std::ssize(view.runs), "run"),
                  bytes_text(rate_of(view))),
      fmt::format("to read: {}, {}", counted(view.queued.images, "image"),
                  bytes_text(view.queued.bytes))};
  if (const std::string left = left_text(view); !left.empty()) {
    if (columns >= kWide)
      head.back() += ", " + left;
    else
      head.push_back(left);
  }
  if (view.fleet.paused)
    head.push_back(view.fleet.text());
  head.emplace_back();
  if (columns >= kWide && !view.runs.empty())
    head.push_back(fmt::format("{:<{}} {:<9} {:>8} {:>10} {:>12}", "HOST", columns - 43, "COMMAND",
                               "IMAGES", "READ", "RATE"));
  std::vector<std::string> lines = split(join(head, "\n"), '\n');
  for (std::string& line : lines)
    line = cut(line, columns);
  return lines;
}

FleetView look(Session& session) {
  FleetView view;
  retry(session, [&] {
    view.fleet = read_fleet(session);
    view.runs = live_runs(session);
    view.queued = QueueFigures(session).queued();
  });
  view.at = std::time(nullptr);
  std::stable_sort(view.runs.begin(), view.runs.end(),
                   [](const LiveRun& a, const LiveRun& b) { return a.host < b.host; });
  return view;
}

// A screen of its own while this exists: what was on the terminal before is there again afterwards.
class Screen {
 public:
  Screen() { write_out("\x1b[?1049h\x1b[?25l"); }
  ~Screen() { write_out("\x1b[?25h\x1b[?1049l"); }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  static void draw(const FleetView& view) {
    winsize size = {};
    const bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    std::string picture =
        watch_picture(view, is_known ? size.ws_col : 80, is_known ? size.ws_row : 24);
    // Each line is cleared to its end, and then what is below.
    replace_all(picture, "\n", "\x1b[K\n");
    if (picture.ends_with('\n'))
      picture.pop_back();  // the last row must not scroll
    write_out("\x1b[H" + picture + "\x1b[J");
  }
};

void wait_for(std::chrono::seconds time) {
  for (auto left = std::chrono::milliseconds(time); left.count() > 0 && !stop_requested();
       left -= kLook)
    std::this_thread::sleep_for(kLook);
}

}  // namespace

std::string watch_picture(const FleetView& view, int columns, int rows) {
  std::vector<std::string> lines = head_of(view, columns);
  const auto most = static_cast<std::size_t>(std::max(rows, 1));
  std::size_t shown = 0;
  for (const LiveRun& run : view.runs) {
    const std::vector<std::string> more = lines_of(run, columns);
    // One row is kept for the count of the others.
    const bool is_last = shown + 1 == view.runs.size();
    if (lines.size() + more.size() + (is_last ? 0 : 1) > most)
      break;
    lines.insert(lines.end(), more.begin(), more.end());
    ++shown;
  }
  if (shown < view.runs.size())
    lines.push_back(cut(fmt::format("and {} more", view.runs.size() - shown), columns));
  lines.resize(std::min(lines.size(), most));
  return join(lines, "\n") + "\n";
}

std::string watch_line(const FleetView& view) {
  const std::string left = left_text(view);
  std::string line = fmt::format("{} {} at work, {}/s, to read: {}, {}{}{}", iso_time(view.at),
                                 counted(std::ssize(view.runs), "run"), bytes_text(rate_of(view)),
                                 counted(view.queued.images, "image"),
                                 bytes_text(view.queued.bytes), left.empty() ? "" : ", ", left);
  if (view.fleet.paused)
    line += "; " + view.fleet.text();
  for (const LiveRun& run : view.runs)
    if (!run.waiting_for.empty() && !view.fleet.paused)
      line += fmt::format("; {} waits: {}", printable(run.host), printable(run.waiting_for, 200));
  return line;
}

void watch_fleet(const Site& site) {
  Session session(site.database, {.mode = OpenMode::read_only});
  require_expanded(read_schema_state(session));
  if (isatty(STDOUT_FILENO) != 1) {
    while (!stop_requested() && out_failure() == 0) {
      print_out("{}\n", watch_line(look(session)));
      flush_out();
      wait_for(kPlainLine);
    }
    return;
  }
  FleetView view;
  {
    const Screen screen;
    while (!stop_requested() && out_failure() == 0) {
      view = look(session);
      Screen::draw(view);
      wait_for(kRedraw);
    }
  }
  // What was seen last stays on the terminal.
  print_out("{}\n", watch_line(view));
}

}  // namespace backglance
