// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sql/session.h"
#include "store/stores.h"

namespace backglance {

// Whether this host sees a place of the store, asked where an image in it could not be opened: a
// mount that is gone, or another one in its place, looks like a store whose images are lost. One
// thread at a time.
class StoreProbe {
 public:
  // Both outlive this. The columns for the hash are there, the ledger perhaps.
  StoreProbe(Session& session, bool has_ledger, const Stores& stores)
      : session_(session), has_ledger_(has_ledger), stores_(stores) {}

  // Whether to believe what was found of `doubted`, images in that place. False if images lie there
  // by the ledger, because some host has read them, and this one can open none of several dozens;
  // where none has ever been read, if there is nothing at all. An answer holds for a minute. In no
  // place ("") are locations that lie outside every store directory or cannot be deciphered: there
  // every image that was read counts, and where none was, thousands of those that Glance has: a
  // host whose directories and key are the site's can open one of them. What lies in a store that
  // nobody here could open says nothing; where all others do, and are no fewer than these, that is
  // how the site is. That answer holds for no more images than it was given for.
  bool sees(const std::string& place, const std::set<std::string>& doubted);

 private:
  // Of the locations that were looked at.
  struct Seen {
    bool opened = false;
    int tried = 0;      // of images that nobody doubts; none opened
    int doubted = 0;    // of those that are asked about
    int elsewhere = 0;  // in a store that backglance knows and cannot read

    bool tells_nothing() const { return !opened && tried == 0 && elsewhere >= doubted; }
  };
  // The ids of a page after the given one.
  using Page = std::function<std::vector<std::string>(const std::string& after)>;

  bool look(const std::string& place, const std::set<std::string>& doubted);
  // Adds what is seen until something opens or `most` were tried.
  void look_at(const std::string& place, const std::set<std::string>& doubted, const Page& page,
               int most, Seen& seen);

  Session& session_;
  bool has_ledger_;
  const Stores& stores_;
  struct Answer {
    bool sees = false;
    std::size_t doubted = 0;
    std::chrono::steady_clock::time_point at;
  };
  std::map<std::string, Answer> answers_;
};

}  // namespace backglance
