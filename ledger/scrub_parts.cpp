// SPDX-License-Identifier: Apache-2.0
#include "ledger/scrub_parts.h"

#include "sql/text.h"

namespace backglance {

const std::string& ScrubParts::sql(std::string_view name) const {
  return sql_text(session_.engine(), "scrub_parts", name);
}

std::optional<Checkpoint> ScrubParts::find(const std::string& image_id) {
  const auto row = session_.first_row(sql("find"), {{"id", image_id}});
  if (!row)
    return std::nullopt;
  return Checkpoint{.image_id = image_id,
                    .location_id = row->integer_or(0, 0),
                    .identity = row->text_or_empty(1),
                    .offset = row->integer_or(2, 0),
                    .tail_digest = row->text_or_empty(3),
                    .algorithm = row->text_or_empty(4),
                    .md5_state = row->text_or_empty(5),
                    .digest_state = row->text_or_empty(6),
                    .begun_at = row->integer_or(7, 0)};
}

bool ScrubParts::keep(const std::string& run_id, const Claim& claim, const Checkpoint& checkpoint) {
  Transaction transaction(session_);
  const SqlParameter id = {"id", claim.image_id};
  const SqlParameter token = {"token", claim.token};
  const auto held = session_.first_row(sql("holds"), {id, {"run", run_id}, token});
  if (!held)
    return false;
  session_.execute(sql("forget_earlier"), {id, token});
  // One that is left belongs to a later claim.
  if (session_.count(sql("is_there"), {id}) != 0)
    return false;
  session_.execute(sql("keep"), {id,
                                 {"location", checkpoint.location_id},
                                 {"identity", checkpoint.identity},
                                 {"offset", checkpoint.offset},
                                 {"tail", checkpoint.tail_digest},
                                 {"algorithm", checkpoint.algorithm},
                                 {"md5_state", checkpoint.md5_state},
                                 {"digest_state", checkpoint.digest_state},
                                 token,
                                 {"begun", checkpoint.begun_at > 0 ? checkpoint.begun_at
                                                                   : held->integer_or(0, 0)}});
  transaction.commit();
  return true;
}

void ScrubParts::forget(const Claim& claim) {
  session_.execute(sql("forget_earlier"), {{"id", claim.image_id}, {"token", claim.token}});
}

}  // namespace backglance
