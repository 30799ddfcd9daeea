// SPDX-License-Identifier: Apache-2.0
#include "cli/metrics.h"

#include <catch2/catch.hpp>
#include <sstream>

using namespace backglance;

namespace {

Metrics sample() {
  Metrics metrics;
  metrics.command = "backfill";
  metrics.result.total(ImageResult::hashed) = {3, 4096};
  metrics.result.total(ImageResult::missing) = {1, 0};
  metrics.stores[{.type = "rbd", .id = "fast"}] = {.images = 3, .bytes = 4096, .findings = 0};
  metrics.stores[{.type = "file", .id = "a\"b\\c\nd"}] = {.images = 1, .bytes = 0, .findings = 1};
  metrics.bytes_read = 5000;
  metrics.findings = 1;
  metrics.left_images = 7;
  metrics.left_bytes = 1 << 20;
  metrics.bytes_per_second = 1234.6;
  metrics.waiting_for = {"load", "moon"};
  metrics.started_at = 1772935200;
  metrics.written_at = 1772935210;
  return metrics;
}

bool has_line(const std::string& text, const std::string& wanted) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (line == wanted)
      return true;
  return false;
}

}  // namespace

TEST_CASE("metrics of a running run have every figure") {
  const std::string text = metrics_text(sample());
  for (const char* line :
       {R"(backglance_images_total{command="backfill",result="hashed"} 3)",
        R"(backglance_images_total{command="backfill",result="checksum_differs"} 0)",
        R"(backglance_image_bytes_total{command="backfill",result="hashed"} 4096)",
        R"(backglance_store_images_total{command="backfill",store="fast",type="rbd"} 3)",
        R"(backglance_store_image_bytes_total{command="backfill",store="fast",type="rbd"} 4096)",
        R"(backglance_store_findings{command="backfill",store="fast",type="rbd"} 0)",
        R"(backglance_store_findings{command="backfill",store="a\"b\\c\\x0ad",type="file"} 1)",
        R"(backglance_read_bytes_total{command="backfill"} 5000)",
        R"(backglance_findings{command="backfill"} 1)",
        R"(backglance_left_images{command="backfill"} 7)",
        R"(backglance_left_bytes{command="backfill"} 1048576)",
        R"(backglance_read_bytes_per_second{command="backfill"} 1235)",
        R"(backglance_waiting{command="backfill",reason="window"} 0)",
        R"(backglance_waiting{command="backfill",reason="load"} 1)",
        R"(backglance_waiting{command="backfill",reason="moon"} 1)",
        R"(backglance_run_state{command="backfill",state="running"} 1)",
        R"(backglance_run_state{command="backfill",state="failed"} 0)",
        R"(backglance_start_timestamp_seconds{command="backfill"} 1772935200)"}) {
    INFO(line);
    CHECK(has_line(text, line));
  }
  CHECK(text.find("backglance_exit_code") == std::string::npos);
  CHECK(text.find("last_success") == std::string::npos);
}

TEST_CASE("metrics of a run that opened no store have no family of stores") {
  Metrics metrics = sample();
  metrics.stores.clear();
  CHECK(metrics_text(metrics).find("backglance_store_") == std::string::npos);
}

TEST_CASE("metrics say how a run ended and when one last succeeded") {
  Metrics metrics = sample();
  metrics.exit_code = ExitCode::interrupted;
  metrics.last_success = 1772848800;
  const std::string text = metrics_text(metrics);
  CHECK(has_line(text, R"(backglance_run_state{command="backfill",state="interrupted"} 1)"));
  CHECK(has_line(text, R"(backglance_run_state{command="backfill",state="running"} 0)"));
  CHECK(has_line(text, R"(backglance_exit_code{command="backfill"} 130)"));
  CHECK(last_success_of(text, "backfill") == 1772848800);
  CHECK_FALSE(last_success_of(text, "verify"));
  CHECK_FALSE(last_success_of(metrics_text(sample()), "backfill"));
  CHECK_FALSE(last_success_of("", "backfill"));
  CHECK_FALSE(last_success_of(
      "backglance_last_success_timestamp_seconds{command=\"backfill\"} 12x\n", "backfill"));
}
