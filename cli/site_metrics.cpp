// SPDX-License-Identifier: Apache-2.0
#include "cli/site_metrics.h"

#include <fmt/format.h>

#include "base/text.h"
#include "ledger/signatures.h"
#include "ledger/verifications.h"
#include "sql/retry.h"

namespace backglance {
namespace {

// A value of a label: the id of a store may be anything.
std::string label(const std::string& text) {
  std::string out = printable(text);
  replace_all(out, "\\", "\\\\");
  replace_all(out, "\"", "\\\"");
  return out;
}

class Text {
 public:
  void family(std::string_view name, std::string_view help) {
    name_ = fmt::format("backglance_site_{}", name);
    out_ += fmt::format("# HELP {} {}\n# TYPE {} gauge\n", name_, help, name_);
  }
  // `labels` with their braces, or empty.
  void sample(std::int64_t value, const std::string& labels = {}) {
    out_ += fmt::format("{}{} {}\n", name_, labels, value);
  }
  void one(std::string_view name, std::int64_t value, std::string_view help) {
    family(name, help);
    sample(value);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string name_;
  std::string out_;
};

void add_stores(Text& text, const SiteStatus& status) {
  const auto each = [&](std::string_view name, std::string_view help, const auto& value) {
    text.family(name, help);
    for (const StoreShare& store : status.stores)
      text.sample(value(store),
                  fmt::format("{{store=\"{}\",type=\"{}\"}}", label(store.id), label(store.type)));
  };
  each("store_images_without_hash",
       "Live images without a hash whose first location is in this store.",
       [](const StoreShare& store) { return store.pending.images; });
  each("store_bytes_without_hash", "Known bytes of those images.",
       [](const StoreShare& store) { return store.pending.bytes; });
  each("store_readable", "1 if this host can read images of the store.",
       [](const StoreShare& store) -> std::int64_t { return store.why_not.empty() ? 1 : 0; });
}

void add_findings(Text& text, const SiteMetrics& metrics) {
  text.family("findings", "Images that a person should look at, by command and result.");
  for (const auto& [command, counts] :
       {std::pair{"backfill", &metrics.backfill}, {"verify", &metrics.verify}})
    for (const ResultFacts& row : kResults) {
      if (!row.finding)
        continue;
      std::int64_t images = 0;
      for (const auto& [result, number] : *counts)
        images += result == row.result ? number : 0;
      text.sample(images, fmt::format("{{by=\"{}\",result=\"{}\"}}", command, row.name));
    }
}

void add_ledger(Text& text, const SiteMetrics& metrics) {
  text.one("images", metrics.coverage.images, "Live images.");
  text.one("images_with_hash", metrics.coverage.with_hash, "Live images with a hash.");
  add_findings(text, metrics);
  text.one("signature_findings", metrics.signature_findings,
           "Live images whose img_signature does not verify.");
  text.one("signatures_past_deadline", metrics.past_deadline,
           "Images with deprecated signatures whose grace period has ended.");
  text.one("images_never_proved", metrics.proofs.never,
           "Live images whose bytes no run has compared with Glance's hash or checksum, or whose "
           "last comparison disagreed.");
  if (metrics.proofs.oldest)
    text.one("oldest_proof_timestamp_seconds", *metrics.proofs.oldest,
             "Of the other images, when the bytes of the one compared longest ago were compared.");
}

}  // namespace

SiteMetrics collect_site_metrics(Session& session) {
  SiteMetrics metrics;
  metrics.coverage = coverage_of(session);
  metrics.backfill = retry(session, [&] { return finding_counts(session); });
  metrics.verify = retry(session, [&] { return verify_finding_counts(session); });
  metrics.signature_findings = retry(session, [&] { return signature_finding_count(session); });
  metrics.past_deadline = retry(session, [&] { return due_count(session); });
  metrics.proofs = retry(session, [&] { return read_proofs(session); });
  return metrics;
}

std::string site_metrics_text(const SiteStatus& status, const std::optional<SiteMetrics>& metrics,
                              std::int64_t now) {
  Text text;
  text.one("images_without_hash", status.without_hash.images, "Live images without a hash.");
  text.one("bytes_without_hash", status.without_hash.bytes, "Known bytes of those images.");
  add_stores(text, status);
  if (metrics)
    add_ledger(text, *metrics);
  text.family("due", "1 for the command that is due next; none: nothing is due.");
  // The first word after the program's name.
  const std::vector<std::string> words = split(status.due.next, ' ');
  const bool is_due = status.due.code != ExitCode::done && status.due.code != ExitCode::findings;
  const std::string due = is_due && words.size() > 1 ? words[1] : is_due ? "unknown" : "none";
  for (const char* name : {"expand", "migrate", "backfill", "contract", "unknown", "none"})
    text.sample(due == name ? 1 : 0, fmt::format("{{command=\"{}\"}}", name));
  if (status.runs) {
    text.one("runs", std::ssize(status.runs->live), "Runs at work, on all hosts.");
    text.one("paused", status.runs->fleet.paused ? 1 : 0, "1 while backglance pause holds.");
  }
  text.one("update_timestamp_seconds", now, "When these figures were written.");
  return text.take();
}

}  // namespace backglance
