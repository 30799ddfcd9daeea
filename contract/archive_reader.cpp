// SPDX-License-Identifier: Apache-2.0
// The reader of contract/archive.h. Nothing in the file is trusted until its signature was checked.
#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "attest/envelope.h"
#include "base/base64.h"
#include "base/json_text.h"
#include "base/text.h"
#include "contract/archive.h"
#include "glance/signature_properties.h"

namespace backglance {
namespace {

using nlohmann::json;

// Property ids in Glance have the type INTEGER, and no archive has more lines than that. Returns 0
// for a missing or invalid number.
std::int64_t number_member(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_integer())
    return 0;
  const auto number = found->get<std::int64_t>();
  return number > 0 && number <= std::numeric_limits<std::int32_t>::max() ? number : 0;
}

// A text, or null. Nothing if the member is missing or of another type.
std::optional<std::optional<std::string>> text_or_null_member(const json& object,
                                                              const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || (!found->is_null() && !found->is_string()))
    return std::nullopt;
  return found->is_null() ? std::optional<std::string>() : std::optional(found->get<std::string>());
}

std::optional<std::optional<std::string>> value_of(const json& object) {
  if (!object.contains("value_base64"))
    return text_or_null_member(object, "value");
  const auto text = text_or_null_member(object, "value_base64");
  const auto bytes = text && *text ? decode_base64(**text) : std::nullopt;
  if (!bytes)
    return std::nullopt;
  std::string value(bytes->begin(), bytes->end());
  // Python's base64 accepts malformed text; what it makes of such text would be another value.
  if (encode_base64(value) != **text)
    return std::nullopt;
  return value;
}

std::optional<RemovedProperty> read_property(const json& object) {
  if (!object.is_object())
    return std::nullopt;
  const auto value = value_of(object);
  const auto updated_at = text_or_null_member(object, "updated_at");
  if (!value || !updated_at)
    return std::nullopt;
  RemovedProperty property{{.id = number_member(object, "property_id"),
                            .image_id = text_member(object, "image_id"),
                            .name = text_member(object, "name"),
                            .value = *value,
                            .updated_at = *updated_at},
                           text_member(object, "deleted_at")};
  // Even if it is signed: contract puts back nothing but legacy signature properties.
  if (property.id == 0 || property.image_id.empty() || property.deleted_at.empty() ||
      !is_legacy_signature_name(property.name))
    return std::nullopt;
  return property;
}

constexpr const char* kNoProperty = "it is not a removed signature property";

// The last line of an archive without signatures.
bool is_plain_end(const json& object) {
  return object.is_object() && object.contains("lines") && !object.contains("property_id") &&
         !text_member(object, "archive").empty();
}

// The number of lines before the end: at least 0, or nothing if it is not said.
std::optional<std::int64_t> lines_before_end(const json& object) {
  const auto found = object.is_object() ? object.find("lines") : object.end();
  if (found != object.end() && found->is_number_integer() && *found == 0)
    return 0;
  const std::int64_t lines = number_member(object, "lines");
  return lines > 0 ? std::optional(lines) : std::nullopt;
}

}  // namespace

std::optional<RemovedProperty> archived_property(std::string_view payload) {
  return read_property(parse_json(payload));
}

ArchiveReader::ArchiveReader(const std::filesystem::path& path, const SiteKey* key)
    : lines_(path, kLongestArchiveLine), key_(key) {}

std::optional<bool> ArchiveReader::is_whole() const {
  if (key_ != nullptr)
    return whole_;
  return missing().empty() ? std::nullopt : std::optional(false);
}

std::string ArchiveReader::missing() const {
  if (lines_found_ == 0)
    return "it is empty";
  if (!closed_)
    return fmt::format("it has no end: lines after line {} may be missing", lines_.number());
  if (missing_ > 0)
    return fmt::format("it lacks {} of its lines", missing_);
  return {};
}

std::optional<std::variant<RemovedProperty, ArchiveFault>> ArchiveReader::next() {
  if (pending_)
    return std::exchange(pending_, std::nullopt);
  std::string line;
  for (;;) {
    switch (lines_.next(line)) {
      case LineReader::Found::too_long:
        ++lines_found_;
        return fault(fmt::format("it has more than {}", human_bytes(kLongestArchiveLine)));
      case LineReader::Found::line:
        if (auto found = line.empty() ? std::nullopt : judge(line))
          return found;
        continue;
      case LineReader::Found::end:
        break;
    }
    // A signed archive without its last line was cut off; report that once.
    if (key_ == nullptr || closed_ || ended_)
      return std::nullopt;
    ended_ = true;
    whole_ = false;
    return ArchiveFault{
        0, "it has no end: its last lines are missing, or contract was killed while it wrote them"};
  }
}

std::optional<ArchiveReader::Found> ArchiveReader::judge(const std::string& line) {
  ++lines_found_;
  return key_ == nullptr ? judge_unsigned(line) : judge_signed(line);
}

// Files that somebody has put together have several ends; the last line of the file must be one.
std::optional<ArchiveReader::Found> ArchiveReader::judge_unsigned(const std::string& line) {
  const json object = parse_json(line);
  if (is_plain_end(object)) {
    missing_ += missing_before(lines_before_end(object).value_or(number_ + strange_ + 1) + 1);
    closed_ = true;
    number_ = strange_ = 0;
    return std::nullopt;
  }
  closed_ = false;
  if (auto property = read_property(object)) {
    ++number_;
    ++accepted_;
    return std::move(*property);
  }
  return fault(object.is_object() && object.contains("signatures")
                   ? "it is signed and can be read only with --key"
                   : kNoProperty);
}

std::optional<ArchiveReader::Found> ArchiveReader::judge_signed(const std::string& line) {
  auto opened = open_sealed(*key_, line);
  if (auto* const why = std::get_if<std::string>(&opened))
    return fault(std::move(*why));
  const OpenedEnvelope& envelope = std::get<OpenedEnvelope>(opened);
  if (envelope.payload_type == kArchiveEndPayloadType)
    return close(envelope.payload);
  if (envelope.payload_type != kRemovedPayloadType)
    return fault(kNoProperty);
  const json object = parse_json(envelope.payload);
  auto property = read_property(object);
  if (!property)
    return fault(kNoProperty);
  const std::int64_t number = number_member(object, "number");
  const std::int64_t missing = missing_before(number);
  if (std::string why = take_place(text_member(object, "archive"), number); !why.empty())
    return fault(std::move(why));
  ++accepted_;
  if (missing == 0)
    return std::move(*property);
  // First the fault about the missing lines; next() returns this line after it.
  pending_ = std::move(*property);
  return lines_missing(missing);
}

std::string ArchiveReader::take_place(const std::string& archive, std::int64_t number) {
  if (closed_)
    return "it comes after the end of the archive";
  if (!archive_.empty() && archive != archive_)
    return "it belongs to another archive";
  if (archive.empty() || number <= number_)
    return "it is in the wrong place, or is repeated";
  archive_ = archive;
  number_ = number;
  strange_ = 0;
  return {};
}

std::optional<ArchiveReader::Found> ArchiveReader::close(std::string_view payload) {
  const json object = parse_json(payload);
  const std::string archive = text_member(object, "archive");
  if (closed_ || archive.empty() || (!archive_.empty() && archive != archive_))
    return fault("it is the end of another archive");
  archive_ = archive;
  closed_ = true;
  const auto lines = lines_before_end(object);
  const std::int64_t missing = lines ? missing_before(*lines + 1) : 1;
  return missing == 0 ? std::nullopt : std::optional<Found>(lines_missing(missing));
}

ArchiveFault ArchiveReader::lines_missing(std::int64_t number) {
  whole_ = false;
  missing_ += number;
  return {lines_.number(), counted(number, "line") + " of the archive missing before it"};
}

ArchiveFault ArchiveReader::fault(std::string text) {
  whole_ = false;
  ++strange_;
  return {lines_.number(), std::move(text)};
}

// Does not count lines that are present but were not accepted.
std::int64_t ArchiveReader::missing_before(std::int64_t number) const {
  return std::max<std::int64_t>(0, number - number_ - 1 - strange_);
}

}  // namespace backglance
