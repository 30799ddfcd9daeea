# SPDX-License-Identifier: Apache-2.0
"""(3) The whole backfill on SQLite, of files that the page cache holds, against loops that do nothing else."""

import random
import shutil
import statistics
import sys

import digests
import hashers
from table import ROOT

sys.path.insert(0, str(ROOT / 'tests' / 'scale'))

import scale_test  # noqa: E402  (found by the line above)

MIB = 1 << 20
GIB = 1 << 30
IMAGES = 200
SMALLEST = 4 * MIB
# Of the site's bytes; what is left is shared out at random.
LARGEST_PART = 1 / 16


def sizes(total, images):
    """Of a site as they are: many small ones, few large ones, in all `total`."""
    source = random.Random(2)
    weights = [source.paretovariate(1.1) for _ in range(images)]
    rest = total - images * SMALLEST
    largest = total * LARGEST_PART - SMALLEST

    def made(scale):
        return [min(weight * scale, largest) for weight in weights]

    low, high = 0, rest
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(made(middle)) < rest else (low, middle)
    return [SMALLEST + int(size) // 4096 * 4096 for size in made(low)]


class WholeRun:
    needs_servers = False
    rounds = 5

    def __init__(self, bench):
        self.bench = bench
        self.bytes = GIB if bench.quick else 16 * GIB
        self.images = 40 if bench.quick else IMAGES
        self.title = '3  a backfill of %d GiB in %d images, page cache, 2 cores' % (self.bytes // GIB, self.images)
        self.directory = bench.scratch / 'whole'

    def run(self, table):
        store = self.directory / 'files'
        store.mkdir(parents=True)
        try:
            self.compare(self.write(store), table)
        finally:
            shutil.rmtree(self.directory)

    def write(self, store):
        source = random.Random(3)
        block = [source.randbytes(MIB) for _ in range(64)]
        files = []
        for number, size in enumerate(sizes(self.bytes, self.images)):
            files.append(store / ('image-%03d' % number))
            with open(files[-1], 'wb') as file:
                for _ in range(size // MIB):
                    file.write(source.choice(block))
                file.write(source.randbytes(size % MIB))
        return files

    def site(self, files, name):
        site = scale_test.Site(self.directory / ('site-%s' % name), str(self.bench.binary))
        site.add([(file, file.stat().st_size, None, False) for file in files])
        site.store = files[0].parent
        return site

    def backfill(self, files, number):
        site = self.site(files, number)
        for command in ('expand', 'migrate'):
            site.measure(command)
        return site.measure('backfill', '--priority', 'normal')

    def compare(self, files, table):
        total = sum(file.stat().st_size for file in files)
        commands = {'ours': None}
        for name, hasher in (('Python', hashers.python), ('rhash', hashers.rhash)):
            for processes in (1, 2):
                commands['%s, %d process%s' % (name, processes, 'es' * (processes > 1))] = [
                    hasher(digests.ALGORITHMS, part) for part in hashers.shares(files, processes)]
        found = {name: [] for name in commands}
        read = []
        parts = []
        hashers.run([['cat', *map(str, files)]])
        for number in range(self.bench.rounds):
            for name, command in commands.items():
                if command is None:
                    run = self.backfill(files, number)
                    found[name].append((run['seconds'], run['cpu_seconds']))
                    read.append(run['read_bytes'] / total)
                else:
                    found[name].append(hashers.run(command))
            # 224 KiB at a time, as we read
            copied = hashers.run([['dd', 'if=%s' % file, 'of=/dev/null', 'bs=224K', 'status=none'] for file in files])
            alone = digests.speed(self.bench, 16, 64, 1, core=digests.CORE)
            # on one core the time that it takes is what it costs
            parts.append(copied[1] + alone['in_place_wall'] * total / alone['bytes'])
        walls = {name: statistics.median(wall for wall, _ in runs) for name, runs in found.items()}
        cpus = {name: statistics.median(cpu for _, cpu in runs) for name, runs in found.items()}
        for name, wall in walls.items():
            table.here(self, '%s: MiB/s, CPU seconds' % name, (total / MIB / wall, cpus[name]), '%.0f, %.1f')
        for processes, goal in ((1, '>= 5'), (2, '>= 2.6')):
            name = 'Python, %d process%s' % (processes, 'es' * (processes > 1))
            table.here(self, 'ours, times %s' % name, walls[name] / walls['ours'], '%.2f', goal)
        table.here(self, 'CPU over digest and read alone', cpus['ours'] / statistics.median(parts), '%.2f', '<= 1.15')
        table.here(self, 'bytes read over bytes stored', statistics.median(read), '%.4f', '1.000')
