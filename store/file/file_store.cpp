// SPDX-License-Identifier: Apache-2.0
#include "store/file/file_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "store/answer.h"
#include "store/file/file_status.h"
#include "store/file/open_beneath.h"
#include "store/file/page_cache.h"
#include "store/file/store_path.h"
#include "store/store_kind.h"

namespace backglance {
namespace {

struct OpenFile {
  Place place;
  Fd file;
  FileStatus status;
};

std::string error_text(int error_number) {
  return std::generic_category().message(error_number);
}

// Ours and not the image's: a file that could not be opened for want of it says nothing.
void require_means(int error_number) {
  if (error_number == EMFILE || error_number == ENFILE || error_number == ENOMEM)
    throw Error(ErrorKind::io, "no more files can be opened here: " + error_text(error_number),
                error_number == EMFILE ? "raise the limit (ulimit -n), or read fewer images at a "
                                         "time (--streams-per-store)"
                                       : "");
}

std::string quoted(const std::string& directory) {
  return fmt::format("\"{}\"", printable(directory));
}

ReadFailure unreadable(std::string reason) {
  return {ImageResult::unreadable, std::move(reason)};
}
ReadFailure changed(std::string reason) {
  return {ImageResult::changed_while_read, std::move(reason)};
}

// Glance names the file of an image by the image's id.
bool is_image_id(std::string_view name) {
  constexpr std::string_view kForm = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  constexpr std::string_view kDigits = "0123456789abcdef";
  return name.size() == kForm.size() &&
         std::equal(name.begin(), name.end(), kForm.begin(), [&](char c, char form) {
           return form == '-' ? c == '-' : kDigits.find(c) != std::string_view::npos;
         });
}

// The directory of the file: it may be a mount point of its own, below the configured one.
std::string directory_of(const Place& place) {
  const std::size_t slash = place.path.rfind('/');
  const bool has_dots = place.path.find("..") != std::string::npos;
  return slash == std::string::npos || has_dots
             ? place.directory
             : fmt::format("{}/{}", place.directory, place.path.substr(0, slash));
}

// True if the name is there, and is a link. What it leads to may be a mount that is gone.
bool is_link(const Fd& directory, const Place& place) {
  const OpenedFile name = open_beneath(directory, place.path, O_PATH | O_NOFOLLOW);
  FileStatus status;
  return name.file && read_status(name.file, status) && S_ISLNK(status.mode);
}

ReadFailure open_failure(const Place& place, int error) {
  require_means(error);
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return {ImageResult::missing,
              fmt::format("no such file in store directory {}", quoted(place.directory))};
    case EXDEV:
    case ELOOP:
      return unreadable("its path or a symbolic link leads out of the store directory");
    case ENXIO:  // a socket, a device without a driver
    case EISDIR:
      return unreadable("not a regular file");
    default:
      return unreadable(error_text(error));
  }
}

std::variant<OpenFile, ReadFailure> open_place(const Place& place, int flags) {
  const FileQuestion question(place.directory);
  const OpenedFile directory = open_directory(place.directory);
  if (!directory.file) {
    require_means(directory.error);
    return unreadable(fmt::format("store directory {} cannot be opened: {}",
                                  quoted(place.directory), error_text(directory.error)));
  }
  OpenedFile opened = open_beneath(directory.file, place.path, flags);
  if (opened.error == ENOENT && is_link(directory.file, place))
    return unreadable(
        fmt::format("its name in store directory {} is a link, and what it leads to "
                    "is not there (is that mounted?)",
                    quoted(place.directory)));
  if (!opened.file)
    return open_failure(place, opened.error);
  OpenFile open{place, std::move(opened.file), {}};
  if (!read_status(open.file, open.status))
    return unreadable(error_text(errno));
  if (!S_ISREG(open.status.mode))
    return unreadable("not a regular file");
  return open;
}

std::variant<OpenFile, ReadFailure> open_location(const StoreDirectories& directories,
                                                  const Location& location, int flags) {
  const std::optional<std::string> path = file_path(location);
  if (!path)
    return unreadable("its location is not the URL of an absolute path");
  const std::vector<Place> places = directories.containing(*path);
  if (places.empty())
    return unreadable("outside the configured store directories");

  for (const Place& place : places)
    if (directories.is_silent(place.directory))
      return ReadFailure{ImageResult::unreadable,
                         fmt::format("store directory {} does not answer", quoted(place.directory)),
                         FailureKind::place};
  // What an outer directory says of a file that the innermost one cannot give is said only if it is
  // yes.
  std::variant<OpenFile, ReadFailure> first = open_place(places.front(), flags);
  for (std::size_t i = 1; i < places.size() && std::holds_alternative<ReadFailure>(first); ++i) {
    std::variant<OpenFile, ReadFailure> next = open_place(places[i], flags);
    if (std::holds_alternative<OpenFile>(next))
      return next;
  }
  return first;
}

class FileSource : public Source {
 public:
  explicit FileSource(OpenFile open)
      : place_(std::move(open.place)),
        file_(std::move(open.file)),
        status_(open.status),
        was_within_tick_(is_within_tick(status_)),
        reader_(file_.get(), size()) {}

  std::optional<std::uint64_t> length() const override { return size(); }
  std::variant<std::size_t, ReadFailure> read(std::span<std::byte> buffer) override;
  bool skip_to(std::uint64_t offset) override;
  std::optional<std::string> identity_when_opened() const override { return identity_of(status_); }
  std::variant<std::string, ReadFailure> identity() override;

 private:
  std::uint64_t size() const { return static_cast<std::uint64_t>(status_.size); }

  Place place_;
  Fd file_;
  FileStatus status_;     // when it was opened
  bool was_within_tick_;  // a change during the read may not show
  PageCacheReader reader_;
  std::uint64_t offset_ = 0;
};

std::variant<std::size_t, ReadFailure> FileSource::read(std::span<std::byte> buffer) {
  std::size_t filled = 0;
  // A file that grows as fast as it is read would never end; past its first length it has changed
  // anyway.
  while (filled < buffer.size() && offset_ <= size()) {
    const FileQuestion question(place_.directory);
    const ssize_t got = reader_.read(buffer.subspan(filled), offset_);
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return unreadable(error_text(errno));
    if (got == 0)
      break;
    filled += static_cast<std::size_t>(got);
    offset_ += static_cast<std::uint64_t>(got);
  }
  return filled;
}

bool FileSource::skip_to(std::uint64_t offset) {
  if (offset > size())
    return false;
  offset_ = offset;
  reader_.skip_to(offset);
  return true;
}

std::variant<std::string, ReadFailure> FileSource::identity() {
  // The path first and the open file last: after this, no change is missed, because a file that
  // loses its name gets a new ctime as well.
  const std::variant<OpenFile, ReadFailure> again = open_place(place_, O_PATH);
  const FileQuestion question(place_.directory);
  FileStatus now;
  if (!read_status(file_, now))
    return unreadable(error_text(errno));
  if (now.size != status_.size)
    return changed(fmt::format("its length changed from {} to {} bytes while it was read",
                               status_.size, now.size));
  if (offset_ != size())
    return changed(fmt::format("{} of its {} bytes were read", offset_, size()));
  if (now.mtime != status_.mtime)
    return changed("it was written to while it was read");
  if (const ReadFailure* failure = std::get_if<ReadFailure>(&again)) {
    if (failure->result == ImageResult::missing)
      return changed("it was removed while it was read");
    return *failure;
  }
  if (!std::get<OpenFile>(again).status.is_same_file(status_))
    return changed("another file replaced it while it was read");
  if (now.ctime != status_.ctime)
    return changed(
        "its ctime changed while it was read: it was written to, or its owner, mode, times or "
        "links were changed");
  if (was_within_tick_)
    return changed("it was written to all the time when the read began");
  return identity_of(status_);
}

}  // namespace

FileStore::FileStore(std::vector<std::filesystem::path> directories, std::vector<std::string> ids)
    : directories_(std::move(directories)), ids_(std::move(ids)) {}

std::variant<std::unique_ptr<Source>, ReadFailure> FileStore::open(const Location& location) {
  std::variant<OpenFile, ReadFailure> opened =
      open_location(directories_, location, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (ReadFailure* failure = std::get_if<ReadFailure>(&opened))
    return std::move(*failure);
  OpenFile& open = std::get<OpenFile>(opened);
  if (!await_tick(open.file, open.status))
    return unreadable(error_text(errno));
  return std::make_unique<FileSource>(std::move(open));
}

std::variant<std::string, ReadFailure> FileStore::identify(const Location& location) {
  std::variant<OpenFile, ReadFailure> opened = open_location(directories_, location, O_PATH);
  if (ReadFailure* failure = std::get_if<ReadFailure>(&opened))
    return std::move(*failure);
  return identity_of(std::get<OpenFile>(opened).status);
}

std::string FileStore::place_of(const Location& location) const {
  const std::optional<std::string> path = file_path(location);
  if (!path)
    return {};
  const auto places = directories_.containing(*path);
  if (!places.empty())
    return directory_of(places.front());
  const std::filesystem::path file(*path);
  return is_image_id(file.filename().native()) ? file.parent_path().native() : std::string();
}

std::optional<PlaceTraits> FileStore::traits(const std::string& place) const {
  if (!place.starts_with('/'))
    return std::nullopt;
  if (directories_.is_silent(place))
    return PlaceTraits{.shared = place};
  const FileQuestion question(place);
  return directory_traits(place);
}

bool FileStore::is_empty(const std::string& place) const {
  if (directories_.is_silent(place))
    return false;
  const FileQuestion question(place);
  std::error_code error;
  for (std::filesystem::directory_iterator entry(place, error), end; !error && entry != end;
       entry.increment(error))
    if (entry->path().filename() != "lost+found")
      return false;
  return !error || error == std::errc::no_such_file_or_directory;
}

std::vector<PlaceState> FileStore::survey() const {
  std::vector<PlaceState> states;
  const std::vector<std::string> away = directories_.survey();
  for (std::size_t i = 0; i < away.size(); ++i)
    states.push_back(
        {directories_.configured()[i].native(), i < ids_.size() ? ids_[i] : "", away[i]});
  return states;
}

std::unique_ptr<SourceOpener> open_file_stores(const Site& site, const StoreSettings&,
                                               const StoreHooks&) {
  std::vector<std::filesystem::path> directories;
  std::vector<std::string> ids;
  for (const Store& store : site.stores)
    for (const std::filesystem::path& directory : store.directories)
      if (std::ranges::find(directories, directory) == directories.end()) {
        directories.push_back(directory);
        ids.push_back(store.id);
      }
  return std::make_unique<FileStore>(std::move(directories), std::move(ids));
}

}  // namespace backglance
