# SPDX-License-Identifier: Apache-2.0
add_library(backglance_precompiled OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cpp)
target_link_libraries(backglance_precompiled PRIVATE
  backglance_options fmt::fmt)
target_precompile_headers(backglance_precompiled PRIVATE ${CMAKE_CURRENT_LIST_DIR}/precompiled.h)

# Writes the source `output` in the current build folder: the function `function` of it gives the text of every file.
function(backglance_embed_text output function)
  add_custom_command(
    OUTPUT ${output}
    COMMAND ${CMAKE_COMMAND} -DOUTPUT=${CMAKE_CURRENT_BINARY_DIR}/${output} -DFUNCTION=${function}
            -DROOT=${PROJECT_SOURCE_DIR} "-DINPUTS=${ARGN}"
            -P ${PROJECT_SOURCE_DIR}/cmake/embed_text.cmake
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/cmake/embed_text.cmake
    VERBATIM)
endfunction()

# A module of the program: the static library backglance_<name>. It sees the whole source tree by its top-level names
# ("glance/site.h"), and links only the modules and packages that it is given.
# Every file of SQL in its folder is compiled into the program (backglance_embed_sql).
# EMBED names other texts that the module uses: <name>_files(), for it to declare, gives them.
#
# All modules share one precompiled header, which is built for backglance_precompiled.
function(backglance_module name)
  cmake_parse_arguments(MODULE "" "" "SOURCES;EMBED;PUBLIC;PRIVATE" ${ARGN})
  if(MODULE_EMBED)
    list(TRANSFORM MODULE_EMBED PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/")
    backglance_embed_text(${name}_files.cpp ${name}_files ${MODULE_EMBED})
    list(APPEND MODULE_SOURCES ${CMAKE_CURRENT_BINARY_DIR}/${name}_files.cpp)
  endif()
  add_library(backglance_${name} STATIC ${MODULE_SOURCES})
  target_link_libraries(backglance_${name}
    PUBLIC ${MODULE_PUBLIC}
    PRIVATE ${MODULE_PRIVATE} backglance_options)
  target_precompile_headers(backglance_${name} REUSE_FROM backglance_precompiled)
  # So a schema step, or a statement for one more engine, is a file and nothing else.
  file(GLOB_RECURSE _sql CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.sql)
  set_property(GLOBAL APPEND PROPERTY BACKGLANCE_SQL_FILES ${_sql})
endfunction()

# Makes the library backglance_sql_files: the text of every file of SQL of the modules. After all modules.
function(backglance_embed_sql)
  get_property(_files GLOBAL PROPERTY BACKGLANCE_SQL_FILES)
  backglance_embed_text(sql_files.cpp sql_files ${_files})
  add_library(backglance_sql_files STATIC ${CMAKE_CURRENT_BINARY_DIR}/sql_files.cpp)
  target_link_libraries(backglance_sql_files PRIVATE backglance_options fmt::fmt)
endfunction()
