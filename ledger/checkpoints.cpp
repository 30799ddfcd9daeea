// SPDX-License-Identifier: Apache-2.0
#include "ledger/checkpoints.h"

#include "sql/text.h"

namespace backglance {

const std::string& Checkpoints::sql(std::string_view name) const {
  return sql_text(session_.engine(), "checkpoints", name);
}

std::optional<Checkpoint> Checkpoints::find(const std::string& image_id) {
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
                    .digest_state = row->text_or_empty(6)};
}

bool Checkpoints::keep(const std::string& run_id, const Claim& claim,
                       const Checkpoint& checkpoint) {
  Transaction transaction(session_);
  const SqlParameter id = {"id", claim.image_id};
  const SqlParameter run = {"run", run_id};
  const SqlParameter token = {"token", claim.token};
  // Another run may have taken the image over, and writes checkpoints of its own.
  if (session_.count(sql("holds"), {id, run, token}) == 0)
    return false;
  // A checkpoint that is left after this belongs to a later claim, and stays.
  session_.execute(sql("forget_earlier"), {id, token});
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
                                 run,
                                 token});
  transaction.commit();
  return true;
}

void Checkpoints::forget(const std::string& image_id) {
  session_.execute(sql("forget"), {{"id", image_id}});
}

void Checkpoints::forget(const Claim& claim) {
  session_.execute(sql("forget_earlier"), {{"id", claim.image_id}, {"token", claim.token}});
}

void Checkpoints::forget_settled() {
  session_.execute(sql("forget_settled"));
}

}  // namespace backglance
