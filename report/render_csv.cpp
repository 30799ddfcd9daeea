#include "base/text.h"
#include "report/render.h"
#include "report/wording.h"

namespace backglance {
namespace {

// Names of 255 characters and lists of properties stay whole; a spreadsheet's own limit is 32767.
constexpr std::size_t kMaxCellBytes = 8000;

// A cell that a spreadsheet would take for a formula gets an apostrophe in front, which it shows as
// text.
std::string text_cell(std::string_view stored) {
  std::string text = printable(stored, kMaxCellBytes);
  const auto first = text.find_first_not_of(' ');
  // Behind printable() a tab or a carriage return is "\x09" or "\x0d" and does no harm.
  if (first != std::string::npos &&
      std::string_view("=+-@").find(text[first]) != std::string_view::npos)
    text.insert(0, 1, '\'');
  return text;
}

std::string quoted(const std::string& cell) {
  if (cell.find_first_of(",\"") == std::string::npos && !cell.starts_with(' ') &&
      !cell.ends_with(' '))
    return cell;
  std::string out = "\"";
  for (const char c : cell) {
    if (c == '"')
      out += '"';
    out += c;
  }
  return out + "\"";
}

void add_row(std::string& out, const std::vector<std::string>& cells) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0)
      out += ',';
    out += quoted(cells[i]);
  }
  out += "\r\n";
}

std::string yes_no(bool value) {
  return value ? "yes" : "no";
}

std::string time_cell(const std::optional<std::int64_t>& time) {
  return time ? iso_time(*time) : std::string();
}

void add_findings(std::string& out, const std::string& source,
                  const std::vector<SiteReport::Result>& findings) {
  for (const SiteReport::Result& result : findings)
    add_row(out,
            {source, text_cell(result.image_id), text_cell(result.name), text_cell(result.owner),
             std::to_string(result.size), std::string(read_class_name(result.read_class)),
             text_cell(result.reason), iso_time(result.finished_at)});
}

std::string verdict_cell(const std::optional<SignatureVerdict>& verdict) {
  return verdict ? std::string(signature_verdict_name(*verdict)) : "";
}

std::string chain_cell(const std::optional<bool>& is_trusted) {
  return is_trusted ? std::string(chain_name(*is_trusted)) : "";
}

}  // namespace

std::string render_signatures_csv(const SiteReport& report) {
  std::string out;
  add_row(out, {"image_id", "name", "owner", "status", "deleted", "hidden", "snapshot", "scheme",
                "present", "missing", "flagged_at", "deadline_at", "removed_at", "verdict",
                "legacy_verdict", "verdict_reason", "verified_at", "chain"});
  for (const SiteReport::Signature& signature : report.signatures)
    add_row(out,
            {text_cell(signature.image_id), text_cell(signature.name), text_cell(signature.owner),
             text_cell(signature.status), yes_no(signature.deleted), yes_no(signature.hidden),
             yes_no(signature.snapshot), std::string(signature_scheme_name(signature.scheme)),
             text_cell(join(signature.present, " ")), text_cell(join(signature.missing, " ")),
             iso_time(signature.flagged_at), time_cell(signature.deadline_at),
             time_cell(signature.removed_at), verdict_cell(signature.verdict),
             verdict_cell(signature.legacy_verdict), text_cell(signature.verdict_reason),
             time_cell(signature.verified_at), chain_cell(signature.is_trusted)});
  return out;
}

std::string render_findings_csv(const SiteReport& report) {
  std::string out;
  add_row(out, {"source", "image_id", "name", "owner", "size", "class", "reason", "finished_at"});
  add_findings(out, "backfill", report.findings);
  add_findings(out, "verify", report.verify_findings);
  return out;
}

}  // namespace backglance
