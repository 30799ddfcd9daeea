#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Defects that once were: each test failed before its mending."""

import os
import pathlib
import subprocess
import sys
import time

import program
from program import DONE, FAILED, LOCKED, MIGRATE_DUE, USAGE
import sites

# Leaves a journal that the next reader has to roll back, as a process does that is killed in mid-commit.
KILLED_WRITER = '''
import os, sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size = 1")
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE images SET name = name || 'x'")
db.execute("UPDATE image_properties SET value = value || 'y'")
os._exit(0)
'''


class RegressTest(sites.SmallSiteTest):
    def test_a_journal_of_a_killed_writer_is_rolled_back_by_a_reader(self):
        for number in range(300):
            self.site.add_property(self.site.add(b'x'), 'p', 'v' * 2000)
        subprocess.run([sys.executable, '-c', KILLED_WRITER, str(self.site.database.path)], check=True)
        self.assertTrue(pathlib.Path(str(self.site.database.path) + '-journal').exists())
        self.on_site('status')
        self.assertEqual(
            self.site.database.value("SELECT COUNT(*) FROM images WHERE name LIKE '%x'"), 0)

    def test_properties_come_back_though_glance_has_purged_their_rows(self):
        image_id = self.site.add(b'signed')
        self.site.add_legacy_signature(image_id)
        self.sync('--grace', '0s')
        names = 'SELECT name, value FROM image_properties WHERE image_id = ? AND deleted = 0 ORDER BY name'
        before = self.site.database.rows(names, image_id)
        self.on_site('contract', '--yes')
        self.site.database.execute('DELETE FROM image_properties WHERE deleted = 1')
        self.on_site('contract', '--revert')
        self.assertEqual(self.site.database.rows(names, image_id), before)

    def test_contract_does_not_open_its_gate_for_a_store_that_is_not_there(self):
        image_id = self.site.add(b'signed')
        self.site.add_legacy_signature(image_id)
        self.sync('--grace', '0s')
        gone = self.site.directory / 'not there'
        url = 'sqlite:///%s' % self.site.database.path
        self.refused('contract', '--yes', '--database', url, '--store-dir', str(gone), code=FAILED)
        other = self.site.directory / 'there'
        other.mkdir()
        result = self.refused('contract', '--yes', '--database', url, '--store-dir', str(gone),
                              '--store-dir', str(other), code=FAILED)
        self.assertIn('cannot be opened', result.err)

    def test_check_sees_an_image_that_has_got_a_location(self):
        image_id = self.site.add(b'plain')
        location = self.site.database.value(
            'SELECT value FROM image_locations WHERE image_id = ?', image_id)
        self.site.database.execute('UPDATE image_locations SET deleted = 1')
        self.sync()
        self.on_site('check', code=DONE)
        self.site.add_location(image_id, location)
        self.on_site('check', code=MIGRATE_DUE)
        self.on_site('backfill')
        self.on_site('check', code=DONE)

    def test_the_end_of_the_time_ends_the_wait_for_bandwidth(self):
        self.site.add(os.urandom(1 << 20))
        self.on_site('expand')
        began = time.monotonic()
        self.on_site('backfill', '--bandwidth', '1K', '--max-runtime', '1s')
        self.assertLess(time.monotonic() - began, 20)

    def test_lost_output_is_an_error_of_one_line(self):
        self.on_site('expand')
        for command in (['status'], ['check', '--json'], ['report']):
            with open('/dev/full', 'w', encoding='utf-8') as full:
                done = subprocess.run(
                    [program.binary(), *command, *self.site.options], check=False, stdout=full,
                    stderr=subprocess.PIPE, text=True)
            self.assertEqual(done.returncode, FAILED, command)
            self.assertRegex(done.stderr, r'^backglance: standard output cannot be written: [^\n]+\n$')

    def test_a_page_goes_through_links_and_into_pipes_and_keeps_a_files_mode(self):
        self.on_site('expand')
        target = self.site.directory / 'page.html'
        self.on_site('report', '--html', str(target))
        target.chmod(0o600)
        link = self.site.directory / 'link.html'
        link.symlink_to(target)
        self.on_site('report', '--html', str(link))
        self.assertTrue(link.is_symlink())
        self.assertTrue(target.read_text(encoding='utf-8').startswith('<!'))
        self.assertEqual(target.stat().st_mode & 0o777, 0o600)
        pipe = self.site.directory / 'pipe'
        os.mkfifo(pipe)
        with subprocess.Popen(['cat', str(pipe)], stdout=subprocess.PIPE) as reader:
            self.on_site('report', '--html', str(pipe))
            self.assertTrue(reader.stdout.read().startswith(b'<!'))
        self.assertTrue(pipe.is_fifo())

    def test_a_number_without_a_unit_is_not_a_duration(self):
        self.refused('migrate', '--grace', '180', *self.site.options, code=USAGE)

    def test_a_run_that_could_not_sign_or_log_does_nothing_and_a_dry_run_says_so(self):
        self.site.add(b'content')
        (self.site.directory / 'nokey').write_text('no key')
        missing = self.site.directory / 'missing' / 'file'
        for dry_run in ((), ('--dry-run',)):
            for command in ('sync', 'backfill', 'verify'):
                self.refused(command, '--attest', self.site.directory / 'nokey', *dry_run, *self.site.options,
                             code=USAGE)
                self.refused(command, '--log', missing, *dry_run, *self.site.options)
        self.assertNotIn('backglance_item', self.site.database.tables())

    def test_help_of_the_command_is_named(self):
        self.assertIn('backglance backfill --help', self.refused('backfill', '--jobs', 'two', code=USAGE).err)

    def test_an_empty_option_differs_from_a_missing_one(self):
        self.on_site('expand')
        for option in ('--tag', '--untag'):
            self.refused('migrate', option, '', *self.site.options, code=USAGE)
        for option in ('--max-bytes', '--max-runtime', '--bandwidth'):
            self.refused('backfill', option, '', *self.site.options, code=USAGE)

    def test_a_run_in_another_pid_namespace_is_alive(self):
        self.big_site(2, 4 << 20)
        self.on_site('expand')
        slow = program.start('backfill', *self.site.options, '--bandwidth', '256K',
                             prefix=('unshare', '--pid', '--fork', '--mount-proc'))
        try:
            program.wait_for(lambda: self.site.database.value(
                'SELECT COUNT(*) FROM backglance_item WHERE lease_run IS NOT NULL'))
            self.on_site('migrate', code=LOCKED)
        finally:
            slow.kill()
            slow.wait()

    def findings(self):
        return sorted(one['image_id'] for one in self.on_site('report', '--json').object['backfill']['findings'])

    def test_findings_stand_until_they_are_read_again(self):
        """A --retry-failed that comes to one of them took the others from the report."""
        images = sorted(self.site.add(b'content %d' % number, checksum='0' * 32) for number in range(4))
        self.sync(code=program.FINDINGS)
        self.assertEqual(self.findings(), images)
        self.on_site('backfill', '--retry-failed', '--limit', '1', code=program.FINDINGS)
        self.assertEqual(self.findings(), images)
        self.on_site('backfill', code=program.FINDINGS)
        self.assertEqual(self.findings(), images)

    def test_an_image_by_name_is_retried_alone(self):
        images = sorted(self.site.add(b'content %d' % number, checksum='0' * 32) for number in range(3))
        self.sync(code=program.FINDINGS)
        result = self.on_site('backfill', '--retry-failed', '--image', images[0], '--json', code=program.FINDINGS)
        self.assertEqual(result.object['classes']['checksum_differs']['images'], 1)
        self.assertEqual(result.object['left']['images'], 0)

    def test_a_run_that_only_waited_says_so_and_calls_no_image_too_large(self):
        self.site.add(b'content')
        self.on_site('expand')
        self.on_site('pause', '--reason', 'the store is moved')
        result = self.on_site('backfill', '--max-runtime', '1s')
        self.assertIn('still waiting when it ended: paused by', result.out)
        self.assertNotIn('too large', result.out)

    def test_verify_finds_nothing_missing_where_nothing_is_mounted(self):
        self.site.add(b'content')
        self.sync()
        away = self.site.store.rename(self.site.store.with_name('away'))
        self.site.store.mkdir()
        self.refused('verify', *self.site.options, code=FAILED, words=['is it mounted?', str(self.site.store)])
        self.site.store.rmdir()
        away.rename(self.site.store)
        self.on_site('verify', code=DONE)


if __name__ == '__main__':
    program.main()
