// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace backglance {

// How a directory reacts to parallel reads. `seeking`: one rotating disk; parallel reads are slower
// there than one read after the other. `remote`: a network file system; its disks are not known
// here. `solid`: everything else, and everything unknown.
enum class StoreKind { solid, seeking, remote };

// Decides by the type of the file system (statfs(2)), and for a local one by what the block device
// reports (/sys/dev/block/*/queue/rotational).
StoreKind store_kind(const std::string& directory);

// A name that is equal for two directories on the same disk or server, as far as their file system
// shows. If the directory cannot be examined, its own name.
std::string shared_storage(const std::string& directory);

// How much a place of a store bears (store/source.h), and how to speak of it.
struct PlaceTraits {
  StoreKind kind = StoreKind::remote;
  // Equal for two places that share their disk or server: they share their streams.
  std::string shared = {};
  int most_streams = 8;   // of one run, unless the operator asks for a number
  int most_asked = 1024;  // even if the operator asks for more
};

PlaceTraits directory_traits(const std::string& directory);

}  // namespace backglance
