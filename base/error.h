// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace backglance {

// Why a run or a step cannot continue. A bad image is never an Error. It is an ImageResult
// (base/image_result.h), and the run counts it, reports it and continues.
enum class ErrorKind {
  usage,         // the command line or the configuration is wrong
  connect,       // the database cannot be reached or opened
  busy,          // another session held a lock for longer than we wait; safe to run again
  lost,          // the connection to the server broke; uncommitted work is rolled back
  sql,           // the database refused a statement
  schema_state,  // the schema is not one that this step may start from
  gate,          // the gate of a destructive step is closed
  io,            // a file, a directory or the disk failed
  no_space,      // the database's disk is full; the write is rolled back
  in_doubt,      // the connection broke during a COMMIT; the caller must find out its outcome
  interrupted,   // SIGINT or SIGTERM
  locked,        // another run of backglance is at work
};

// The only exception type. what() is one line for a person, without secrets. next() is the command
// that the person should run, or empty. within() adds context while the exception travels up; the
// kind and the cause stay.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text, std::string next = {})
      : std::runtime_error(text), kind_(kind), next_(std::move(next)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& next() const { return next_; }
  // The database's error number, if its driver reports one; else 0.
  int code() const { return code_; }

  // The same error with "context: " before its text.
  Error within(const std::string& context) const;
  Error with_code(int code) const;

 private:
  ErrorKind kind_;
  std::string next_;
  int code_ = 0;
};

// An Error{io} whose text is what was attempted, and strerror of `error_number` (an errno).
Error io_error(const std::string& attempted, int error_number);

}  // namespace backglance
