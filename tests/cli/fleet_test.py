#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Several runs over one site, each as if it were on a host of its own, and what is said to all of them:
pause, resume, stop, and the status that shows them."""

import json
import re
import time

import program
from program import INTERRUPTED
import sites

KIB = 1024
# What the house promises: any wish has reached every host after so many seconds.
REACHED = 5


class OneRun:
    """A run with a log of its events."""

    def __init__(self, test, number, command, *arguments):
        self.log = test.scratch() / 'log'
        self.number = number
        self.process = program.start(command, *test.site.options, '--jobs', '2', '--log', self.log,
                                     '--log-format', 'json', '--json', *arguments)
        test.addCleanup(sites._kill_if_alive, self.process)

    def events(self, name):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [event for event in map(json.loads, lines) if event['event'] == name]

    def bytes_read(self):
        """By the kernel's count: of files alone, for sockets are not read() from."""
        with open('/proc/%d/io' % self.process.pid) as counts:
            return int(re.search(r'rchar: (\d+)', counts.read())[1])


class FleetTest(sites.SmallSiteTest):
    """More small images than one run claims at once, and a large one that takes half a minute."""

    small = 160

    def setUp(self):
        super().setUp()
        self.big_site(self.small, 64 * KIB)
        self.large = self.site.add(b'x' * (8 << 20))
        self.on_site('expand')
        self.on_site('migrate')
        self.runs = []

    def start(self, command, *arguments):
        run = OneRun(self, len(self.runs), command, '--bandwidth', '256K', *arguments)
        self.runs.append(run)
        return run

    def say(self, command, *arguments):
        """Says it to the fleet; the moment at which that was done, and the command's object."""
        result = self.on_site(command, '--json', *arguments).object
        return time.monotonic(), result

    def wait_for_events(self, name, since, count=1):
        program.wait_for(lambda: all(len(run.events(name)) >= count for run in self.runs), 30)
        self.assertLess(time.monotonic() - since, REACHED)

    def wait_for_work(self):
        """Until every run has read something and said so."""
        program.wait_for(lambda: len([run for run in self.status()['runs'] if run['bytes']]) ==
                         len(self.runs))

    def status(self):
        return self.on_site('status', '--json').object

    def published(self):
        return sum(value is not None for _, value, _ in self.site.hashes().values())

    def outcomes(self):
        return sorted(self.site.database.rows(
            "SELECT command, outcome FROM backglance_run WHERE command IN ('backfill', 'verify')"))

    def assert_all_right(self):
        for image_id, (algorithm, value, _) in self.site.hashes().items():
            self.assertEqual((algorithm, value),
                             ('sha512', sites.sha512(self.site.path_of(image_id).read_bytes())))


class PauseAndResume(FleetTest):
    def test_pause_reaches_every_run_holds_those_that_begin_later_and_ends_with_resume(self):
        self.start('backfill')
        self.start('backfill')
        self.wait_for_work()
        self.assert_dry_runs_reach_nobody()
        since, said = self.say('pause', '--reason', 'a disk\x1b[1m is\nreplaced')
        self.wait_for_events('waiting', since)
        self.assertEqual((said['changed'], len(said['runs'])), (True, 2))
        time.sleep(max(0, since + REACHED - time.monotonic()))
        self.assert_nothing_moves()

        late = self.start('verify')
        program.wait_for(lambda: late.events('waiting'), REACHED)
        reason = late.events('waiting')[0]['reason']
        self.assertRegex(reason, r'^paused by \S+@\S+ since \S+ \S+ UTC: a disk\\x1b\[1m is\\x0areplaced$')
        self.assert_status_shows_three_that_wait(reason)

        again = self.on_site('pause').out
        self.assertRegex(again, r'^already paused by .*; affects 3 live runs on \S+; runs that start later')
        other = self.on_site('pause', '--reason', 'a fan').out
        self.assertRegex(other, r'^paused \(was paused by .*: a disk.*\); affects 3 live runs on ')
        since, said = self.say('resume')
        self.wait_for_events('resumed', since)
        self.assertEqual((said['changed'], len(said['runs'])), (True, 3))
        self.assertFalse(self.status()['fleet']['paused'])
        self.say('stop')
        for run in self.runs:
            self.assertGreater(program.finish(run.process).object['bytes_read'], 0)

    def assert_dry_runs_reach_nobody(self):
        for command in ('pause', 'stop'):
            self.assertIn('would %s; affects 2 live runs on ' % command,
                          self.on_site(command, '--dry-run').out)
        self.assertEqual(self.status()['fleet'],
                         {'paused': False, 'by': None, 'since': None, 'reason': None})
        self.assertEqual([run['stop_by'] for run in self.status()['runs']], [None, None])

    def assert_nothing_moves(self):
        before = [run.bytes_read() for run in self.runs], self.published()
        time.sleep(1.5)
        after = [run.bytes_read() for run in self.runs], self.published()
        self.assertEqual(after[1], before[1])
        for was, now in zip(before[0], after[0]):
            # 384 KiB while they read; the rest of a chunk, and on SQLite some pages of the database
            self.assertLess(now - was, 200 * KIB)

    def assert_status_shows_three_that_wait(self, reason):
        def waiting():
            return [run for run in self.status()['runs'] if run['waiting_for'] == reason]
        program.wait_for(lambda: len(waiting()) == 3, 10)
        status = self.status()
        self.assertEqual(status['fleet']['paused'], True)
        self.assertEqual(status['fleet']['reason'], 'a disk\\x1b[1m is\\x0areplaced')
        self.assertRegex(status['fleet']['by'], r'^\S+@\S+$')
        self.assertEqual(sorted(run['command'] for run in status['runs']),
                         ['backfill', 'backfill', 'verify'])
        documented = (program.SOURCES / 'docs' / 'json.md').read_text()
        for run in status['runs']:
            for member in run:
                self.assertIn('`%s`' % member, documented)
            self.assertLess(run['heartbeat_age_seconds'], 15)
            self.assertLess(run['bytes_per_second'], 2 << 20)
        words = self.on_site('status').out
        self.assertRegex(words, r'(?m)^Fleet +paused by \S+ since \S+: a disk.*; 3 runs at work$')
        self.assertEqual(len(re.findall(
            r'(?m)^At work +\S+ \w+ on \S+: \d+ images?, .*, waiting: paused by .*, heartbeat \d+ s ago$',
            words)), 3)
        self.assertNotIn('\x1b', words)


class Stop(FleetTest):
    def test_stop_ends_live_runs_cleanly_and_does_not_affect_later_ones(self):
        self.start('sync')
        self.wait_for_work()  # its first steps run alone
        self.start('backfill')
        self.start('verify')
        self.wait_for_work()
        for run in self.status()['runs']:
            self.assertGreater(run['bytes_per_second'], 64 * KIB)
            self.assertEqual((run['waiting_for'], run['stop_by']), (None, None))
        since, said = self.say('stop')
        self.assertEqual((said['changed'], len(said['runs'])), (True, 3))
        results = [program.finish(run.process) for run in self.runs]
        self.assertLess(time.monotonic() - since, REACHED)
        for result in results:
            self.assert_code(result, INTERRUPTED)
            end = result.object.get('backfill', result.object)
            self.assertEqual(end['end'], 'stopped')
        self.assertEqual(self.outcomes(), [('backfill', 'stopped'), ('backfill', 'stopped'),
                                           ('verify', 'stopped')])
        self.assertEqual(self.site.leased(), 0)
        for run in self.status()['recent_runs'][:3]:
            self.assertRegex(run['stop_by'], r'^\S+@\S+$')
        self.assertEqual(self.on_site('stop').out, 'nothing to do: no run is at work\n')

        # what was published before was read for good
        published = self.published()
        rest = self.on_site('backfill', '--json').object
        self.assertEqual((rest['end'], rest['classes']['hashed']['images']),
                         ('complete', self.small + 1 - published))
        self.assert_all_right()

    def test_stop_ends_waiting_runs_and_keeps_the_pause(self):
        self.say('pause')
        self.start('backfill')
        self.start('backfill', '--window', self.window_that_is_shut())
        program.wait_for(lambda: all(run.events('waiting') for run in self.runs))
        # A run waits for its window before it is known to the others.
        program.wait_for(lambda: len(self.status()['runs']) == len(self.runs))
        since, _ = self.say('stop')
        for run in self.runs:
            result = program.finish(run.process)
            self.assert_code(result, INTERRUPTED)
            self.assertEqual((result.object['end'], result.object['bytes_read']), ('stopped', 0))
        self.assertLess(time.monotonic() - since, REACHED)
        self.assertTrue(self.status()['fleet']['paused'])
        self.assertEqual(self.published(), 0)
        self.assertEqual(self.on_site('resume').out, 'resumed; affects no live run\n')
        self.assertEqual(self.on_site('resume').out, 'nothing to do: the runs of this site are not paused\n')
        self.on_site('backfill')
        self.assert_all_right()

    def window_that_is_shut(self):
        hour = (time.localtime().tm_hour + 12) % 24
        return '%02d:00-%02d:01' % (hour, hour)


class ShortCommands(sites.SmallSiteTest):
    """Each gets the order while it works and would be at its end before the heartbeat looks for orders."""

    def setUp(self):
        if sites.ON_SERVER:
            self.skipTest('the triggers are in the words of SQLite')
        super().setUp()
        with self.site.database.batch():
            for number in range(4):
                self.site.add_legacy_signature(self.site.add(b'signed %d' % number))

    def stop_after(self, event):
        self.site.database.execute("CREATE TRIGGER said_stop AFTER %s BEGIN UPDATE backglance_run SET stop_at = 1,"
                                   " stop_by = 'a person' WHERE finished_at IS NULL; END" % event)

    def assert_stopped(self, command, *arguments):
        self.assert_one_line(self.on_site(command, *arguments, code=INTERRUPTED))
        self.site.database.execute('DROP TRIGGER said_stop')
        self.assertEqual(self.site.database.value('SELECT count(*) FROM backglance_run WHERE finished_at IS NULL'), 0)
        self.assertEqual(self.site.database.rows('SELECT outcome FROM backglance_run WHERE stop_at = 1'),
                         [('stopped',)])
        self.site.database.execute('UPDATE backglance_run SET stop_at = NULL')
        self.site.database.execute("UPDATE backglance_run SET outcome = 'done'")

    def test_a_command_that_works_for_a_moment_obeys_stop(self):
        self.on_site('expand')
        self.stop_after('INSERT ON backglance_run')
        self.assert_stopped('expand', '--guard')
        self.stop_after('INSERT ON backglance_item')
        self.assert_stopped('migrate')
        self.assertEqual(self.site.database.value('SELECT count(*) FROM backglance_signature'), 0)
        self.sync('--grace', '0s')
        self.stop_after('INSERT ON backglance_removed')
        self.assert_stopped('contract', '--yes')
        removed = 'SELECT count(*) FROM backglance_removed'
        self.assertEqual(self.site.database.value(removed), 4)
        self.stop_after('INSERT ON backglance_run')
        self.assert_stopped('contract', '--revert')
        self.assertEqual(self.site.database.value(removed), 4)
        (archive,) = self.site.directory.glob('backglance-removed-*.jsonl')
        self.stop_after('INSERT ON backglance_run')
        self.assert_stopped('contract', '--revert', '--archive', archive, '--unsigned')
        self.assertEqual(self.site.database.value(removed), 4)


class Watch(FleetTest):
    small = 4

    def pictures(self, columns, *words):
        """What status --watch draws on a terminal of this width, until the words are in a picture."""
        terminal = program.Terminal(columns)
        self.addCleanup(terminal.close)
        process = program.start('status', '--watch', *self.site.options, stdout=terminal.slave)
        self.addCleanup(sites._kill_if_alive, process)
        for word in words:
            terminal.read_until(word)
        self.assert_code(program.stop(process), INTERRUPTED)
        terminal.read_all()
        drawn, end = terminal.text.split('\x1b[?1049l')
        # The last line stays on the terminal.
        self.assertRegex(end, r'Z \d+ runs? at work')
        return [re.sub(r'\x1b\[[?\w]*?[A-Za-z]', '', picture).split('\r\n')
                for picture in drawn.split('\x1b[H')[1:]]

    def test_the_picture_fits_any_width_and_has_each_run_and_what_it_waits_for(self):
        # They wait from their beginning, so the test has all the time that it needs.
        self.on_site('pause', '--reason', 'a disk is replaced')
        self.start('backfill')
        self.start('verify')
        program.wait_for(lambda: [run for run in self.status()['runs'] if run['waiting_for']] and
                         len(self.status()['runs']) == 2)
        for columns in (80, 40, 20):
            picture = self.pictures(columns, 'to read: ', 'at work', 'paused by', 'waits')[-1]
            self.assertLessEqual(max(map(len, picture)), columns)
            if columns == 80:
                for word in ('HOST', 'backfill', 'verify', '5 images'):
                    self.assertIn(word, '\n'.join(picture))

    def test_without_a_terminal_it_is_a_line(self):
        process = program.start('status', '--watch', *self.site.options)
        line = process.stdout.readline().decode()
        self.assertRegex(line, r'\A\S+Z 0 runs at work, 0 B/s, to read: 5 images, \S+ MiB\n\Z')
        self.assert_code(program.stop(process), INTERRUPTED)
        self.refused('status', '--watch', '--json', *self.site.options, code=program.USAGE)


if __name__ == '__main__':
    program.main()
