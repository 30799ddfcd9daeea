# SPDX-License-Identifier: Apache-2.0
"""(3) Eight workers on stores that give 20 MiB/s each, beside one: what sharing a queue costs."""

import shutil
import statistics

import databases
import sites
import workers

MIB = 1 << 20
WORKERS = 8
STORE_MIB_PER_SECOND = 20
# In turn: half of the bytes are in the largest, and half of the images are small, as in a Glance of some years.
SIZES = tuple(mib * MIB for mib in (64, 32, 16, 8, 4, 1, 1, 1, 1))
# Per worker, so that one and eight take as long: a GiB.
IMAGES = 8 * len(SIZES)
QUICK_IMAGES = len(SIZES)
GOAL_TIMES = 7.6


class ManyHosts:
    title = '3  workers whose stores give %d MiB/s each' % STORE_MIB_PER_SECOND

    def __init__(self, bench):
        self.bench = bench
        self.images = QUICK_IMAGES if bench.quick else IMAGES
        self.store = bench.scratch / 'limited'

    def run(self, table):
        # Holes: the disk is not what is measured.
        sites.write_sparse(self.store, self.images * WORKERS, SIZES)
        try:
            for engine in self.bench.engines:
                databases.use(engine)
                self.run_engine(engine, table)
        finally:
            shutil.rmtree(self.store)

    def run_engine(self, engine, table):
        rates = {1: [], WORKERS: []}
        for _ in range(self.bench.rounds):
            for count, found in rates.items():
                found.append(self.measure(engine, count, table))
        one, many = (statistics.median(found) for found in rates.values())
        table.add(self, 'one worker', engine, one, '%.1f MiB/s')
        table.add(self, '%d workers, %d times the images' % (WORKERS, WORKERS), engine, many, '%.1f MiB/s')
        table.add(self, 'times one worker', engine, many / one, '%.2f', goal='>= %.1f' % GOAL_TIMES)

    def measure(self, engine, count, table):
        images = self.images * count
        name = sites.make('many_hosts', images, self.store, SIZES)
        url = databases.url(name)
        for command in ('expand', 'migrate'):
            self.bench.program.run(command, url, store=self.store)
        # The store's limit is the program's own: one that the kernel sets takes more rights than a benchmark has.
        ended = self.bench.program.run_many(count, 'backfill', url, '--bandwidth', '%dM' % STORE_MIB_PER_SECOND,
                                            store=self.store)
        for worker in ended:
            worker.check()
        read = sum(worker.result()['bytes_read'] for worker in ended)
        stored = images // len(SIZES) * sum(SIZES)
        if read != stored:
            raise workers.Failed('%d bytes were read of %d' % (read, stored))
        rate = read / MIB / workers.seconds(ended)
        table.note(self, engine, '%d worker%s: %d MiB in %.1f s, %.1f MiB/s; CPU %.1f s' % (
            count, 's' * (count > 1), read // MIB, workers.seconds(ended), rate, sum(w.cpu for w in ended)))
        databases.drop(name)
        return rate
