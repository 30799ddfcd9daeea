# SPDX-License-Identifier: Apache-2.0
"""(2) Claim and publish: how many tiny images a second, what of the machine's CPU goes where, and what the claims lock
and read as the table grows."""

import contextlib
import dataclasses
import shutil
import statistics

import databases
import server_figures
import sites
import workers

IMAGES = 200_000
QUICK_IMAGES = 10_000
WORKERS = (1, 2, 4, 8)
QUICK_WORKERS = (1, 4)
GOAL_PER_SECOND = 5000
# The claim that is looked at takes a bunch of 64 behind the one image that --jobs 1 takes first.
JOBS = '1'


@dataclasses.dataclass
class Round:
    per_second: float
    program_us: float  # CPU per image
    server_us: float


class Claims:
    title = '2  claim and publish, tiny images'

    def __init__(self, bench):
        self.bench = bench
        self.images = bench.images or (QUICK_IMAGES if bench.quick else IMAGES)
        self.counts = QUICK_WORKERS if bench.quick else WORKERS
        self.store = bench.scratch / 'tiny'

    def run(self, table):
        sites.write_tiny(self.store, self.images)
        try:
            for engine in self.bench.engines:
                databases.use(engine)
                self.rates(engine, table)
                self.growth(engine, table)
        finally:
            shutil.rmtree(self.store)

    def prepared(self, images):
        """A site whose queue is filled and untouched."""
        name = sites.make('claims_%d' % images, images, self.store)
        for command in ('expand', 'migrate'):
            self.bench.program.run(command, databases.url(name), store=self.store)
        sites.settle(name)
        return name

    def rates(self, engine, table):
        name = self.prepared(self.images)
        self.bench.servers.save(engine)
        found = {count: [] for count in self.counts}
        for _ in range(self.bench.rounds):
            for count in self.counts:
                self.bench.servers.restore(engine)
                found[count].append(self.one_round(engine, name, count, table))
        self.bench.servers.forget(engine)
        databases.drop(name)
        for count, rounds in found.items():
            label = '%d images, %d worker%s' % (self.images, count, 's' * (count > 1))
            table.add(self, label, engine, statistics.median(one.per_second for one in rounds), '%.0f/s',
                      goal='>= %d/s' % GOAL_PER_SECOND)
            table.add(self, label + ', CPU of program + server per image', engine,
                      (statistics.median(one.program_us for one in rounds),
                       statistics.median(one.server_us for one in rounds)), '%.0f + %.0f us')

    def one_round(self, engine, name, count, table):
        sites.warm(name)
        before = server_figures.cpu_seconds(self.bench.servers, engine)
        ended = self.bench.program.run_many(count, 'backfill', databases.url(name), store=self.store)
        server_cpu = server_figures.cpu_seconds(self.bench.servers, engine) - before
        for worker in ended:
            worker.check()
        wall = workers.seconds(ended)
        published = databases.rows(name, 'SELECT COUNT(*) FROM images WHERE os_hash_value IS NOT NULL')[0][0]
        if published != self.images:
            raise workers.Failed('%d of %d images were published' % (published, self.images))
        claimed = databases.rows(name, 'SELECT MAX(lease_token) FROM backglance_item')[0][0]
        steady = server_figures.busiest_seconds(databases.rows(
            name, 'SELECT finished_at, COUNT(*) FROM backglance_item GROUP BY finished_at ORDER BY finished_at'))
        label = '%d worker%s' % (count, 's' * (count > 1))
        per_image = 1e6 / self.images
        one = Round(self.images / wall, sum(worker.cpu for worker in ended) * per_image, server_cpu * per_image)
        table.note(self, engine, '%s: %.0f/s over %.1f s, %.0f/s at its median second; CPU per image: program %.0f us, '
                   'server %.0f us; peak memory %.1f MiB a worker; most claims of one image %d' % (
                       label, one.per_second, wall, steady, one.program_us, one.server_us,
                       max(worker.peak for worker in ended) / 2**20, claimed))
        return one

    def growth(self, engine, table):
        """The same claims on tables of three sizes."""
        for images in (self.images // 100, self.images // 10, self.images):
            name = self.prepared(images)
            locked = self.rows_locked_by_a_claim(engine, name)
            read = server_figures.RowsRead(name)
            logged = server_figures.log_written()
            worker = self.bench.program.run('backfill', databases.url(name), '--jobs', JOBS, store=self.store)
            settled = max(1, sum(one['images'] for one in worker.result()['classes'].values()))
            table.add(self, 'rows locked by a claim of 64 images, of %d' % images, engine, locked, '%d')
            table.add(self, 'rows read by the server per image, of %d' % images, engine, read.since() / settled, '%.1f')
            table.add(self, 'log written by the server per image, of %d' % images, engine,
                      (server_figures.log_written() - logged) / settled / 1024, '%.1f KiB')
            table.add(self, 'peak memory of a worker, %d images' % images, engine, worker.peak / 2**20, '%.1f MiB')
            databases.drop(name)

    def rows_locked_by_a_claim(self, engine, name):
        """Holds the last row that the program's claim comes to, so that it stands still with all its other locks. On
        PostgreSQL, where a claim waits for no row, a trigger lets it wait when it has changed all of them."""
        row = databases.rows(name, 'SELECT image_id FROM backglance_item ORDER BY size_bytes DESC, image_id DESC'
                                   ' LIMIT 1 OFFSET %s' % JOBS)[0][0]
        with contextlib.closing(databases.connect(name)) as holder, holder.cursor() as cursor:
            cursor.execute('BEGIN')
            if engine == 'postgresql':
                server_figures.stop_claims(name)
                cursor.execute('SELECT pg_advisory_xact_lock(%d)' % server_figures.CLAIM_LOCK)
            else:
                cursor.execute('SELECT image_id FROM backglance_item WHERE image_id = %s FOR UPDATE', (row,))
            worker = self.bench.program.start('backfill', databases.url(name), '--jobs', JOBS, '--limit', '65',
                                              store=self.store)
            try:
                return server_figures.rows_locked_by_waiter(engine, name)
            finally:
                cursor.execute('ROLLBACK')
                worker.wait().check()
                if engine == 'postgresql':
                    server_figures.let_claims_go(name)
