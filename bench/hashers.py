# SPDX-License-Identifier: Apache-2.0
"""What digests of files are computed with beside backglance: a command, or several that share the files."""

import os
import shlex
import subprocess
import sys
import time

# Glance's own loop: both digests on each chunk of 64 KiB.
PYTHON = """
import hashlib, sys
algorithms = sys.argv[1].split(',')
for name in sys.argv[2:]:
    digests = [hashlib.new(algorithm) for algorithm in algorithms]
    with open(name, 'rb') as file:
        while chunk := file.read(65536):
            for digest in digests:
                digest.update(chunk)
    print(name, *[digest.hexdigest() for digest in digests])
"""


def python(algorithms, files):
    return [sys.executable, '-c', PYTHON, ','.join(algorithms), *map(str, files)]


def rhash(algorithms, files):
    return ['rhash', *('--' + algorithm for algorithm in algorithms), *map(str, files)]


def coreutils(algorithms, files):
    """md5sum, sha512sum: one after the other, for each reads the files again."""
    names = ' '.join(shlex.quote(str(file)) for file in files)
    return ['sh', '-c', ' && '.join('%ssum %s' % (algorithm, names) for algorithm in algorithms)]


def shares(files, processes):
    """The files in as many parts of about the same size, the largest first."""
    parts = [[] for _ in range(processes)]
    sizes = [0] * processes
    for file in sorted(files, key=lambda file: -file.stat().st_size):
        least = sizes.index(min(sizes))
        parts[least].append(file)
        sizes[least] += file.stat().st_size
    return [part for part in parts if part]


def run(commands, core=None):
    """All at once; wall and CPU seconds until the last has ended. On that core alone, if one is named."""
    pinned = ('taskset', '-c', str(core)) if core is not None else ()
    before = os.times()
    began = time.monotonic()
    running = [subprocess.Popen([*pinned, *command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
               for command in commands]
    for process, command in zip(running, commands):
        if process.wait() != 0:
            raise RuntimeError('%s: exit code %d' % (command[0], process.returncode))
    wall = time.monotonic() - began
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, cpu
