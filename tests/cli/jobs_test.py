#!/usr/bin/python3
"""Runs that work unattended: in windows of the day, behind throttles, with metrics and a log."""

import os
import signal
import time

import program
from program import DONE, INTERRUPTED, USAGE
import sites

KIB = 1024


def zone_in_which_it_is(hour, minute, second):
    """A TZ in which the clock on the wall shows this time now."""
    wanted = hour * 3600 + minute * 60 + second
    west = (int(time.time()) - wanted) % 86400  # what POSIX counts: UTC minus local time
    return dict(os.environ, TZ='XXX%d:%02d:%02d' % (west // 3600, west // 60 % 60, west % 60))


class JobsTest(sites.SmallSiteTest):
    """16 images of 128 KiB: 2 s at 1 MiB/s."""

    def setUp(self):
        super().setUp()
        self.big_site(16, 128 * KIB)
        self.on_site('expand')
        self.on_site('migrate')

    def published(self):
        return sum(value is not None for _, value, _ in self.site.hashes().values())

    def start(self, *arguments, **options):
        process = program.start(*arguments[:1], *self.site.options, *arguments[1:], **options)
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.communicate()))
        return process


class Window(JobsTest):
    def test_run_waits_for_its_window_says_so_and_goes_on(self):
        result = program.finish(self.start('backfill', '--window', '22:00-06:00',
                                           env=zone_in_which_it_is(21, 59, 57)))
        self.assert_code(result, DONE)
        self.assertIn('waiting: outside the window 22:00-06:00, which opens at 22:00\ngoing on\n',
                      result.err)
        self.assertEqual(self.published(), 16)

    def test_nothing_is_begun_and_nothing_written_outside_the_window(self):
        self.on_site('backfill', '--limit', '1')
        self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
        process = self.start('backfill', '--window', '22:00-06:00', '--json',
                             env=zone_in_which_it_is(12, 0, 0))
        time.sleep(2)
        self.assertEqual(self.published(), 0)
        self.assertEqual(self.site.leased(), 0)
        began = time.monotonic()
        result = program.stop(process, signal.SIGTERM)
        self.assertLess(time.monotonic() - began, 5)
        self.assert_code(result, INTERRUPTED)
        self.assertEqual(result.object['end'], 'interrupted')
        self.assertEqual(result.object['bytes_read'], 0)
        self.assertEqual(self.published(), 0)
        self.assertEqual(self.site.database.rows(
            'SELECT 1 FROM backglance_run WHERE finished_at IS NULL'), [])

    def test_reads_under_way_pause_when_the_window_shuts_and_keep_their_leases(self):
        self.site.add(b'y' * (4 << 20))
        process = self.start('backfill', '--window', '22:00-06:00', '--jobs', '2', '--json',
                             '--bandwidth', '512K', env=zone_in_which_it_is(5, 59, 57))
        program.wait_for(lambda: self.site.leased() > 0)
        time.sleep(5)
        leased, published = self.site.leased(), self.published()
        self.assertGreater(leased, 0)
        time.sleep(2)
        self.assertEqual((self.site.leased(), self.published()), (leased, published))
        result = program.stop(process)
        self.assert_code(result, INTERRUPTED)
        self.assertIn('waiting: outside the window', result.err)
        self.assertGreater(result.object['broken_off'], 0)
        self.assertEqual(self.site.leased(), 0)
        self.on_site('backfill')
        self.assertEqual(self.published(), 17)

    def test_what_was_read_is_published_before_the_wait(self):
        process = self.start('backfill', '--window', '22:00-06:00', '--jobs', '2', '--bandwidth',
                             '256K', env=zone_in_which_it_is(5, 59, 58))
        program.wait_for(lambda: self.site.database.value(
            "SELECT count(*) FROM backglance_item WHERE state = 'done'") > 0)
        time.sleep(4)
        before = self.published()
        self.assert_code(program.stop(process), INTERRUPTED)
        self.assertEqual(self.published(), before)

    def test_max_runtime_ends_a_wait(self):
        began = time.monotonic()
        result = self.on_site('backfill', '--window', '22:00-06:00', '--max-runtime', '2s', '--json',
                              env=zone_in_which_it_is(12, 0, 0))
        self.assertLess(time.monotonic() - began, 20)
        self.assertEqual(result.object['end'], 'out_of_time')

    def test_verify_sync_and_sweep_have_windows_as_well(self):
        for command in (['sync'], ['verify'], ['backfill', '--sweep']):
            result = program.finish(self.start(*command, '--window', '22:00-06:00',
                                               env=zone_in_which_it_is(21, 59, 58)))
            self.assert_code(result, DONE)
            self.assertIn('waiting: outside the window', result.err)
        self.assertEqual(self.published(), 16)

    def test_terminal_shows_the_reason_in_its_one_line(self):
        terminal = program.Terminal()
        self.addCleanup(terminal.close)
        process = self.start('backfill', '--window', '22:00-06:00', stderr=terminal.slave,
                             env=zone_in_which_it_is(12, 0, 0))
        terminal.read_until('waiting: outside the window 22:00-06:00, which opens at 22:00, 0 of')
        program.stop(process)
        terminal.read_all()
        self.assertNotIn('\n', terminal.text)

    def test_what_is_no_window_is_refused(self):
        for window in ('22-06', '25:00-06:00', '08:00-08:00', ''):
            self.refused('backfill', *self.site.options, '--window', window, code=USAGE,
                         words=['--window'])


if __name__ == '__main__':
    program.main()
