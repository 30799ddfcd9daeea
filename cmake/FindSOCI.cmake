# SPDX-License-Identifier: Apache-2.0
# Finds SOCI 4.0, whose Debian package carries no CMake files.
#
# Components are backends: sqlite3, postgresql, mysql. Makes SOCI::core and SOCI::<backend>.
# soci.h includes boost headers (libboost-dev), which libsoci-dev does not depend on.
find_path(SOCI_INCLUDE_DIR NAMES soci/soci.h)
find_library(SOCI_CORE_LIBRARY NAMES soci_core)
find_path(SOCI_BOOST_INCLUDE_DIR NAMES boost/version.hpp)

set(_soci_required SOCI_CORE_LIBRARY SOCI_INCLUDE_DIR SOCI_BOOST_INCLUDE_DIR)
foreach(_backend IN LISTS SOCI_FIND_COMPONENTS)
  find_library(SOCI_${_backend}_LIBRARY NAMES soci_${_backend})
  if(SOCI_${_backend}_LIBRARY)
    set(SOCI_${_backend}_FOUND TRUE)
  endif()
endforeach()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(SOCI REQUIRED_VARS ${_soci_required} HANDLE_COMPONENTS)

if(SOCI_FOUND AND NOT TARGET SOCI::core)
  add_library(SOCI::core UNKNOWN IMPORTED)
  set_target_properties(SOCI::core PROPERTIES
    IMPORTED_LOCATION "${SOCI_CORE_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${SOCI_INCLUDE_DIR}"
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${SOCI_INCLUDE_DIR}")
  foreach(_backend IN LISTS SOCI_FIND_COMPONENTS)
    add_library(SOCI::${_backend} UNKNOWN IMPORTED)
    set_target_properties(SOCI::${_backend} PROPERTIES
      IMPORTED_LOCATION "${SOCI_${_backend}_LIBRARY}"
      INTERFACE_LINK_LIBRARIES SOCI::core)
  endforeach()
endif()
mark_as_advanced(SOCI_INCLUDE_DIR SOCI_CORE_LIBRARY SOCI_BOOST_INCLUDE_DIR)
