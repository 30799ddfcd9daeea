# SPDX-License-Identifier: Apache-2.0
"""(5) Images of 4 KiB, a great many: how many a second, and whether memory grows with them. On SQLite."""

import os
import shutil
import statistics
import sys

from table import ROOT

sys.path.insert(0, str(ROOT / 'tests' / 'scale'))

import scale_test  # noqa: E402  (found by the line above)

BYTES = 4096
COUNTS = (1_000, 10_000, 200_000)
MIB = 1 << 20


class TinyImages:
    title = '5  images of 4 KiB on SQLite'
    needs_servers = False
    rounds = 5

    def __init__(self, bench):
        self.bench = bench
        self.counts = COUNTS[:2] if bench.quick else COUNTS
        self.directory = bench.scratch / 'tiny-sqlite'

    def run(self, table):
        for count in self.counts:
            runs = [self.measure(count) for _ in range(self.bench.rounds)]
            table.here(self, '%d images: a second' % count,
                       count / statistics.median(run['seconds'] for run in runs), '%.0f')
            table.here(self, '%d images: peak memory, MiB' % count, max(run['peak_bytes'] for run in runs) / MIB,
                       '%.0f', '<= 128')

    def measure(self, count):
        try:
            return self.measure_site(count)
        finally:
            shutil.rmtree(self.directory)

    def measure_site(self, count):
        site = scale_test.Site(self.directory / 'site', str(self.bench.binary))
        images = []
        for number in range(count):
            path = site.store / ('%06d' % number)
            path.write_bytes(os.urandom(BYTES))
            images.append((path, BYTES, None, False))
        site.add(images)
        for command in ('expand', 'migrate'):
            site.measure(command)
        return site.measure('backfill')
