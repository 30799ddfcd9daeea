// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace backglance {

// What became of one image. The names are the ledger's and the reports'; they never change.
enum class ReadClass {
  hashed,              // read, agreed with what Glance knows, published
  restored,            // a published hash that a Glance save had erased was put back without a read
  already_done,        // somebody else filled the hash meanwhile
  verified,            // verify: the bytes agree with what is stored
  no_location,         // nothing to read: no live location
  missing,             // the store says that there is no such object
  unreadable,          // it is there, or may be, and cannot be read
  size_differs,        // bytes read are not images.size
  checksum_differs,    // MD5 of the bytes is not images.checksum
  hash_differs,        // verify: the digest is not os_hash_value
  changed_while_read,  // the object was not the same at the end as at the beginning
  busy_in_glance,      // Glance itself is working on the image
  store_not_supported,  // a store that this program cannot read yet
  hash_not_supported,   // os_hash_algo names an algorithm that cannot be computed here
  gone,                 // deleted in Glance, or no longer active
};

// "checksum_differs", as the ledger stores it, and "checksum differs", as people read it.
std::string_view read_class_name(ReadClass read_class);
std::string_view read_class_text(ReadClass read_class);
std::optional<ReadClass> read_class_from_name(std::string_view name);

// True for the classes that a person must look at; a run that met one ends with exit code 10.
bool is_finding(ReadClass read_class);

}  // namespace backglance
