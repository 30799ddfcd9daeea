#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts that share a queue: one whose clock jumps, and one that is suspended beyond its leases."""

import os
import signal
import subprocess

import program
from program import DONE, FAILED
import databases
import sites

KIB = 1024
NOW = ('CAST(FLOOR(EXTRACT(EPOCH FROM statement_timestamp())) AS BIGINT)' if databases.is_postgresql()
       else 'UNIX_TIMESTAMP()')
DAYS = 3 * 86400


class Clock:
    """A wall clock of one's own, by the preloaded library of Debian's faketime; the monotonic one is left alone,
    as a real jump leaves it."""

    def __init__(self, file):
        self.file = file
        self.jump(0)

    def jump(self, seconds):
        """From now on it is so far from the right time."""
        self.file.write_text('%+d\n' % seconds)

    @property
    def environment(self):
        wrapped = subprocess.run(['faketime', '-m', '-f', '+0', 'env'], check=True, stdout=subprocess.PIPE, text=True)
        preload = next(line for line in wrapped.stdout.splitlines() if line.startswith('LD_PRELOAD='))
        return dict(os.environ, LD_PRELOAD=preload.removeprefix('LD_PRELOAD='), FAKETIME_NO_CACHE='1',
                    FAKETIME_TIMESTAMP_FILE=str(self.file), FAKETIME_DONT_FAKE_MONOTONIC='1', DONT_FAKE_MONOTONIC='1',
                    NO_FAKE_STAT='1', ASAN_OPTIONS='verify_asan_link_order=0')


class HostsTest(sites.SmallSiteTest):
    images, each = 24, 64 * KIB

    def setUp(self):
        super().setUp()
        self.big_site(self.images, self.each)
        self.on_site('expand')
        self.on_site('migrate')

    def start(self, *arguments, **options):
        process = program.start('backfill', *self.site.options, '--json', '--jobs', '2', *arguments, **options)
        self.addCleanup(sites._kill_if_alive, process)
        return process

    def leased(self):
        return self.site.database.value('SELECT count(*) FROM backglance_item WHERE lease_until > %s' % NOW)

    def assert_read_once(self, *results):
        for result in results:
            self.assert_code(result, DONE)
        self.assertEqual(sum(result.object['bytes_read'] for result in results), self.images * self.each)
        self.assertEqual(self.site.database.rows(
            'SELECT state, result, attempts, lease_token, count(*) FROM backglance_item'
            ' GROUP BY state, result, attempts, lease_token'), [('done', 'hashed', 1, 1, self.images)])

    def settled(self):
        return self.site.database.rows(
            "SELECT image_id, read_run, finished_at, digest FROM backglance_item WHERE state = 'done'"
            ' ORDER BY image_id')


class ClockThatJumps(HostsTest):
    # Small images are claimed 64 at a time: more than one run can have at once.
    images, each = 200, 8 * KIB

    def test_leases_and_heartbeats_use_the_servers_clock(self):
        clock = Clock(self.site.directory / 'clock')
        clock.jump(DAYS)
        first = self.start('--bandwidth', '256K', env=clock.environment)
        program.wait_for(self.leased)
        second = self.start('--bandwidth', '256K')
        clock.jump(-DAYS)
        program.wait_for(lambda: self.site.database.value(
            'SELECT count(*) FROM backglance_run WHERE finished_at IS NULL') == 2)
        leases = [row[0] for row in self.site.database.rows(
            'SELECT lease_until - %s FROM backglance_item WHERE lease_run IS NOT NULL' % NOW)]
        self.assertTrue(leases)
        self.assertLessEqual(max(leases), 120)
        self.assertGreater(min(leases), 100)
        results = program.finish(first), program.finish(second)
        self.assert_read_once(*results)
        self.assertGreater(min(result.object['bytes_read'] for result in results), 0)
        for row in self.site.database.rows(
                'SELECT %s - started_at, %s - heartbeat_at, %s - finished_at FROM backglance_run' % (NOW, NOW, NOW)):
            self.assertTrue(all(0 <= age < 300 for age in row), row)

    def test_the_programs_clock_is_the_one_that_this_test_sets(self):
        clock = Clock(self.site.directory / 'clock')
        clock.jump(-DAYS)
        told = subprocess.run(['date', '+%s'], check=True, env=clock.environment, stdout=subprocess.PIPE).stdout
        self.assertAlmostEqual(int(told), self.site.database.value('SELECT %s' % NOW) - DAYS, delta=100)


class TwoClocks(HostsTest):
    images, each = 1, KIB

    def test_contract_removes_nothing_while_the_two_clocks_are_days_apart(self):
        self.site.add_legacy_signature(self.site.add(b'signed'))
        self.sync('--grace', '0s')
        clock = Clock(self.site.directory / 'clock')
        clock.jump(DAYS)
        for words in (('--dry-run',), ('--yes',)):
            result = self.on_site('contract', *words, code=FAILED, env=clock.environment)
            self.assertIn("contract is blocked: the database's clock says ", result.err)
        self.assertEqual(self.site.database.value('SELECT count(*) FROM backglance_removed'), 0)
        self.assertIn(' of 1 image', self.on_site('contract', '--yes').out)


class SuspendedHost(HostsTest):
    def suspend(self):
        """A run that is stopped while it reads, and all of whose time is over when it goes on."""
        process = self.start('--bandwidth', '128K')
        program.wait_for(lambda: self.leased() and self.settled())
        self.addCleanup(process.send_signal, signal.SIGCONT)
        program.wait_for(lambda: self.stopped_outside_of_a_transaction(process))
        self.site.database.execute('UPDATE backglance_item SET lease_until = %s - 10 WHERE lease_until > 0' % NOW)
        self.site.database.execute('UPDATE backglance_run SET heartbeat_at = heartbeat_at - 1000'
                                   ' WHERE finished_at IS NULL')
        return process

    def stopped_outside_of_a_transaction(self, process):
        process.send_signal(signal.SIGSTOP)
        try:
            self.site.database.execute('SELECT 1 FROM backglance_item FOR UPDATE NOWAIT')
            return True
        except databases.driver().OperationalError:
            process.send_signal(signal.SIGCONT)
            return False

    def test_a_run_that_lost_its_leases_publishes_nothing(self):
        process = self.suspend()
        before = self.settled()
        other = self.on_site('backfill', '--json')
        settled = self.settled()
        self.assertEqual(len(settled), 24)
        self.assertEqual(other.object['classes']['hashed']['images'], 24 - len(before))
        process.send_signal(signal.SIGCONT)
        result = program.finish(process)
        self.assert_code(result, DONE)
        self.assertGreater(result.object['lost_leases'], 0)
        self.assertEqual(self.settled(), settled)
        self.assertEqual(self.site.leased(), 0)

    def test_a_run_that_was_declared_dead_ends(self):
        process = self.suspend()
        self.site.database.execute("UPDATE backglance_run SET host = 'elsewhere' WHERE finished_at IS NULL")
        self.on_site('backfill')
        settled = self.settled()
        self.assertEqual(self.site.database.value(
            "SELECT count(*) FROM backglance_run WHERE outcome = 'killed'"), 1)
        process.send_signal(signal.SIGCONT)
        result = program.finish(process)
        self.assert_code(result, FAILED)
        self.assertIn('the leases could not be renewed in time', result.err)
        self.assertEqual(self.settled(), settled)


if __name__ == '__main__':
    program.main()
