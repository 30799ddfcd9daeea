// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace backglance {

// What reads from a directory cost. `seeking`: one rotating disk, where streams read at once are
// slower together than one after the other; `remote`: a network file system, whose end nobody here
// sees; `solid`: all else, and what is not known.
enum class StoreKind { solid, seeking, remote };

// Of the file system that holds the directory: its type (statfs(2)), and of a local one what the
// block device says of itself (/sys/dev/block/*/queue/rotational).
StoreKind store_kind(const std::string& directory);

// The same for two directories whose reads share a disk or a server, as far as their file system
// tells; of one that cannot be looked at its own name.
std::string shared_storage(const std::string& directory);

}  // namespace backglance
