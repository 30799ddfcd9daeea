#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs that work unattended: in windows of the day, behind throttles, with metrics and a log."""

import json
import os
import re
import signal
import time

import program
from program import DONE, FAILED, FINDINGS, INTERRUPTED, USAGE
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
        self.assertIn('waiting: outside the window 22:00-06:00, which opens at 22:00\ncontinuing\n',
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
        self.assertNotIn('continuing', result.err)
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

    def test_a_text_that_is_not_a_window_is_refused(self):
        for window in ('22-06', '25:00-06:00', '08:00-08:00', ''):
            self.refused('backfill', *self.site.options, '--window', window, code=USAGE,
                         words=['--window'])


NAME = r'[a-zA-Z_:][a-zA-Z0-9_:]*'
SAMPLE = re.compile(r'(%s)\{((?:%s="(?:[^"\\\n]|\\[\\"n])*",?)*)\} (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|[+-]Inf)'
                    % (NAME, NAME.replace(':', '')))


def parse_exposition(text):
    """The text format of Prometheus, version 0.0.4, strictly: every family has its HELP and TYPE in front
    of its samples, which stand together; no sample comes twice. {name: {labels: value}}"""
    if not text.endswith('\n'):
        raise ValueError('the last line has no end')
    families, kinds, helped = {}, {}, []
    current = None
    for line in text[:-1].split('\n'):
        if line.startswith('# HELP '):
            name, words = line[7:].split(' ', 1)
            if name in helped or not words.strip():
                raise ValueError(line)
            helped.append(name)
            current = name
        elif line.startswith('# TYPE '):
            name, kind = line[7:].split(' ')
            if name != current or name in kinds or kind not in ('counter', 'gauge'):
                raise ValueError(line)
            if (kind == 'counter') != name.endswith('_total'):
                raise ValueError('%s is no name of a %s' % (name, kind))
            kinds[name] = kind
            families[name] = {}
        else:
            found = SAMPLE.fullmatch(line)
            if not found or found.group(1) != current or current not in kinds:
                raise ValueError(line)
            labels = tuple(sorted(re.findall(r'(\w+)="([^"]*)"', found.group(2))))
            if labels in families[current]:
                raise ValueError('twice: %s' % line)
            families[current][labels] = float(found.group(3))
    if any(not samples for samples in families.values()):
        raise ValueError('a family without samples')
    return families


class MetricsFile(JobsTest):
    def setUp(self):
        super().setUp()
        self.path = self.scratch() / 'backglance.prom'

    def metrics(self):
        text = self.path.read_text()
        self.assertIn('backglance_run_state', text)
        self.families = parse_exposition(text)

    def value(self, name, **labels):
        labels.setdefault('command', 'backfill')
        return self.families['backglance_' + name][tuple(sorted(labels.items()))]

    def test_figures_of_a_run_that_has_ended(self):
        self.site.path_of(self.site.add(b'lost')).unlink()
        before = time.time()
        self.on_site('backfill', '--metrics', self.path, code=FINDINGS)
        self.metrics()
        self.assertEqual(self.value('images_total', result='hashed'), 16)
        self.assertEqual(self.value('image_bytes_total', result='hashed'), 16 * 128 * KIB)
        self.assertEqual(self.value('images_total', result='missing'), 1)
        self.assertEqual(self.value('read_bytes_total'), 16 * 128 * KIB)
        self.assertEqual(self.value('findings'), 1)
        self.assertEqual(self.value('left_images'), 0)
        self.assertEqual(self.value('waiting', reason='window'), 0)
        self.assertEqual(self.value('run_state', state='findings'), 1)
        self.assertEqual(self.value('run_state', state='running'), 0)
        self.assertEqual(self.value('exit_code'), FINDINGS)
        self.assertGreaterEqual(self.value('last_success_timestamp_seconds'), int(before))
        self.assertEqual(os.stat(self.path).st_mode & 0o044, 0o044)
        self.assertEqual(os.listdir(self.path.parent), [self.path.name])

    def test_run_that_waits_says_so_and_one_that_was_ended_keeps_the_last_success(self):
        self.on_site('backfill', '--metrics', self.path, '--limit', '1')
        self.metrics()
        success = self.value('last_success_timestamp_seconds')
        self.assertEqual(self.value('left_images'), 15)
        process = self.start('backfill', '--metrics', self.path, '--window', '22:00-06:00',
                             env=zone_in_which_it_is(12, 0, 0))
        program.wait_for(lambda: 'state="running"} 1' in self.path.read_text())
        program.wait_for(lambda: 'reason="window"} 1' in self.path.read_text())
        self.metrics()
        self.assertNotIn('backglance_exit_code', self.families)
        self.assertEqual(self.value('last_success_timestamp_seconds'), success)
        self.assert_code(program.stop(process), INTERRUPTED)
        self.metrics()
        self.assertEqual(self.value('run_state', state='interrupted'), 1)
        self.assertEqual(self.value('waiting', reason='window'), 0)
        self.assertEqual(self.value('last_success_timestamp_seconds'), success)

    def test_run_whose_time_ends_while_it_waits_is_no_success(self):
        # The fleet is paused, or the window is shut. Either is told after the end, too.
        self.on_site('pause')
        for command, arguments, reason in (('backfill', (), 'pause'), ('verify', (), 'pause'),
                                           ('backfill', ('--window', '22:00-06:00'), 'window')):
            result = self.on_site(command, *arguments, '--max-runtime', '1s', '--metrics', self.path,
                                  env=zone_in_which_it_is(12, 0, 0))
            self.assertIn('still waiting when it ended', result.out)
            self.metrics()
            self.assertEqual(self.value('run_state', state='waiting', command=command), 1)
            self.assertEqual(self.value('run_state', state='done', command=command), 0)
            self.assertEqual(self.value('waiting', reason=reason, command=command), 1)
            self.assertNotIn('backglance_last_success_timestamp_seconds', self.families)
            self.path.unlink()
            if command == 'verify':
                self.on_site('resume')
        self.on_site('backfill', '--metrics', self.path)
        self.metrics()
        self.assertEqual(self.value('run_state', state='waiting'), 0)
        self.assertEqual(self.value('run_state', state='done'), 1)

    def test_run_that_fails_leaves_its_exit_code(self):
        self.site.store.rename(self.site.store.with_name('unmounted'))
        self.on_site('backfill', '--metrics', self.path, code=FAILED)
        self.metrics()
        self.assertEqual(self.value('run_state', state='failed'), 1)
        self.assertEqual(self.value('exit_code'), FAILED)

    def test_verify_and_sync_have_their_own_label(self):
        for command in ('sync', 'verify'):
            self.on_site(command, '--metrics', self.path)
            self.metrics()
            self.assertEqual(self.value('exit_code', command=command), DONE)

    def test_file_that_cannot_be_written_is_one_warning(self):
        for path in (self.path.parent / 'no' / 'x.prom', self.path.parent):
            result = self.on_site('backfill', '--metrics', path)
            self.assertEqual(result.err.count('warning: metrics file'), 1, result.err)
        self.assertEqual(self.published(), 16)
        self.assertEqual(os.listdir(self.path.parent), [])


class Log(JobsTest):
    def setUp(self):
        super().setUp()
        self.path = self.scratch() / 'log'

    def events(self, text=None):
        return [json.loads(line) for line in (text or self.path.read_text()).splitlines()]

    def test_events_of_a_run_are_json_lines_in_a_file(self):
        lost = self.site.add(b'lost')
        self.site.path_of(lost).unlink()
        result = program.finish(self.start(
            'backfill', '--log', self.path, '--log-format', 'json', '--window', '22:00-06:00', '--json',
            env=zone_in_which_it_is(21, 59, 58)))
        self.assert_code(result, FINDINGS)
        events = self.events()
        self.assertEqual([event['event'] for event in events],
                         ['run_started', 'waiting', 'resumed', 'finding', 'run_ended'])
        started, waiting, _, finding, ended = events
        self.assertEqual(started['command'], 'backfill')
        self.assertIn('22:00-06:00', waiting['reason'])
        self.assertEqual((finding['image_id'], finding['class']), (lost, 'missing'))
        self.assertEqual((ended['exit_code'], ended['end']), (FINDINGS, 'complete'))
        self.assertEqual(ended['bytes_read'], 16 * 128 * KIB)
        for event in events:
            self.assertRegex(event['time'], r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$')
        # what a person sees is as without a log
        self.assertIn('%s: missing: ' % lost, result.err)
        self.assertEqual(result.object['end'], 'complete')

    def test_log_on_standard_error_takes_the_place_of_what_is_there_without(self):
        lost = self.site.add(b'lost')
        self.site.path_of(lost).unlink()
        result = self.on_site('backfill', '--log-format', 'json', code=FINDINGS)
        names = [event['event'] for event in self.events(result.err)]
        self.assertEqual((names[0], names[-1]), ('run_started', 'run_ended'))
        self.assertEqual(names.count('finding'), 1)
        self.assertIn('backfill: complete', result.out)
        text = self.on_site('backfill', '--log', '-').err.splitlines()
        self.assertRegex(text[0], r'^\S+Z run_started command=backfill version=\S+ pid=\d+$')
        self.assertRegex(text[-1], r'^\S+Z run_ended exit_code=0 end=complete ')

    def test_lines_are_added_and_an_error_is_one_of_them(self):
        self.on_site('backfill', '--log', self.path)
        self.site.store.rename(self.site.store.with_name('unmounted'))
        self.on_site('backfill', '--log', self.path, code=FAILED)
        lines = self.path.read_text().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertRegex(lines[-1], r'run_ended exit_code=1 error="no store can be opened')

    def test_log_that_cannot_be_written_ends_the_run_before_it_begins(self):
        self.refused('backfill', *self.site.options, '--log', self.path / 'no', words=['log file'])
        self.refused('backfill', *self.site.options, '--log', '', code=USAGE, words=['--log'])
        self.program('backfill', *self.site.options, '--log-format', 'xml', code=USAGE)
        self.assertEqual(self.published(), 0)


class Throttle(JobsTest):
    def test_load_and_lag_are_not_supported_with_sqlite(self):
        for option in (('--max-load', '5'), ('--max-lag', '10s'),
                       ('--max-lag', '10s', '--lag-database', 'sqlite:////tmp/x.sqlite')):
            self.refused('backfill', *self.site.options, *option, code=USAGE, words=['SQLite'])
        self.refused('backfill', *self.site.options, '--lag-database', 'postgresql://h/glance',
                     code=USAGE, words=['--max-lag'])
        self.assertEqual(self.published(), 0)


if __name__ == '__main__':
    program.main()
