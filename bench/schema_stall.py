# SPDX-License-Identifier: Apache-2.0
"""(1) How long a client's write waits while the schema is changed under it: by backglance, and by glance-manage."""

import contextlib
import statistics
import subprocess
import threading
import time

import databases
import sites
import workers
from writers import Writers

IMAGES = 1_000_000
QUICK_IMAGES = 20_000
WRITERS = 8
GOAL_MILLISECONDS = 100
# Without any schema change, to tell what the machine itself costs.
QUIET_SECONDS = 15
QUICK_QUIET_SECONDS = 3
# Before the change: connections are made and caches warm. After it: what still waited.
LEAD_SECONDS = 2
TAIL_SECONDS = 1
# A reader whose transaction is open when the command begins, a backup for instance, and stays so. glance-manage needs
# three seconds before it comes to its first statement.
READER_SECONDS = 10
QUICK_READER_SECONDS = 6
# Glance refuses its online phases on PostgreSQL (facts of glance/cmd/manage.py, _validate_engine).
GLANCE_COMMANDS = {'postgresql': 'sync', 'mysql': 'expand'}
GLANCE = 'glance-manage db sync (PostgreSQL), db expand (MariaDB)'


class SchemaStall:
    title = '1  longest write of 8 clients while the schema changes (99 % of them within)'

    def __init__(self, bench):
        self.bench = bench
        self.images = bench.images or (QUICK_IMAGES if bench.quick else IMAGES)
        self.reader_seconds = QUICK_READER_SECONDS if bench.quick else READER_SECONDS
        self.quiet_seconds = QUICK_QUIET_SECONDS if bench.quick else QUIET_SECONDS

    def run(self, table):
        for engine in self.bench.engines:
            databases.use(engine)
            self.run_engine(engine, table)

    def run_engine(self, engine, table):
        changes = {
            'no schema change': self.nothing,
            'backglance expand': self.ours,
            GLANCE: self.glances,
            'backglance expand, beside a transaction of %d s' % self.reader_seconds: self.ours_beside_a_reader,
            'glance-manage, beside a transaction of %d s' % self.reader_seconds: self.glances_beside_a_reader,
        }
        found = {what: [] for what in changes}
        name = sites.make('stall', self.images)
        self.bench.servers.save(engine)
        for _ in range(self.bench.rounds):
            for what, change in changes.items():
                self.bench.servers.restore(engine)
                found[what].append(self.measure(engine, name, table, what, change))
        self.bench.servers.forget(engine)
        databases.drop(name)
        for what, rounds in found.items():
            table.add(self, what, engine, (statistics.median(one.longest for one in rounds),
                                           statistics.median(one.p99 for one in rounds)), '%.0f ms (%.0f)',
                      goal='<= %d ms' % GOAL_MILLISECONDS if what == 'backglance expand' else '')

    def measure(self, engine, name, table, what, change):
        sites.warm(name)
        with Writers(self.bench.scratch, name, self.images, WRITERS) as writers:
            time.sleep(LEAD_SECONDS)
            began = time.monotonic()
            change(engine, name)
            ended = time.monotonic()
            time.sleep(TAIL_SECONDS)
        latencies = writers.latencies(began, ended + TAIL_SECONDS)
        table.note(self, engine, '%s: took %.1f s, %d writes, longest %.0f ms, 99 %% within %.1f ms, %d beyond %d ms,'
                                 ' %d refused' % (what, ended - began, latencies.count, latencies.longest,
                                                  latencies.p99, latencies.beyond(GOAL_MILLISECONDS),
                                                  GOAL_MILLISECONDS, latencies.failed))
        return latencies

    def nothing(self, _engine, _name):
        time.sleep(self.quiet_seconds)

    def ours(self, _engine, name):
        self.bench.program.run('expand', databases.url(name))

    def glances(self, engine, name):
        config = self.bench.scratch / 'glance.conf'
        config.write_text('[database]\nconnection = %s\n' % databases.url(name))
        done = subprocess.run(['/usr/bin/glance-manage', '--config-file', str(config), 'db',
                               GLANCE_COMMANDS[engine]], check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            raise workers.Failed('glance-manage: exit code %d: %s' % (done.returncode,
                                                                      done.stdout.decode()[-2000:]))

    def ours_beside_a_reader(self, engine, name):
        with self.reader(name):
            self.ours(engine, name)

    def glances_beside_a_reader(self, engine, name):
        with self.reader(name):
            self.glances(engine, name)

    @contextlib.contextmanager
    def reader(self, name):
        with contextlib.closing(databases.connect(name)) as connection, connection.cursor() as cursor:
            cursor.execute('BEGIN')
            cursor.execute('SELECT COUNT(*) FROM images WHERE id = %s', (sites.image_id(1),))
            timer = threading.Timer(self.reader_seconds, cursor.execute, ('COMMIT',))
            timer.start()
            try:
                yield
            finally:
                timer.join()
