// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "attest/key.h"
#include "ledger/read_outcome.h"

namespace backglance {

// Throws Error{usage} if the file exists and begins with something other than a statement, or must
// not be written for another reason (base/write_file.h).
void require_statements(const std::string& file);

// Appends a signed statement about each image that was read and agrees to a file: one DSSE envelope
// per line. One thread at a time.
class Attestations {
 public:
  // Opens the file for appending; makes it if it does not exist. Throws Error{usage} for a key that
  // cannot be used or a file with other content, Error{io} if the file cannot be opened.
  Attestations(const std::string& key_file, const std::string& file);
  ~Attestations();
  Attestations(const Attestations&) = delete;
  Attestations& operator=(const Attestations&) = delete;

  // Does nothing for an image that was not hashed or verified, or was verified only by its MD5.
  // Throws Error{io} if the statement cannot be written.
  void add(const std::string& image_id, const ReadOutcome& outcome);
  // Writes all statements to the disk (fdatasync). Call it before anything reports that they exist.
  // Throws Error{io}.
  void sync();

 private:
  SiteKey key_;
  std::string host_;
  std::string file_;
  int descriptor_ = -1;
};

}  // namespace backglance
