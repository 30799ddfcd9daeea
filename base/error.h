// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace backglance {

// What kept a run from going on. A bad image is never an Error: it is a ReadClass (sql/ledger.h),
// counted and reported while the run goes on.
enum class ErrorKind {
  usage,         // the command line or the configuration is wrong
  connect,       // the database cannot be reached or opened
  busy,          // a lock of somebody else outlasted our wait; safe to run again
  lost,          // the connection to the server broke; what was not committed is undone
  sql,           // the database refused a statement
  schema_state,  // the schema is not one that this step may start from
  gate,          // a precondition of a destructive step does not hold
  io,            // a file, a directory or the disk
  no_space,      // the database's disk is full; what was to be written is undone
  in_doubt,      // the connection broke at a COMMIT; its outcome has to be found out
  interrupted,   // SIGINT or SIGTERM
  locked,        // another run of ours is at work
};

// The one exception type. what() is one line for a person, without secrets. next() is the command
// that the person should run, or empty. Context is put in front while unwinding, the cause is kept.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& text, std::string next = {})
      : std::runtime_error(text), kind_(kind), next_(std::move(next)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& next() const { return next_; }
  // The number that the database gave its refusal, where its driver says so; else 0.
  int code() const { return code_; }

  // The same error, its text preceded by "context: ".
  Error within(const std::string& context) const;
  Error with_code(int code) const;

 private:
  ErrorKind kind_;
  std::string next_;
  int code_ = 0;
};

// An io Error made of what was attempted and strerror of `error_number` (an errno).
Error io_error(const std::string& attempted, int error_number);

}  // namespace backglance
