#pragma once

#include <map>
#include <string>

#include "backfill/reader.h"
#include "sql/session.h"

namespace backglance {

// Whether this host sees a place of the store, asked where an image in it could not be opened: a
// mount that is gone, or another one in its place, looks like a store whose images are lost. One
// thread at a time.
class StoreProbe {
 public:
  // Both outlive this. `ledger` null: there is none.
  StoreProbe(Session* ledger, const ReadContext& context) : ledger_(ledger), context_(context) {}

  // False if images lie there by the ledger, because some host has read them, and this one can open
  // none of several dozens; where none has ever been read, if there is nothing at all. An answer
  // holds for a minute. In no place ("") are locations that cannot be deciphered: there every image
  // that was read counts.
  bool sees(const std::string& place);

 private:
  bool look(const std::string& place);

  Session* ledger_;
  const ReadContext& context_;
  struct Answer {
    bool sees = false;
    std::chrono::steady_clock::time_point at;
  };
  std::map<std::string, Answer> answers_;
};

}  // namespace backglance
