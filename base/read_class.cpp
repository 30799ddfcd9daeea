// SPDX-License-Identifier: Apache-2.0
#include "base/read_class.h"

#include <array>

namespace backglance {
namespace {

struct Entry {
  ReadClass read_class;
  std::string_view name;
  std::string_view text;
  bool finding;
};

constexpr std::array kEntries = {
    Entry{ReadClass::hashed, "hashed", "hashed", false},
    Entry{ReadClass::restored, "restored", "restored", false},
    Entry{ReadClass::already_done, "already_done", "already done", false},
    Entry{ReadClass::verified, "verified", "verified", false},
    Entry{ReadClass::no_location, "no_location", "no location", false},
    Entry{ReadClass::missing, "missing", "missing", true},
    Entry{ReadClass::unreadable, "unreadable", "unreadable", true},
    Entry{ReadClass::size_differs, "size_differs", "size differs", true},
    Entry{ReadClass::checksum_differs, "checksum_differs", "checksum differs", true},
    Entry{ReadClass::hash_differs, "hash_differs", "hash differs", true},
    Entry{ReadClass::changed_while_read, "changed_while_read", "changed while read", true},
    Entry{ReadClass::busy_in_glance, "busy_in_glance", "busy in Glance", false},
    Entry{ReadClass::store_not_supported, "store_not_supported", "store not supported", true},
    Entry{ReadClass::hash_not_supported, "hash_not_supported", "hash not supported", true},
    Entry{ReadClass::gone, "gone", "no longer live", false},
};

const Entry& entry(ReadClass read_class) {
  return kEntries[static_cast<std::size_t>(read_class)];
}

}  // namespace

std::string_view read_class_name(ReadClass read_class) {
  return entry(read_class).name;
}
std::string_view read_class_text(ReadClass read_class) {
  return entry(read_class).text;
}

std::optional<ReadClass> read_class_from_name(std::string_view name) {
  for (const Entry& candidate : kEntries)
    if (candidate.name == name)
      return candidate.read_class;
  return std::nullopt;
}

bool is_finding(ReadClass read_class) {
  return entry(read_class).finding;
}

}  // namespace backglance
