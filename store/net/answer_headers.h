// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

#include "store/net/transfer.h"

namespace backglance {

// Status and headers of an answer, as its lines arrive. Of several blocks ("100 Continue"), the
// last one counts. A server of a row must not fill the memory with headers, so there is a limit.
class AnswerHeaders {
 public:
  // One line, with its end. What comes after is_complete() is counted only. False if there are more
  // than anybody needs.
  bool take(std::string_view line);

  bool has_status() const { return has_status_; }
  bool is_complete() const { return is_complete_; }
  bool are_too_many() const;
  const TransferHead& head() const { return head_; }
  // The codings of the transfer (RFC 9112, 6.1): chunks alone, or another one.
  bool is_chunked() const { return is_chunked_; }
  bool is_coded() const { return is_coded_; }

 private:
  void complete();

  TransferHead head_;
  bool has_status_ = false;
  bool is_complete_ = false;
  bool is_chunked_ = false;
  bool is_coded_ = false;
  std::size_t lines_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace backglance
