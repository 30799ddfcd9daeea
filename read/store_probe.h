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

// Decides whether this host sees a place of the store, after images in it could not be opened. A
// mount that is gone, or another one in its place, looks like a store whose images are lost. One
// thread at a time.
class StoreProbe {
 public:
  // `session` and `stores` must live longer than this. Requires the columns for the hash; the
  // ledger may be missing.
  StoreProbe(Session& session, bool has_ledger, const Stores& stores)
      : session_(session), has_ledger_(has_ledger), stores_(stores) {}

  // True if the result of the `doubted` images, which could not be opened in `place`, is to be
  // believed. False if this host does not see the place; this answer is kept for a minute. An image
  // that opens is looked for each time, since a place may be lost at any moment.
  //
  // `opened`: an image that this run opened in the place before; "" if there is none. True if it
  // opens there now.
  //
  // With the ledger, it tries several dozen images in the place that some host has read: true if
  // one opens here, false if none does. If none was ever read there, it tries all images that
  // Glance has in the place, up to several thousand: true if one opens. So the word of one host is
  // never enough to call all images of a place missing, whatever else is in it.
  //
  // A directory that is no place of the configuration, where files have the names of image ids, is
  // a store of another configuration if the site has more than two images there: false. One or two
  // are strays, and answered as "".
  //
  // `place` is "" for other locations outside every place, or that cannot be decrypted. There,
  // all images that were read count; if none was read, thousands of the images that Glance has.
  // True if this host can open one of them, because then its directories and its key are right. If
  // none opens, true only if all others lie in stores that backglance does not support and are no
  // fewer than the doubted ones: then the site is like that. This answer holds for no more images
  // than it was given for.
  bool sees(const std::string& place, const std::set<std::string>& doubted,
            const std::string& opened = {});

 private:
  // Counts of the locations that were looked at.
  struct Seen {
    bool opened = false;
    int tried = 0;      // of images that are not doubted; none opened
    int doubted = 0;    // of the images in question
    int elsewhere = 0;  // in a store that backglance does not support

    bool tells_nothing() const { return !opened && tried == 0 && elsewhere >= doubted; }
  };
  // Returns a page of ids after the given one.
  using Page = std::function<std::vector<std::string>(const std::string& after)>;

  bool is_configured(const std::string& place) const;
  bool look(const std::string& place, const std::set<std::string>& doubted,
            const std::string& opened);
  // Adds to `seen` until one location opens or `most` were tried.
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
