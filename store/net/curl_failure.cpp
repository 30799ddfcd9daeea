// SPDX-License-Identifier: Apache-2.0
#include "store/net/curl_failure.h"

#include <fmt/format.h>
#include <openssl/x509_vfy.h>

#include <system_error>

#include "base/error.h"

namespace backglance {
namespace {

AttemptFailure not_verified(CURL* easy) {
  long result = X509_V_OK;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &result);
  // libcurl compares the name itself, before it asks OpenSSL: then this is its initial value.
  if (result == X509_V_OK || result == X509_V_ERR_UNSPECIFIED)
    return place_failure("the server's certificate is for another name");
  return place_failure(fmt::format("the server's certificate cannot be verified: {}",
                                   X509_verify_cert_error_string(result)));
}

AttemptFailure not_connected(CURL* easy) {
  long number = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &number);
  return unreached_failure(
      number == 0 ? "no connection to the server"
                  : fmt::format("no connection to the server: {}",
                                std::generic_category().message(static_cast<int>(number))));
}

bool is_connected(CURL* easy) {
  // Of a connection that was kept: 0, but then a request was sent.
  curl_off_t begun = 0;
  curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &begun);
  return begun > 0;
}

}  // namespace

AttemptFailure curl_failure(CURLcode code, CURL* easy, bool has_answer) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return unreached_failure("the name of the server cannot be resolved");
    case CURLE_COULDNT_CONNECT:
      return not_connected(easy);
    case CURLE_OPERATION_TIMEDOUT:
      return has_answer || is_connected(easy)
                 ? transient_failure("the server did not answer in time")
                 : unreached_failure("no connection to the server in time");
    case CURLE_SSL_CONNECT_ERROR:
      return unreached_failure("the TLS handshake with the server failed");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return not_verified(easy);
    case CURLE_SSL_CACERT_BADFILE:
      return place_failure("the file of certificate authorities cannot be read");
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_INITFAILED:
      return place_failure("TLS cannot be used with the server");
    case CURLE_URL_MALFORMAT:
    case CURLE_LOGIN_DENIED:  // a user within the URL, which is not taken
      return image_failure(ImageResult::unreadable, "its URL cannot be used");
    case CURLE_BAD_CONTENT_ENCODING:  // 8.x, of a transfer coding
      return image_failure(ImageResult::unreadable,
                           "the server sends it in a transfer coding that was not asked for");
    case CURLE_OUT_OF_MEMORY:
    case CURLE_FAILED_INIT:
      throw Error(ErrorKind::io, "no memory for a transfer");
    case CURLE_UNSUPPORTED_PROTOCOL:  // 7.88: no status line
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
      return transient_failure("the server's answer is no HTTP/1.1");
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
      return transient_failure("the server closed the connection without an answer");
    default:  // CURLE_PARTIAL_FILE, CURLE_RECV_ERROR, a wrong chunk
      return transient_failure(has_answer ? "the connection broke off before the end of the answer"
                                          : "the server closed the connection without an answer");
  }
}

}  // namespace backglance
