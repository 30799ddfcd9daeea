// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/output_place.h"
#include "base/write_all.h"

namespace backglance {

// Writes whole files. A reader sees the old file or the new one and never a part of it, also
// after a loss of power: the text goes to a new file beside the old one
// (base/unfinished_file.h), is brought to the disk, and takes the old one's name; then the
// directory is brought to the disk.

// Recognises a file of the same kind by its first 64 KiB; null accepts every file. Otherwise a
// typing error would replace whatever stands at the path.
struct FileKind {
  const char* name = "";  // "report of backglance", for the message that refuses another file
  bool (*is_one)(std::string_view head) = nullptr;
};

// Throws Error{usage} if what stands at `place` must not be replaced: no regular file (/dev/stdout
// is none, whatever it leads to), another user's (OutputPlace::require_own), or not empty and not
// of `kind`. Error{io} for a directory, and for a file that cannot be read.
void require_kind(const OutputPlace& place, const FileKind& kind);

// Makes or replaces `path`, which is replaced itself if it is a link. The file gets exactly the
// rights of `mode`, whatever the umask. `name` is what an error calls the file: "<name>: reason".
// Throws what require_kind() throws, and Error{io}. No new file is left behind then, except where
// only the directory could not be synced: the new file is in its place already.
void replace_file(const std::filesystem::path& path, std::string_view text, mode_t mode,
                  const std::string& name, const FileKind& kind = {});

// Makes or replaces the file that `path` leads to, links followed (OutputPlace). A file that is
// there keeps who may read and write it, but others never may write, and nobody may run it; a new
// one gets 0640. A pipe that a program reads from, a terminal, /dev/null and /dev/full are written
// to instead. Throws Error{io}: "cannot write <path>: reason", and what require_kind() throws.
void write_file(const std::string& path, std::string_view text, const FileKind& kind = {});
// Throws what write_file() would throw for what stands at `path` now; writes nothing.
void require_writable_file(const std::string& path, const FileKind& kind);

}  // namespace backglance
