// SPDX-License-Identifier: Apache-2.0
#include "store/net/transfer.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "store/net/curl_failure.h"
#include "store/net/curl_lane.h"

namespace backglance {

using Clock = std::chrono::steady_clock;

// What the transfers of a pool share. Thread-safe.
struct TransferPool::Shared {
  Shared(TransferTerms given, const StoreHooks& store_hooks)
      : terms(std::move(given)), hooks(store_hooks) {}

  // True once the run has had to end for kAfterStop: what answers soon is waited for, because an
  // image that was read for minutes may want one more answer.
  bool must_stop();

  const TransferTerms terms;
  const StoreHooks& hooks;
  CurlLanes lanes;

 private:
  std::atomic<Clock::rep> stop_seen_{0};  // 0: no stop
};

namespace {

constexpr long kReceiveBytes = 256L << 10;
// A server of a row must not fill the memory with headers.
constexpr std::size_t kMostHeaders = 200;
constexpr std::size_t kMostHeaderBytes = 64 << 10;
// How often should_stop is asked while nothing arrives.
constexpr int kPollMilliseconds = 100;
constexpr std::uint64_t kLeastBytesPerSecond = 1 << 10;

struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, FreeList>;

struct FreeUrl {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};

// Scheme, host without brackets, and port of a URL, as libcurl itself will understand them: what is
// checked is what will be asked.
struct Target {
  std::string scheme;
  std::string host;
  int port = 0;

  std::string origin() const { return fmt::format("{}://{}:{}", scheme, host, port); }
};

std::optional<Target> target_of(const std::string& url) {
  const std::unique_ptr<CURLU, FreeUrl> parsed(curl_url());
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
    return std::nullopt;
  const auto part = [&](CURLUPart which, unsigned int flags) {
    char* text = nullptr;
    if (curl_url_get(parsed.get(), which, &text, flags) != CURLUE_OK)
      return std::string();
    std::string copy(text);
    curl_free(text);
    return copy;
  };
  Target target{part(CURLUPART_SCHEME, 0), part(CURLUPART_HOST, 0), 0};
  if (target.host.starts_with('[') && target.host.ends_with(']'))
    target.host = target.host.substr(1, target.host.size() - 2);
  const std::string port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), target.port);
  if ((target.scheme != "http" && target.scheme != "https") || target.host.empty())
    return std::nullopt;
  return target;
}

class CurlTransfer : public Transfer {
 public:
  CurlTransfer(std::shared_ptr<TransferPool::Shared> shared, TransferRequest request)
      : shared_(std::move(shared)), request_(std::move(request)) {}
  ~CurlTransfer() override { release(); }
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  std::variant<TransferHead, AttemptFailure> head() override;
  std::variant<std::size_t, AttemptFailure> read(std::span<std::byte> buffer) override;
  bool ended_by_close() const override { return has_body() && !head_.length && !is_chunked_; }

 private:
  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  std::optional<AttemptFailure> begin();
  void set_options();
  void set_request();
  // Receives until `is_enough`, the end or a failure.
  template <typename IsEnough>
  std::optional<AttemptFailure> run(const IsEnough& is_enough);
  // True when libcurl has ended the transfer, with code_.
  bool is_done();
  AttemptFailure failure() const;
  bool is_stalled(Clock::duration waited);
  void header_line(std::string_view line);
  bool has_body() const {
    return request_.method != "HEAD" && head_.status != 204 && head_.status != 304;
  }
  // Gives the lane back; what was not received is dropped with its connection.
  void release();

  std::shared_ptr<TransferPool::Shared> shared_;
  TransferRequest request_;
  Target target_;
  std::unique_ptr<CurlLane> lane_;
  List headers_;

  TransferHead head_;
  bool has_head_ = false;
  bool has_status_ = false;
  bool is_chunked_ = false;
  bool is_coded_ = false;  // in a transfer coding beside chunks
  std::size_t header_count_ = 0;
  std::size_t header_bytes_ = 0;

  std::span<std::byte> space_;    // what is left of the caller's buffer
  std::vector<std::byte> spill_;  // what came beside; at most one piece of libcurl's, 16 KiB
  std::size_t spill_used_ = 0;
  bool is_paused_ = false;
  std::uint64_t received_ = 0;

  bool is_done_ = false;
  CURLcode code_ = CURLE_OK;
  int refused_addresses_ = 0;
  int tried_addresses_ = 0;
  bool lacks_files_ = false;
  std::optional<AttemptFailure> failed_;

  // Only the time that read() and head() take: a caller that does not read is no stall.
  Clock::duration window_time_{};
  std::uint64_t window_bytes_ = 0;
};

std::variant<TransferHead, AttemptFailure> CurlTransfer::head() {
  if (!has_head_ && !failed_) {
    failed_ = begin();
    if (!failed_)
      failed_ = run([&] { return has_head_; });
    // It may have ended with the headers.
    if (!failed_ && !has_head_)
      failed_ = transient_failure("the server closed the connection without an answer");
    if (!failed_ && is_coded_)
      failed_ = image_failure(ImageResult::unreadable,
                              "the server sends it in a transfer coding that was not asked for");
    if (failed_)
      release();
  }
  if (failed_)
    return *failed_;
  return head_;
}

std::variant<std::size_t, AttemptFailure> CurlTransfer::read(std::span<std::byte> buffer) {
  space_ = buffer;
  const std::size_t spilled = std::min(spill_.size() - spill_used_, space_.size());
  std::copy_n(spill_.begin() + static_cast<std::ptrdiff_t>(spill_used_), spilled, space_.begin());
  spill_used_ += spilled;
  space_ = space_.subspan(spilled);
  if (spill_used_ == spill_.size()) {
    spill_.clear();
    spill_used_ = 0;
  }
  if (!space_.empty() && !failed_ && lane_) {
    if (is_paused_) {
      is_paused_ = false;
      // Hands over what libcurl kept, from within the call.
      curl_easy_pause(lane_->easy, CURLPAUSE_CONT);
    }
    failed_ = run([&] { return space_.empty(); });
    // libcurl says the same for every length that it has understood. Here it is a matter of proof.
    if (!failed_ && is_done_ && has_body() && head_.length && received_ != *head_.length)
      failed_ = transient_failure("the connection broke off before the end of the answer");
    if (failed_ || is_done_)
      release();
  }
  const std::size_t got = buffer.size() - space_.size();
  space_ = {};
  // What has arrived first: the failure is said by the next call.
  if (got == 0 && !buffer.empty() && failed_)
    return *failed_;
  return got;
}

std::optional<AttemptFailure> CurlTransfer::begin() {
  const auto target = target_of(request_.url);
  if (!target)
    return image_failure(ImageResult::unreadable, "its URL cannot be used");
  target_ = *target;
  const AddressPolicy* const policy = shared_->terms.policy.get();
  // Not even its name is looked up: that is a message to whoever serves the name.
  if (policy != nullptr && !policy->may_allow(target_.host, target_.port)) {
    ++refused_addresses_;
    return failure();
  }
  lane_ = shared_->lanes.take(target_.origin());
  curl_easy_reset(lane_->easy);  // connections and TLS sessions are kept
  set_options();
  set_request();
  if (curl_multi_add_handle(lane_->multi, lane_->easy) != CURLM_OK)
    throw Error(ErrorKind::io, "no memory for a transfer");
  return std::nullopt;
}

void CurlTransfer::set_options() {
  CURL* const easy = lane_->easy;
  const TransferTerms& terms = shared_->terms;
  // Whatever the URL says: libcurl would also read local files.
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  // With HTTP/2, libcurl would have to keep up to 32 MiB for a reader that pauses.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  // A proxy of the environment would resolve names and connect where no policy is asked.
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!terms.authorities.empty()) {
    curl_easy_setopt(easy, CURLOPT_CAINFO, terms.authorities.c_str());
    // libcurl's own default is believed besides, if it is left.
    curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  }
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);  // there are other threads
  // getaddrinfo() in a thread of libcurl's may take a minute. Without this, the end of the transfer
  // waits for it.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(std::chrono::milliseconds(terms.connect_timeout).count()));
  curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, kReceiveBytes);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
}

void CurlTransfer::set_request() {
  CURL* const easy = lane_->easy;
  curl_easy_setopt(easy, CURLOPT_URL, request_.url.c_str());
  if (request_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
  } else if (request_.method == "POST") {
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request_.body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request_.body.c_str());
  } else if (request_.method != "GET") {
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request_.method.c_str());
  }
  if (!request_.user.empty()) {
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    curl_easy_setopt(easy, CURLOPT_USERNAME, request_.user.c_str());
    curl_easy_setopt(easy, CURLOPT_PASSWORD, request_.password.c_str());
  }
  const auto add = [&](std::string_view name, std::string_view value) {
    // "Name;" is how libcurl is told of a header without a value.
    const std::string line =
        value.empty() ? fmt::format("{};", name) : fmt::format("{}: {}", name, value);
    // curl_slist_append takes over the list that it is given, and returns it, perhaps with another
    // beginning.
    curl_slist* const longer = curl_slist_append(headers_.get(), line.c_str());
    if (longer == nullptr)
      throw Error(ErrorKind::io, "no memory for a request");
    static_cast<void>(headers_.release());
    headers_.reset(longer);
  };
  add("Accept-Encoding", "identity");
  // A header of ours: for CURLOPT_RANGE and a 200, libcurl has rules of its own.
  if (request_.range)
    add("Range", request_.range->last
                     ? fmt::format("bytes={}-{}", request_.range->first, *request_.range->last)
                     : fmt::format("bytes={}-", request_.range->first));
  for (const auto& [name, value] : request_.headers)
    add(name, value);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
}

template <typename IsEnough>
std::optional<AttemptFailure> CurlTransfer::run(const IsEnough& is_enough) {
  auto before = Clock::now();
  while (!is_enough()) {
    int running = 0;
    if (curl_multi_perform(lane_->multi, &running) != CURLM_OK)
      throw Error(ErrorKind::io, "libcurl cannot go on with a transfer");
    if (is_enough())
      break;
    if (is_done())
      return code_ == CURLE_OK ? std::nullopt : std::optional(failure());
    if (shared_->must_stop())
      return stopped_failure();
    const auto now = Clock::now();
    if (is_stalled(now - before))
      return transient_failure("the server sends nothing, or almost nothing");
    before = now;
    curl_multi_poll(lane_->multi, nullptr, 0, kPollMilliseconds, nullptr);
  }
  return std::nullopt;
}

bool CurlTransfer::is_done() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(lane_->multi, &left))
    if (message->msg == CURLMSG_DONE) {
      is_done_ = true;
      code_ = message->data.result;
    }
  return is_done_;
}

AttemptFailure CurlTransfer::failure() const {
  if (lacks_files_)
    throw Error(ErrorKind::io, "no more connections can be opened here: too many open files",
                "raise the limit (ulimit -n), or read fewer images at a time "
                "(--streams-per-store)");
  // Of several addresses, one that was tried counts: then the server was not reached.
  if (refused_addresses_ > 0 && tried_addresses_ == 0)
    return image_failure(ImageResult::unreadable,
                         "the address of its server is not allowed (--allow-http)");
  if (header_count_ > kMostHeaders || header_bytes_ > kMostHeaderBytes)
    return image_failure(ImageResult::unreadable, "the server's answer has too many headers");
  return curl_failure(code_, lane_->easy, has_status_);
}

bool CurlTransfer::is_stalled(Clock::duration waited) {
  window_time_ += waited;
  const auto least =
      static_cast<std::uint64_t>(shared_->terms.stall_timeout.count()) * kLeastBytesPerSecond;
  if (window_bytes_ >= least) {
    window_time_ = {};
    window_bytes_ = 0;
  }
  return window_time_ >= shared_->terms.stall_timeout;
}

void CurlTransfer::release() {
  if (!lane_)
    return;
  // Before its headers go.
  curl_multi_remove_handle(lane_->multi, lane_->easy);
  curl_easy_reset(lane_->easy);
  shared_->lanes.give(std::move(lane_));
}

void CurlTransfer::header_line(std::string_view line) {
  constexpr std::string_view kVersion = "HTTP/";
  if (line.starts_with(kVersion)) {
    // Also after "100 Continue": only the last status and its headers count.
    head_ = {};
    has_status_ = true;
    const auto blank = std::min(line.find(' ') + 1, line.size());
    std::from_chars(line.data() + blank, line.data() + line.size(), head_.status);
    return;
  }
  const std::string_view text = trim(line);
  if (text.empty()) {
    constexpr int kFinal = 200;
    if (head_.status < kFinal)
      return;
    const std::string coding = lower_ascii(head_.header("transfer-encoding"));
    is_chunked_ = coding == "chunked";
    is_coded_ = !coding.empty() && !is_chunked_;
    const std::string& length = head_.header("content-length");
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), number);
    constexpr std::uint64_t kMost = std::numeric_limits<curl_off_t>::max();
    // Where both are there, the chunks count (RFC 9112, 6.3).
    if (!length.empty() && error == std::errc() && end == length.data() + length.size() &&
        number <= kMost && coding.empty())
      head_.length = number;
    has_head_ = true;
    return;
  }
  // The begin of a line that goes on in the next (RFC 9112, 5.2) is enough for every header that is
  // read here.
  const auto colon = line.find(':');
  if (colon != std::string_view::npos && line.front() != ' ' && line.front() != '\t')
    head_.headers[lower_ascii(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
}

std::size_t CurlTransfer::take_header(char* bytes, std::size_t size, std::size_t count,
                                      void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t length = size * count;
  transfer.header_bytes_ += length;
  transfer.window_bytes_ += length;
  if (++transfer.header_count_ > kMostHeaders || transfer.header_bytes_ > kMostHeaderBytes)
    return 0;  // ends the transfer
  // What comes after the body, with chunks, are trailers.
  if (!transfer.has_head_)
    transfer.header_line({bytes, length});
  return length;
}

std::size_t CurlTransfer::take_body(char* bytes, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t length = size * count;
  if (length == 0)
    return 0;
  if (transfer.space_.empty()) {
    // libcurl hands over the same bytes again after curl_easy_pause().
    transfer.is_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  transfer.received_ += length;
  transfer.window_bytes_ += length;
  const std::span<const std::byte> got(reinterpret_cast<const std::byte*>(bytes), length);
  const std::size_t fits = std::min(length, transfer.space_.size());
  std::copy_n(got.begin(), fits, transfer.space_.begin());
  transfer.space_ = transfer.space_.subspan(fits);
  transfer.spill_.insert(transfer.spill_.end(), got.begin() + static_cast<std::ptrdiff_t>(fits),
                         got.end());
  return length;
}

curl_socket_t CurlTransfer::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const AddressPolicy* const policy = transfer.shared_->terms.policy.get();
  // Here, and not by the URL: this is the address that is really used.
  if (policy != nullptr &&
      !policy->allows(transfer.target_.host, transfer.target_.port, address->addr)) {
    ++transfer.refused_addresses_;
    return CURL_SOCKET_BAD;
  }
  ++transfer.tried_addresses_;
  const int made = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (made < 0 && (errno == EMFILE || errno == ENFILE))
    transfer.lacks_files_ = true;
  return made < 0 ? CURL_SOCKET_BAD : made;
}

}  // namespace

bool TransferPool::Shared::must_stop() {
  constexpr std::chrono::seconds kAfterStop{2};
  if (!hooks.should_stop()) {
    stop_seen_ = 0;
    return false;
  }
  const auto now = Clock::now().time_since_epoch().count();
  Clock::rep seen = 0;
  if (stop_seen_.compare_exchange_strong(seen, now))
    seen = now;
  return Clock::duration(now - seen) >= kAfterStop;
}

TransferPool::TransferPool(TransferTerms terms, const StoreHooks& hooks)
    : shared_(std::make_shared<Shared>(std::move(terms), hooks)) {}

TransferPool::~TransferPool() = default;

std::unique_ptr<Transfer> TransferPool::begin(TransferRequest request) {
  return std::make_unique<CurlTransfer>(shared_, std::move(request));
}

std::variant<TransferPool::Answer, AttemptFailure> TransferPool::ask(TransferRequest request,
                                                                     std::size_t most) {
  const auto transfer = begin(std::move(request));
  auto head = transfer->head();
  if (auto* const failure = std::get_if<AttemptFailure>(&head))
    return std::move(*failure);
  Answer answer{std::get<TransferHead>(std::move(head)), {}, false};
  // One byte more shows that there is more.
  std::vector<std::byte> bytes(most + 1);
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    auto got = transfer->read(std::span(bytes).subspan(filled));
    if (auto* const failure = std::get_if<AttemptFailure>(&got))
      return std::move(*failure);
    if (std::get<std::size_t>(got) == 0)
      break;
    filled += std::get<std::size_t>(got);
  }
  answer.is_cut = filled > most;
  answer.body.assign(reinterpret_cast<const char*>(bytes.data()), std::min(filled, most));
  return answer;
}

}  // namespace backglance
