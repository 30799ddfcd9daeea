#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills random ones of four backfills that share the queue of a server, and looks at what is left.

The private server is the one that the environment names (tests/servers/databases.py). BACKGLANCE_TEST_KILLS is the
number of kills, 200 for the whole; BACKGLANCE_TEST_SEED repeats a run by the seed that it printed. Each worker that
was killed is started again. Once every image has its hash a plain run must find all of them right, none left and
none published twice; then the site goes back to where it was, until there have been so many kills.
"""

import collections
import os
import pathlib
import random
import signal
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'cli'))
import program  # noqa: E402
from program import DONE  # noqa: E402
import databases  # noqa: E402
import sites  # noqa: E402

KILLS = int(os.environ.get('BACKGLANCE_TEST_KILLS', '32'))
SEED = os.environ.get('BACKGLANCE_TEST_SEED') or str(time.time_ns())
WORKERS = 4
IMAGES = 400
IMAGE_BYTES = 32 << 10
# Four workers take a dozen seconds for the site, so that most kills land in the reads.
BANDWIDTH = '256K'
# Between two kills; seconds.
LONGEST_PAUSE = 0.25
# The next run frees at once what a dead one of its host has held; a lease by itself lasts two minutes.
TAKEN_OVER_SECONDS = 15

# Each write of a hash, by whomever.
AUDIT = {
    'postgresql': (
        'CREATE TABLE published (image_id VARCHAR(36), value VARCHAR(128))',
        'CREATE FUNCTION note_published() RETURNS trigger LANGUAGE plpgsql AS'
        ' $$BEGIN INSERT INTO public.published VALUES (NEW.id, NEW.os_hash_value); RETURN NULL; END$$',
        'CREATE TRIGGER note_published AFTER UPDATE ON images FOR EACH ROW'
        ' WHEN (NEW.os_hash_value IS NOT NULL) EXECUTE FUNCTION note_published()'),
    'mysql': (
        'CREATE TABLE published (image_id VARCHAR(36), value VARCHAR(128))',
        'CREATE TRIGGER note_published AFTER UPDATE ON images FOR EACH ROW INSERT INTO published'
        ' SELECT NEW.id, NEW.os_hash_value FROM DUAL WHERE NEW.os_hash_value IS NOT NULL'),
}
# Of the connections of these ports those that have written and not committed.
WRITING = {
    'postgresql': 'SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()'
                  ' AND backend_xid IS NOT NULL AND client_port IN (%s)',
    'mysql': 'SELECT count(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p'
             ' ON p.id = t.trx_mysql_thread_id WHERE t.trx_rows_modified > 0'
             " AND SUBSTRING_INDEX(p.host, ':', -1) IN (%s)",
}


def ports_of(pid):
    """The local ports of a process's connections."""
    inodes = set()
    for name in os.listdir('/proc/%d/fd' % pid):
        target = os.readlink('/proc/%d/fd/%s' % (pid, name))
        if target.startswith('socket:['):
            inodes.add(target[len('socket:['):-1])
    ports = []
    for family in ('tcp', 'tcp6'):
        for line in pathlib.Path('/proc/net', family).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                ports.append(str(int(fields[1].rsplit(':', 1)[1], 16)))
    return ports


class KillWorkers(sites.SmallSiteTest):
    def setUp(self):
        print('seed %s' % SEED, flush=True)
        self.random = random.Random(SEED)
        super().setUp()
        self.database = self.site.database
        self.digests = {}
        with self.database.batch():
            for number in range(IMAGES):
                content = number.to_bytes(4, 'big') * (IMAGE_BYTES // 4)
                self.digests[self.site.add(content)] = sites.sha512(content)
        self.on_site('expand')
        self.on_site('migrate')
        for statement in AUDIT[databases.engine()]:
            self.database.execute(statement)
        self.phases = collections.Counter()
        self.slowest = self.claimed_again = self.ended = 0

    def start(self):
        process = program.start('backfill', *self.site.options, '--jobs', '2', '--bandwidth', BANDWIDTH,
                                cwd=self.site.directory)
        self.addCleanup(sites._kill_if_alive, process)
        return process

    def run_of(self, process):
        """Its row, if it has come so far: the process's name has its id in the middle."""
        found = self.database.rows('SELECT run_id FROM backglance_run WHERE finished_at IS NULL AND process LIKE ?',
                                   '%% %d %%' % process.pid)
        return found[0][0] if found else None

    def leases(self, run):
        return self.database.value('SELECT count(*) FROM backglance_item WHERE lease_run = ?', run)

    def kill(self, process):
        """1, or 0 if it had got to its end. It is held for the moment of a look at where it is."""
        process.send_signal(signal.SIGSTOP)
        # All of its threads stand only when that is reported; until then it opens and closes files.
        if process.returncode is None:
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        run = self.run_of(process)
        phase = self.phase(process, run)
        process.kill()
        result = program.finish(process)
        if result.code != -signal.SIGKILL:
            self.assert_code(result, DONE)
            self.ended += 1
            return 0
        self.phases[phase] += 1
        if run:
            self.dying[run] = time.monotonic()
            self.dead += 1
        return 1

    def phase(self, process, run):
        if run is None:
            return 'before its run'
        ports = ports_of(process.pid)  # none of one that has ended
        if ports and self.database.value(WRITING[databases.engine()] % ', '.join(ports)):
            return 'in a transaction'
        return 'with leases' if self.leases(run) else 'without a lease'

    def note_taken_over(self):
        """Which of the dead runs somebody has found dead, and their images free."""
        for row in self.database.rows(
                "SELECT run_id FROM backglance_run r WHERE outcome = 'killed'"
                ' AND NOT EXISTS (SELECT 1 FROM backglance_item WHERE lease_run = r.run_id)'):
            if row[0] in self.dying:
                self.slowest = max(self.slowest, time.monotonic() - self.dying.pop(row[0]))

    def missing(self):
        return self.database.value('SELECT count(*) FROM images WHERE os_hash_value IS NULL')

    def reset(self):
        with self.database.batch():
            self.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
            for table in ('backglance_item', 'backglance_run', 'published'):
                self.database.execute('DELETE FROM %s' % table)

    def test_killed_workers_lose_nothing_and_repeat_nothing(self):
        began = time.monotonic()
        rounds = kills = 0
        while kills < KILLS:
            self.reset()
            kills += self.round(KILLS - kills)
            rounds += 1
        phases = ', '.join('%d %s' % (count, phase) for phase, count in sorted(self.phases.items()))
        print('%d kills (%s) in %d rounds of %d images, %.0f s; %d runs had ended before; images of a dead run were'
              ' free after %.1f s at most; %d were claimed again'
              % (kills, phases, rounds, IMAGES, time.monotonic() - began, self.ended, self.slowest,
                 self.claimed_again), flush=True)
        self.assertLess(self.slowest, TAKEN_OVER_SECONDS)
        # Kills that all miss would show nothing.
        self.assertGreater(self.phases['with leases'] + self.phases['in a transaction'], kills // 4)

    def round(self, most):
        """Until all is done, or so many were killed: the last of them all four, with nobody in their place."""
        self.dying, self.dead = {}, 0
        workers = [self.start() for _ in range(WORKERS)]
        kills = 0
        while kills < most - WORKERS and self.missing():
            time.sleep(self.random.uniform(0, LONGEST_PAUSE))
            place = self.random.randrange(WORKERS)
            kills += self.kill(workers[place])
            workers[place] = self.start()
            self.note_taken_over()
        if self.missing():
            kills += sum(self.kill(worker) for worker in workers)
        for worker in workers:
            if worker.returncode is None:
                self.assert_code(program.finish(worker), DONE)
        self.check_round()
        return kills

    def check_round(self):
        last = self.on_site('backfill', '--json').object
        self.assertEqual((last['end'], last['left']['images']), ('complete', 0))
        self.assertEqual({image_id: row[:2] for image_id, row in self.site.hashes().items()},
                         {image_id: ('sha512', digest) for image_id, digest in self.digests.items()})
        self.assertEqual(sorted(self.database.rows('SELECT image_id, value FROM published')),
                         sorted(self.digests.items()))
        self.assertEqual(self.site.leased(), 0)
        self.note_taken_over()
        self.assertEqual(self.dying, {})
        self.assertEqual(self.database.rows(
            'SELECT state, result, attempts, count(*) FROM backglance_item GROUP BY state, result, attempts'),
            [('done', 'hashed', 1, IMAGES)])
        # Whoever published was not dead then, and each claim that did not end in that was of a dead run.
        fewest, most, claims = self.database.rows(
            'SELECT min(lease_token), max(lease_token), sum(lease_token) FROM backglance_item')[0]
        self.assertEqual(fewest, 1)
        self.assertLessEqual(most, 1 + self.dead)
        self.claimed_again += claims - IMAGES
        outcomes = dict(self.database.rows('SELECT outcome, count(*) FROM backglance_run GROUP BY outcome'))
        self.assertEqual(outcomes.pop('killed', 0), self.dead)
        self.assertEqual(list(outcomes), ['done'])


if __name__ == '__main__':
    program.main()
