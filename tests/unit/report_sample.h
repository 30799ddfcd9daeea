// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "report/site_report.h"

namespace backglance {

constexpr std::int64_t kSampleTime = 1772600000;  // 2026-03-04 04:53:20 UTC
constexpr std::int64_t kSampleDay = 86400;

// A small site with something of everything, its names as owners have them and as attackers would.
inline SiteReport report_sample() {
  SiteReport report;
  report.version = "1.2.3";
  report.database = "sqlite:////var/lib/glance/glance.sqlite";
  report.made_at = kSampleTime;
  report.coverage = {{"sha512", 44, 44'000'000'000}, {"", 9, 6'000'000'000}, {"sha256", 7, 700}};
  report.results = {{ImageResult::hashed, 38, 40'000'000'000},
                    {ImageResult::missing, 1, 5'000},
                    {ImageResult::checksum_differs, 1, 6'000}};
  report.verify_results = {{ImageResult::verified, 3, 30},
                           {ImageResult::checksum_differs, 1, 6'000}};
  report.findings = {{"id-missing", "=cmd|' /C calc'!A0", "owner-1", 5'000, ImageResult::missing,
                      "no such file, \"it\" said", kSampleTime - 60},
                     {"id-damaged", "a\x1b[31m\r\nb\xff", "owner-2", 6'000,
                      ImageResult::checksum_differs, "MD5 differs", kSampleTime - 50}};
  report.verify_findings = {{"id-damaged", "a\x1b[31m\r\nb\xff", "owner-2", 6'000,
                             ImageResult::checksum_differs, "MD5 differs", kSampleTime - 40}};
  const auto signature = [&](const char* id, const char* name, const char* owner,
                             SignatureScheme scheme, std::int64_t days) {
    SiteReport::Signature out;
    out.image_id = id;
    out.name = name;
    out.owner = owner;
    out.status = "active";
    out.scheme = scheme;
    out.present = {"signature"};
    out.missing = {"signature_hash_method", "signature_key_type"};
    out.flagged_at = kSampleTime - 100 * kSampleDay;
    if (is_deprecated(scheme))
      out.deadline_at = kSampleTime + days * kSampleDay;
    return out;
  };
  using enum SignatureScheme;
  report.signatures = {
      signature("id-past", "<script>alert(1)</script>", "owner-2", legacy_complete, -10),
      signature("id-soon", "invoice\u202egpj.exe", "owner-1", legacy_partial, 20),
      signature("id-later", "\u65e5\u672c\u8a9e", "owner-1", both, 150),
      signature("id-deleted", "gone", "owner-3", legacy_complete, 5),
      signature("id-removed", "was", "owner-3", legacy_complete, -20),
      signature("id-new", "fine", "owner-3", new_complete, 0)};
  report.signatures[0].legacy_verdict = SignatureVerdict::valid;
  report.signatures[0].verified_at = kSampleTime - 10;
  report.signatures[5].verdict = SignatureVerdict::no_certificate;
  report.signatures[5].verdict_reason = "there is no x.pem or x.der";
  report.signatures[5].verified_at = kSampleTime - 10;
  report.signatures[3].deleted = true;
  report.signatures[3].status = "deleted";
  report.signatures[4].removed_at = kSampleTime - kSampleDay;
  report.runs = {
      {"run-2", "backfill", "host-1", kSampleTime - 90, kSampleTime - 30, "done", 40, 900},
      {"run-1", "backfill", "host-1", kSampleTime - 900, {}, "", 0, 0}};
  report.stores = {{"fast", "rbd", true, 40, 45'000'000'000, 35, 40'000'000'000, 0},
                   {"", "file", true, 18, 4'000'000'000, 16, 3'000'000'000, 1},
                   {"<b>\x1b[31m", "s3", false, 2, 1'000'000'700, 0, 0, 1}};
  report.queued_images = 2;
  report.queued_bytes = 12345;
  return report;
}

}  // namespace backglance
