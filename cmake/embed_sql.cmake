# SPDX-License-Identifier: Apache-2.0
# Writes OUTPUT, a C++ source that holds the text of every file of INPUTS under its path below ROOT.
# Run as: cmake -DOUTPUT=… -DROOT=… -DINPUTS=a;b -P embed_sql.cmake
set(_source "#include \"sql/text.h\"\n\nnamespace backglance {\n\nconst std::vector<SqlFile>& sql_files() {\n  static const std::vector<SqlFile> files = {\n")
foreach(_input IN LISTS INPUTS)
  file(READ "${_input}" _text)
  file(RELATIVE_PATH _name "${ROOT}" "${_input}")
  string(APPEND _source "      {\"${_name}\", R\"SQLTEXT(${_text})SQLTEXT\"},\n")
endforeach()
string(APPEND _source "  };\n  return files;\n}\n\n}  // namespace backglance\n")
file(WRITE "${OUTPUT}" "${_source}")
