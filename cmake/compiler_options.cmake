# SPDX-License-Identifier: Apache-2.0
# Warnings and sanitizers for our own targets, carried by one INTERFACE target.
add_library(backglance_options INTERFACE)
target_compile_options(backglance_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Woverloaded-virtual -Wimplicit-fallthrough)
# Without it ccache passes over every source that has a precompiled header (its manual, "Precompiled headers").
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(backglance_options INTERFACE -fpch-preprocess)
endif()
target_include_directories(backglance_options INTERFACE
  "${PROJECT_SOURCE_DIR}" "${PROJECT_BINARY_DIR}/generated")
if(BACKGLANCE_SANITIZE)
  target_compile_options(backglance_options INTERFACE
    -fsanitize=${BACKGLANCE_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # GCC 12 sees uninitialized members in std::regex once it is instrumented (GCC bug 105562).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(backglance_options INTERFACE -Wno-maybe-uninitialized)
  endif()
  # vptr asks for the type information of SOCI's backends, which Debian's library keeps to itself.
  if(BACKGLANCE_SANITIZE MATCHES undefined)
    target_compile_options(backglance_options INTERFACE -fno-sanitize=vptr)
  endif()
  target_link_options(backglance_options INTERFACE -fsanitize=${BACKGLANCE_SANITIZE})
endif()
