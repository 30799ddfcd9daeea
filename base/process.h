// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace backglance {

// Which host, user and process this is. A host's name may be shared by containers; a process is
// named so that no other one, of this boot or another, is taken for it.

std::string host_name();

// "glance@controller": who gave a command, for people. The user is the process's own, by number
// where it has no name.
std::string user_at_host();

// "BOOT NAMESPACE PID START": boot id, pid namespace, process id, and the moment at which the
// process began in clock ticks since boot (proc(5), random(4), pid_namespaces(7)).
std::string this_process();

// Whether the process of that name is at work on this host. Nothing if this process cannot know:
// the text is none, or of another pid namespace, or of another boot: two hosts may bear one name.
std::optional<bool> process_lives(const std::string& process);
// The same of a process on that host: of another host nobody can know.
std::optional<bool> process_lives_on(const std::string& host, const std::string& process);

}  // namespace backglance
