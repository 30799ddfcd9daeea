#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a command and writes what it used, as JSON, to a file.

    /usr/bin/python3 tests/scale/measured.py FILE COMMAND...

A process of its own, and a small one: a child starts with the peak memory of the process that made it.
The kernel adds what a child read to its parent's own count when the parent has waited for it (proc(5),
/proc/PID/io), so that the difference is what the command read.
"""

import json
import os
import subprocess
import sys
import time


def characters_read():
    with open('/proc/self/io', encoding='ascii') as file:
        return int(next(line for line in file if line.startswith('rchar:')).split()[1])


def main():
    out, command = sys.argv[1], sys.argv[2:]
    before = characters_read()
    reading_this_costs = characters_read() - before
    before = characters_read()
    began = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    read = characters_read() - before - reading_this_costs
    with open(out, 'w', encoding='ascii') as file:
        json.dump({'code': os.waitstatus_to_exitcode(status), 'seconds': seconds,
                   'cpu_seconds': usage.ru_utime + usage.ru_stime, 'peak_bytes': usage.ru_maxrss * 1024, 'read_bytes': read}, file)
    return 0


if __name__ == '__main__':
    sys.exit(main())
