# SPDX-License-Identifier: Apache-2.0
"""(4) How long the images of a host that died wait until another one holds them."""

import contextlib
import os
import shutil
import statistics
import time

import databases
import sites

MIB = 1 << 20
# backfill/claimer.h: kLease
LEASE_SECONDS = 120
# ledger/heartbeat.cpp: kBeat; all leases of a run are renewed as often.
BEAT_SECONDS = 10
# From 16 MiB on images are claimed a few at a time, so that the other host claims every two seconds.
IMAGE_MIB = 16
IMAGES = 240
JOBS = '2'
BANDWIDTH = {'dies': '1M', 'lives': '16M'}
# After it was seen to hold images, and beyond its first renewal: the rounds differ in what is left of the leases, as
# the moments do at which hosts die.
KILL_AFTER_SECONDS = tuple(BEAT_SECONDS * beats for beats in (1.2, 1.5, 1.8))
PATIENCE_SECONDS = LEASE_SECONDS + 60
LOOK_SECONDS = 0.2
HELD = "SELECT image_id, lease_until FROM backglance_item WHERE lease_run = %s AND state = 'queued'"
NOW = {'postgresql': 'SELECT EXTRACT(EPOCH FROM clock_timestamp())', 'mysql': 'SELECT UNIX_TIMESTAMP(NOW(6))'}


def as_host(name):
    """Words in front of a command, for which it runs on a host of this name: the program knows a dead process of
    its own host at once, of another one by the lease alone."""
    user = () if os.geteuid() == 0 else ('--user', '--map-root-user')
    return ('unshare', *user, '--uts', 'sh', '-c', 'hostname "$0" && exec "$@"', name)


class Case:
    """On one engine: a host that dies, and one that lives."""

    def __init__(self, bench, engine, store):
        self.engine, self.bench, self.store = engine, bench, store
        databases.use(engine)
        self.name = sites.make('takeover', IMAGES, store, (IMAGE_MIB * MIB,))
        self.url = databases.url(self.name)
        for command in ('expand', 'migrate'):
            bench.program.run(command, self.url, store=store)
        self.workers = {role: self.start(role) for role in BANDWIDTH}
        self.runs = {role: self.run_of('host-' + role) for role in BANDWIDTH}
        self.images = []
        self.killed_at = self.left = self.taken_after = None

    def start(self, role):
        return self.bench.program.start('backfill', self.url, '--jobs', JOBS, '--bandwidth', BANDWIDTH[role],
                                        store=self.store, prefix=as_host('host-' + role))

    def rows(self, statement, *values):
        databases.use(self.engine)
        return databases.rows(self.name, statement, values or None)

    def run_of(self, host, dead=None):
        """The run of that host, other than a dead one, once it holds images."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            for run, in self.rows("SELECT run_id FROM backglance_run WHERE host = %s AND command = 'backfill'"
                                  ' AND finished_at IS NULL', host):
                if run != dead and self.rows(HELD, run):
                    return run
            time.sleep(LOOK_SECONDS)
        raise TimeoutError('%s claimed nothing' % host)

    def kill(self):
        self.workers['dies'].kill()
        self.killed_at = time.monotonic()
        self.workers['dies'].wait()
        held = self.rows(HELD, self.runs['dies'])
        self.images = [image for image, _ in held]
        self.left = max(until for _, until in held) - float(self.rows(NOW[self.engine])[0][0])

    def look(self):
        """Whether the other host has them all now."""
        marks = ', '.join(['%s'] * len(self.images))
        others = self.rows('SELECT COUNT(*) FROM backglance_item WHERE image_id IN (%s)'
                           ' AND lease_run IS NOT NULL AND lease_run = %%s' % marks, *self.images, self.runs['dies'])
        if others[0][0] == 0 and self.taken_after is None:
            self.taken_after = time.monotonic() - self.killed_at
        return self.taken_after is not None

    def same_host_again(self):
        """Kills one more, and returns the seconds from the start of a new run on its own host until that has them."""
        first = self.start('dies')
        dead = self.run_of('host-dies')
        first.kill()
        first.wait()
        images = {image for image, _ in self.rows(HELD, dead)}
        began = time.monotonic()
        second = self.start('dies')
        held = {image for image, _ in self.rows(HELD, self.run_of('host-dies', dead))}
        seconds = time.monotonic() - began
        second.kill()
        second.wait()
        if not images & held:
            raise RuntimeError('the new run has none of the %d images of the dead one' % len(images))
        return seconds

    def end(self):
        self.workers['lives'].kill()
        self.workers['lives'].wait()
        databases.use(self.engine)
        databases.drop(self.name)


class Takeover:
    title = '4  images of a killed host'

    def __init__(self, bench):
        self.bench = bench
        self.store = bench.scratch / 'takeover'

    def run(self, table):
        sites.write_sparse(self.store, IMAGES, (IMAGE_MIB * MIB,))
        try:
            found = {engine: [] for engine in self.bench.engines}
            for number in range(self.bench.rounds):
                for case in self.one_round(KILL_AFTER_SECONDS[number % len(KILL_AFTER_SECONDS)], table):
                    found[case.engine].append(case)
        finally:
            shutil.rmtree(self.store)
        for engine, cases in found.items():
            times = [case.taken_after for case in cases]
            table.add(self, 'taken over by another host after the kill', engine, statistics.median(times), '%.0f s')
            table.add(self, 'of a lease of %d s' % LEASE_SECONDS, engine, statistics.median(times) / LEASE_SECONDS,
                      '%.2f')
            table.add(self, 'after the end of the lease', engine,
                      statistics.median(case.taken_after - case.left for case in cases), '%.1f s')
            table.add(self, 'by a new run of the same host, after its start', engine,
                      statistics.median(case.again for case in cases), '%.1f s')

    def one_round(self, wait, table):
        """All engines at a time: nearly all of it is waiting."""
        with contextlib.ExitStack() as stack:
            cases = []
            for engine in self.bench.engines:
                cases.append(Case(self.bench, engine, self.store))
                stack.callback(cases[-1].end)
            time.sleep(wait)
            for case in cases:
                case.kill()
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not all([case.look() for case in cases]):
                if time.monotonic() > deadline:
                    raise TimeoutError('nobody took the images over')
                time.sleep(LOOK_SECONDS)
            for case in cases:
                case.again = case.same_host_again()
                table.note(self, case.engine, 'killed %d s after its claim with %d images and %.1f s of their leases'
                           ' left: taken over after %.1f s; a new run of the same host has images after %.1f s' % (
                               wait, len(case.images), case.left, case.taken_after, case.again))
        return cases
