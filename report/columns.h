// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "report/column.h"
#include "report/owners.h"
#include "report/site_report.h"
#include "report/summary.h"

namespace backglance {

// The tables of the report and of the owners' pages: the type of a row, and its columns. Rows refer
// to the report, which must live longer. `Record` is the type into which a row of the statement is
// read.

// An image with signature properties.
struct SignatureRow {
  using Record = SiteReport::Signature;
  const SiteReport& report;
  const SiteReport::Signature& signature;
};
// All images with signature properties. The formats for people show only those with deprecated
// ones.
Columns<SignatureRow> signature_columns();
// Images whose img_signature does not verify, in the formats for people. JSON and CSV have them in
// signature_columns().
Columns<SignatureRow> verdict_columns();

// A finding of backfill or verify.
struct ResultRow {
  using Record = SiteReport::Result;
  std::string_view source;  // the command that found it: "backfill", "verify"
  const SiteReport::Result& result;
};
Columns<ResultRow> result_columns();

// How many images have one result; `meaning` explains the result in a sentence.
struct ClassRow {
  using Record = SiteReport::ClassCount;
  const SiteReport::ClassCount& count;
  std::string_view meaning;
};
Columns<ClassRow> class_columns();

// How many images have a hash of one algorithm.
struct CoverageRow {
  using Record = SiteReport::Coverage;
  const Summary& summary;
  std::size_t index;  // in summary.coverage
  const SiteReport::Coverage& coverage() const { return summary.coverage[index]; }
};
Columns<CoverageRow> coverage_columns();

// How far the images of one store are.
struct StoreRow {
  using Record = SiteReport::StoreCount;
  const SiteReport::StoreCount& store;
};
Columns<StoreRow> store_columns();

// An owner of images with deprecated signatures.
struct OwnerRow {
  using Record = Summary::Owner;
  const SiteReport& report;
  const Summary::Owner& owner;
};
Columns<OwnerRow> owner_columns();

// How many images have one scheme.
struct SchemeRow {
  using Record = Summary::SchemeCount;
  // Nothing: the row counts images whose properties contract has removed.
  std::optional<SignatureScheme> scheme;
  std::int64_t images = 0;
};
Columns<SchemeRow> scheme_columns();

// A run in the list of the latest runs.
struct RunLine {
  using Record = SiteReport::Run;
  const SiteReport::Run& run;
};
Columns<RunLine> run_columns();

// An image on an owner's page, and in the CSV file beside it.
struct OwnerImageRow {
  using Record = OwnerImage;
  const SiteReport& report;
  const OwnerImage& image;
  std::size_t number;  // in the page, from 1
};
Columns<OwnerImageRow> owner_image_columns();

// An owner in the index of the owners' pages.
struct OwnerPageRow {
  using Record = OwnerPage;
  const SiteReport& report;
  const OwnerPage& page;
};
Columns<OwnerPageRow> owner_page_columns();

}  // namespace backglance
