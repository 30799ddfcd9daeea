# SPDX-License-Identifier: Apache-2.0
"""(7) Ways to read local files: what each gives, and what it costs in CPU time, with nothing computed."""

import json
import os
import random
import shutil
import statistics
import subprocess

MIB = 1 << 20
FILES = 16
WAYS = ('buffered', 'direct', 'uring')
STREAMS = (1, 2, 16)


class Reading:
    title = '7  reading from the disk, through the page cache or past it'
    needs_servers = False

    def __init__(self, bench):
        self.bench = bench
        self.mib = 16 if bench.quick else 128
        self.directory = bench.scratch / 'reading'

    def run(self, table):
        self.directory.mkdir(parents=True)
        try:
            self.compare(self.write(), table)
        finally:
            shutil.rmtree(self.directory)

    def write(self):
        source = random.Random(4)
        files = []
        for number in range(FILES):
            files.append(self.directory / ('image-%02d' % number))
            with open(files[-1], 'wb') as file:
                for _ in range(self.mib):
                    file.write(source.randbytes(MIB))
                os.fsync(file.fileno())
        return files

    def compare(self, files, table):
        cases = [(way, streams) for streams in STREAMS for way in WAYS]
        found = {case: [] for case in cases}
        for _ in range(self.bench.rounds):
            for way, streams in cases:
                done = subprocess.run([str(self.bench.read_speed), way, str(streams), *map(str, files)],
                                      check=True, capture_output=True, text=True)
                found[way, streams].append(json.loads(done.stdout))
        for (way, streams), runs in found.items():
            table.here(self, '%s, %d stream%s: MiB/s, CPU s for 1 GiB' % (way, streams, 's' * (streams > 1)), (
                statistics.median(run['bytes'] / MIB / run['wall'] for run in runs),
                statistics.median(run['cpu'] * 1024 * MIB / run['bytes'] for run in runs)), '%.0f, %.2f')
