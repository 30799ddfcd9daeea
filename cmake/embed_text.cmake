# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a C++ source whose function FUNCTION gives the text of every file of INPUTS under its path below ROOT.
# Run as: cmake -DOUTPUT=… -DFUNCTION=sql_files -DROOT=… -DINPUTS=a;b -P embed_text.cmake
set(_list "const std::vector<EmbeddedFile>& ${FUNCTION}()")
set(_source "#include <vector>\n\n#include \"base/embedded_file.h\"\n\nnamespace backglance {\n\n${_list};\n${_list} {\n  static const std::vector<EmbeddedFile> files = {\n")
foreach(_input IN LISTS INPUTS)
  file(READ "${_input}" _text)
  file(RELATIVE_PATH _name "${ROOT}" "${_input}")
  string(APPEND _source "      {\"${_name}\", R\"EMBEDDED(${_text})EMBEDDED\"},\n")
endforeach()
string(APPEND _source "  };\n  return files;\n}\n\n}  // namespace backglance\n")
file(WRITE "${OUTPUT}" "${_source}")
