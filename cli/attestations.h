// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "attest/key.h"
#include "ledger/read_outcome.h"

namespace backglance {

// Throws Error{usage} if there is such a file, and it begins with something else than a statement.
void require_statements(const std::string& file);

// Adds a signed statement about each image that was read and agreed to a file, a DSSE envelope to a
// line. One thread at a time.
class Attestations {
 public:
  // Opens the file, made if it is not there, to add to it. Throws Error{usage} for a key that
  // cannot be used, or a file that holds something else, Error{io} for the file.
  Attestations(const std::string& key_file, const std::string& file);
  ~Attestations();
  Attestations(const Attestations&) = delete;
  Attestations& operator=(const Attestations&) = delete;

  // Does nothing for an image that was not hashed or verified, or by its MD5 alone. Throws
  // Error{io} if the statement cannot be written.
  void add(const std::string& image_id, const ReadOutcome& outcome);
  // Brings what was added to the disk: before anything says that it is there. Throws Error{io}.
  void sync();

 private:
  SiteKey key_;
  std::string host_;
  std::string file_;
  int descriptor_ = -1;
};

}  // namespace backglance
