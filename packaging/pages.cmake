# SPDX-License-Identifier: Apache-2.0
# Has PROGRAM write its manual pages and completions into DIRECTORY: all of them come from its own table of commands.
# Run as: cmake -DPROGRAM=... -DDIRECTORY=... -P pages.cmake
function(run output)
  execute_process(COMMAND ${PROGRAM} help ${ARGN} OUTPUT_VARIABLE _text RESULT_VARIABLE _failed)
  if(_failed)
    message(FATAL_ERROR "backglance help ${ARGN} failed: ${_failed}")
  endif()
  set(${output} "${_text}" PARENT_SCOPE)
endfunction()

# A page of a command that is gone must not be installed.
file(REMOVE_RECURSE ${DIRECTORY}/man1 ${DIRECTORY}/completions)
run(_names --commands)
string(REPLACE "\n" ";" _names "${_names}")
foreach(_name "" ${_names})
  string(REPLACE " " ";" _words "${_name}")
  list(PREPEND _words backglance)
  list(JOIN _words - _page)
  list(POP_FRONT _words)
  # Written by the program: a CMake list would lose the brackets and semicolons of the text.
  file(MAKE_DIRECTORY ${DIRECTORY}/man1)
  execute_process(COMMAND ${PROGRAM} help --man ${_words}
    OUTPUT_FILE ${DIRECTORY}/man1/${_page}.1 RESULT_VARIABLE _failed)
  if(_failed)
    message(FATAL_ERROR "backglance help --man ${_words} failed: ${_failed}")
  endif()
endforeach()
foreach(_pair bash:backglance zsh:_backglance fish:backglance.fish)
  string(REPLACE ":" ";" _pair ${_pair})
  list(GET _pair 0 _shell)
  list(GET _pair 1 _file)
  file(MAKE_DIRECTORY ${DIRECTORY}/completions/${_shell})
  execute_process(COMMAND ${PROGRAM} help --completions ${_shell}
    OUTPUT_FILE ${DIRECTORY}/completions/${_shell}/${_file} RESULT_VARIABLE _failed)
  if(_failed)
    message(FATAL_ERROR "backglance help --completions ${_shell} failed: ${_failed}")
  endif()
endforeach()
