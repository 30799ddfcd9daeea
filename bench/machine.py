# SPDX-License-Identifier: Apache-2.0
"""The machine, in the words that a reader of figures needs."""

import os
import pathlib
import platform
import statistics
import time

import databases

COMMITS = 100


def processor():
    for line in pathlib.Path('/proc/cpuinfo').read_text().splitlines():
        if line.startswith('model name'):
            return line.partition(':')[2].strip()
    return os.uname().machine


def system():
    return '%s, Linux %s' % (platform.freedesktop_os_release().get('PRETTY_NAME', '?'), os.uname().release)


def memory_gib():
    return os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30


def sync_milliseconds(directory):
    """The median time of a write that waits for the disk: the price of a commit."""
    path = directory / 'sync'
    times = []
    with open(path, 'wb', buffering=0) as file:
        for _ in range(COMMITS):
            file.write(bytes(4096))
            began = time.monotonic()
            os.fdatasync(file.fileno())
            times.append(time.monotonic() - began)
    path.unlink()
    return statistics.median(times) * 1000


def describe(bench):
    lines = ['%s, %d cores, %.0f GiB; load %.1f; a write that waits for the disk takes %.1f ms (median)' % (
        processor(), os.cpu_count(), memory_gib(), os.getloadavg()[0], sync_milliseconds(bench.scratch))]
    lines.append(system())
    for engine in bench.engines:
        databases.use(engine)
        version = databases.admin('SHOW server_version' if engine == 'postgresql' else 'SELECT VERSION()')[0][0]
        lines.append('%s %s' % ({'postgresql': 'PostgreSQL', 'mysql': 'MariaDB'}[engine], version))
    return '\n'.join(lines)
