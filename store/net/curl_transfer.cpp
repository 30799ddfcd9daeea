// SPDX-License-Identifier: Apache-2.0
// TransferPool and its transfers. What an answer's head says: transfer_head.cpp.
#include <curl/curl.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>

#include "base/error.h"
#include "store/net/answer_headers.h"
#include "store/net/curl_failure.h"
#include "store/net/curl_lane.h"
#include "store/net/curl_request.h"
#include "store/net/transfer.h"

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

// How often should_stop is asked while nothing arrives.
constexpr int kPollMilliseconds = 100;
constexpr std::uint64_t kLeastBytesPerSecond = 1 << 10;

class CurlTransfer : public Transfer {
 public:
  CurlTransfer(std::shared_ptr<TransferPool::Shared> shared, TransferRequest request)
      : shared_(std::move(shared)), request_(std::move(request)) {}
  ~CurlTransfer() override { release(); }
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;

  std::variant<TransferHead, AttemptFailure> head() override;
  std::variant<std::size_t, AttemptFailure> read(std::span<std::byte> buffer) override;
  bool ended_by_close() const override {
    return has_body() && !headers_.head().length && !headers_.is_chunked();
  }

 private:
  static std::size_t take_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t take_body(char* bytes, std::size_t size, std::size_t count, void* self);
  static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);

  std::optional<AttemptFailure> begin();
  // Receives until `is_enough`, the end or a failure.
  template <typename IsEnough>
  std::optional<AttemptFailure> run(const IsEnough& is_enough);
  // True when libcurl has ended the transfer, with code_.
  bool is_done();
  AttemptFailure failure() const;
  bool is_stalled(Clock::duration waited);
  bool has_body() const {
    const int status = headers_.head().status;
    return request_.method != "HEAD" && status != 204 && status != 304;
  }
  // Gives the lane back; what was not received is dropped with its connection.
  void release();

  std::shared_ptr<TransferPool::Shared> shared_;
  TransferRequest request_;
  CurlTarget target_;
  std::unique_ptr<CurlLane> lane_;
  CurlList sent_headers_;
  AnswerHeaders headers_;

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
  if (!headers_.is_complete() && !failed_) {
    failed_ = begin();
    if (!failed_)
      failed_ = run([&] { return headers_.is_complete(); });
    // It may have ended with the headers.
    if (!failed_ && !headers_.is_complete())
      failed_ = transient_failure("the server closed the connection without an answer");
    if (!failed_ && headers_.is_coded())
      failed_ = image_failure(ImageResult::unreadable,
                              "the server sends it in a transfer coding that was not asked for");
    if (failed_)
      release();
  }
  if (failed_)
    return *failed_;
  return headers_.head();
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
    if (!failed_ && is_done_ && has_body() && headers_.head().length &&
        received_ != *headers_.head().length)
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
  const auto target = curl_target(request_.url);
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
  CURL* const easy = lane_->easy;
  set_options(easy, shared_->terms);
  sent_headers_ = set_request(easy, request_);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  if (curl_multi_add_handle(lane_->multi, lane_->easy) != CURLM_OK)
    throw Error(ErrorKind::io, "no memory for a transfer");
  return std::nullopt;
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
  if (headers_.are_too_many())
    return image_failure(ImageResult::unreadable, "the server's answer has too many headers");
  return curl_failure(code_, lane_->easy, headers_.has_status());
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

std::size_t CurlTransfer::take_header(char* bytes, std::size_t size, std::size_t count,
                                      void* self) {
  auto& transfer = *static_cast<CurlTransfer*>(self);
  const std::size_t length = size * count;
  transfer.window_bytes_ += length;
  return transfer.headers_.take({bytes, length}) ? length : 0;  // 0 ends the transfer
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

void TransferPool::dropped(std::uint64_t bytes) const {
  shared_->hooks.dropped(bytes);
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
