# SPDX-License-Identifier: Apache-2.0
add_library(backglance_precompiled OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
target_link_libraries(backglance_precompiled PRIVATE
  backglance_options fmt::fmt)
target_precompile_headers(backglance_precompiled PRIVATE ${CMAKE_CURRENT_LIST_DIR}/precompiled.h)

# A module of the program: the static library backglance_<name>. It sees the whole source tree by its top-level names
# ("glance/site.h"), and links only the modules and packages that it is given.
# SQL names its files of SQL: they are compiled into the program (backglance_embed_sql).
#
# All modules share one precompiled header, which is built for backglance_precompiled.
function(backglance_module name)
  cmake_parse_arguments(MODULE "" "" "SOURCES;SQL;PUBLIC;PRIVATE" ${ARGN})
  add_library(backglance_${name} STATIC ${MODULE_SOURCES})
  target_link_libraries(backglance_${name}
    PUBLIC ${MODULE_PUBLIC}
    PRIVATE ${MODULE_PRIVATE} backglance_options)
  target_precompile_headers(backglance_${name} REUSE_FROM backglance_precompiled)
  list(TRANSFORM MODULE_SQL PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
  set_property(GLOBAL APPEND PROPERTY BACKGLANCE_SQL_FILES ${MODULE_SQL})
endfunction()

# Makes the library backglance_sql_files: the text of every file that a module named under SQL. After all modules.
function(backglance_embed_sql)
  get_property(_files GLOBAL PROPERTY BACKGLANCE_SQL_FILES)
  add_custom_command(
    OUTPUT sql_files.cpp
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${CMAKE_CURRENT_BINARY_DIR}/sql_files.cpp
            -DROOT=${PROJECT_SOURCE_DIR} "-DINPUTS=${_files}"
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_sql.cmake
    DEPENDS ${_files} ${PROJECT_SOURCE_DIR}/cmake/embed_sql.cmake
    VERBATIM)
  add_library(backglance_sql_files STATIC ${CMAKE_CURRENT_BINARY_DIR}/sql_files.cpp)
  target_link_libraries(backglance_sql_files PRIVATE backglance_options fmt::fmt)
endfunction()
