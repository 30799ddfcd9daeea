// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <memory>
#include <optional>
#include <string>

#include "store/net/transfer.h"

namespace backglance {

// Scheme, host without brackets, and port of a URL, as libcurl itself will understand them: what is
// checked is what will be asked.
struct CurlTarget {
  std::string scheme;
  std::string host;
  int port = 0;

  // "http://host:80"
  std::string origin() const;
};

// Nothing for a URL that libcurl does not understand, and one that is not http or https.
std::optional<CurlTarget> curl_target(const std::string& url);

struct FreeCurlList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using CurlList = std::unique_ptr<curl_slist, FreeCurlList>;

// Sets what the header of TransferPool says of every transfer.
void set_options(CURL* easy, const TransferTerms& terms);
// Sets what is asked. `request` and the result must live until `easy` is reset. Throws Error{io} if
// there is no memory.
CurlList set_request(CURL* easy, const TransferRequest& request);

}  // namespace backglance
