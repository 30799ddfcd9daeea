// SPDX-License-Identifier: Apache-2.0
#include "report/listing.h"

#include <deque>
#include <string_view>
#include <utility>

#include "sql/retry.h"
#include "sql/text.h"

namespace backglance {
namespace {

constexpr std::int64_t kPage = 1000;

// The rows of one of our tables, by id.
class Pages {
 public:
  Pages(Session& session, std::string_view statement)
      : session_(session), sql_(sql_text(session.engine(), "report", statement)) {}

  using Row = std::pair<std::string, ImageResult>;
  // The next row; null at the end. Valid until pop().
  const Row* front() {
    while (rows_.empty() && !ended_)
      read();
    return rows_.empty() ? nullptr : &rows_.front();
  }
  void pop() { rows_.pop_front(); }

 private:
  void read() {
    const auto page = retry(session_, [&] {
      return session_.rows(sql_, {{"after", after_}, {"page", kPage}});
    });
    ended_ = page.empty();
    for (const SqlRow& row : page) {
      after_ = row.text_or_empty(0);
      const auto result = row.truth(2) ? ImageResult::gone : result_from_name(row.text_or_empty(1));
      if (result)
        rows_.emplace_back(after_, *result);
    }
  }

  Session& session_;
  const std::string& sql_;
  std::deque<Row> rows_;
  std::string after_;
  bool ended_ = false;
};

}  // namespace

void list_images(Session& session, const std::function<void(const ListedImage&)>& each) {
  Pages items(session, "listed_items");
  Pages verifications(session, "listed_verifications");
  while (items.front() != nullptr || verifications.front() != nullptr) {
    const Pages::Row* const item = items.front();
    const Pages::Row* const verification = verifications.front();
    // The database may sort by another alphabet than we do: an image that both tables have may then
    // come twice, once for each.
    const bool takes_item =
        item != nullptr && (verification == nullptr || item->first <= verification->first);
    const bool takes_verification =
        verification != nullptr && (item == nullptr || verification->first <= item->first);
    ListedImage image;
    image.image_id = takes_item ? item->first : verification->first;
    if (takes_item)
      image.backfill = item->second;
    if (takes_verification)
      image.verify = verification->second;
    each(image);
    if (takes_item)
      items.pop();
    if (takes_verification)
      verifications.pop();
  }
}

}  // namespace backglance
