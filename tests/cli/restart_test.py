#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs whose server goes away in mid-run and comes back: on a server of this test's own, of the engine that the
environment names."""

import time

import program
from program import DONE, FAILED, INTERRUPTED
import own_server
import sites

KIB = 1024
# Of a run: more than one heartbeat, which comes every 10 s.
LONG_KIB = 18 * KIB


class RestartTest(sites.SmallSiteTest):
    @classmethod
    def setUpClass(cls):
        cls.server = own_server.get()

    def setUp(self):
        self.server.start()  # whatever the test before has left
        super().setUp()
        self.big_site(16, 64 * KIB)
        self.on_site('expand')
        self.on_site('migrate')

    def restart(self, seconds=2):
        """As a crash of the server and its restart."""
        self.server.kill()
        time.sleep(seconds)
        self.server.start()

    def hashed(self):
        return sum(value is not None for _, value, _ in self.site.hashes().values())

    def assert_whole(self, result, images=16):
        self.assert_code(result, DONE)
        self.assertEqual(self.hashed(), images)
        self.assertEqual(self.site.leased(), 0)
        self.assertNotIn('WARNING', result.err)  # of libpq
        self.assertEqual(self.site.database.rows(
            "SELECT outcome FROM backglance_run WHERE outcome <> 'done' OR outcome IS NULL"), [])

    def test_backfill_and_its_heartbeat_go_on(self):
        self.site.add(b'x' * (LONG_KIB * KIB))
        process = self.start_slow_backfill('--jobs', '2', bandwidth='1M')
        self.restart()
        now = self.site.database.value('SELECT max(heartbeat_at) FROM backglance_run') + 5
        program.wait_for(lambda: process.poll() is not None or self.site.database.value(
            'SELECT max(heartbeat_at) FROM backglance_run') > now, 40)
        self.assertIsNone(process.poll(), 'ended before a heartbeat was seen')
        self.assert_whole(program.finish(process), 17)

    def test_backfill_ends_well_though_the_server_is_away_for_a_while(self):
        process = self.start_slow_backfill(bandwidth='512K')
        self.restart(4)
        result = program.finish(process)
        self.assert_whole(result)
        # Told within seconds, with the reason, and when it is over; and not by each session.
        self.assertRegex(result.err, r'(?m)^waiting for the database, for [23] s so far, at most .*: '
                         r'.*(?i:connect|shut|starting)')
        self.assertRegex(result.err, r'(?m)^the database answers again, after \d+ s$')
        self.assertEqual(result.err.count('waiting for the database'), 1, result.err)

    def assert_ends_well(self, end):
        process = self.start_slow_backfill('--jobs', '1', bandwidth='48K')
        self.restart(1)
        self.assert_code(end(process), INTERRUPTED)
        self.assertEqual(self.site.leased(), 0)
        self.assertEqual(self.site.database.rows('SELECT outcome FROM backglance_run WHERE outcome IS NULL'), [])

    def test_run_that_is_told_to_stop_after_a_restart_ends_well(self):
        def stop(process):
            self.on_site('stop')
            return program.finish(process)
        self.assert_ends_well(stop)

    def test_run_that_gets_a_signal_after_a_restart_ends_well(self):
        self.assert_ends_well(program.stop)

    def test_verify_goes_on(self):
        self.on_site('backfill')
        process = program.start('verify', *self.site.options, '--bandwidth', '512K', '--json')
        program.wait_for(lambda: self.site.database.value('SELECT count(*) FROM backglance_verify') > 0)
        self.restart()
        result = program.finish(process)
        self.assert_whole(result)
        self.assertEqual(self.site.database.value('SELECT count(*) FROM backglance_verify'), 16)

    def test_server_that_is_down_is_said_at_once(self):
        self.server.kill()
        for command in ('status', 'check', 'expand', 'migrate', 'backfill', 'verify', 'report'):
            began = time.monotonic()
            result = self.refused(command, *self.site.options, code=FAILED)
            self.assertLess(time.monotonic() - began, 5)
            self.assertRegex(result.err, "(?i)can't connect|connection refused")
            self.assertNotIn(r'\x', result.err)


if __name__ == '__main__':
    program.main()
