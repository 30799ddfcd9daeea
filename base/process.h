// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace backglance {

// The names of this host, user and process. Several containers may have the same host name. The
// name of a process is unique: no other process, in this boot or another, has the same one.

std::string host_name();

// "glance@controller": who ran a command, for people. The user is that of the process; the user id
// if it has no name.
std::string user_at_host();

// "BOOT NAMESPACE PID START": boot id, pid namespace, process id, and the start of the process in
// clock ticks since boot (proc(5), random(4), pid_namespaces(7)).
std::string this_process();

// Whether the process with this name exists on this host. Returns nothing if that cannot be known:
// the text is not such a name, or names another pid namespace or another boot (it may then be on
// another host with the same host name).
std::optional<bool> process_lives(const std::string& process);
// The same, for a process on `host`. Returns nothing if `host` is not this host.
std::optional<bool> process_lives_on(const std::string& host, const std::string& process);

}  // namespace backglance
