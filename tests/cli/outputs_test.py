#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Where output goes: standard output and error that take nothing or are closed, files that are something else, links,
what a killed run has left, and text that a terminal would obey."""

import fcntl
import json
import os
import pathlib
import pty
import re
import resource
import signal
import socket
import stat
import termios
import time

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

import program
from program import DONE, FAILED, FINDINGS, INTERRUPTED, MIGRATE_DUE, USAGE
import sites

KEY = ed25519.Ed25519PrivateKey.generate().private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
IMAGES = 3
F_SETPIPE_SZ = 1031
# What no output may contain as it is: control characters, and those that reorder or hide text.
OBEYED = re.compile('[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff'
                    '\U000e0041]')
TRICKS = '\u202e\u2066\u2069\u2028\u2029\u200e\u200f\u061c\ufeff\x85\x9b\u200b\U000e0041'


class OutputsTest(sites.SmallSiteTest):
    """A few images that can be read, and one without its file, which is a finding."""

    def setUp(self):
        super().setUp()
        for number in range(IMAGES):
            self.site.add(b'content %d' % number)
        self.site.path_of(self.site.add(b'lost')).unlink()
        self.on_site('expand')
        self.key = self.file('site-key.pem', KEY, 0o600)

    def file(self, name, content=b'', mode=0o644):
        path = self.site.directory / name
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def again(self):
        self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
        self.site.database.execute('DELETE FROM backglance_item')
        self.on_site('migrate')

    def hashed(self):
        return sum(value is not None for _, value, _ in self.site.hashes().values())


def gone_pipe():
    reading, writing = os.pipe()
    os.close(reading)
    return writing


def gone_terminal():
    master, slave = pty.openpty()
    os.close(master)
    return slave


def far_window():
    """A window that is shut for hours."""
    hour = (time.localtime().tm_hour + 12) % 24
    return '%02d:00-%02d:01' % (hour, hour)


def full_disk():
    return os.open('/dev/full', os.O_WRONLY)


class Streams(OutputsTest):
    def test_standard_error_that_takes_nothing_changes_neither_the_work_nor_the_exit_code(self):
        for make in (full_disk, gone_pipe, gone_terminal):
            with self.subTest(make.__name__):
                self.again()
                log = self.site.directory / ('log of %s' % make.__name__)
                error = make()
                self.on_site('backfill', '--log', log, stderr=error, code=FINDINGS)
                self.on_site('backfill', '--image', 'no such image', stderr=error, code=USAGE)
                os.close(error)
                self.assertEqual((self.hashed(), self.site.leased()), (IMAGES, 0))
                self.assertIn('run_ended exit_code=10', log.read_text())

    def test_a_reader_of_standard_error_that_has_stopped_does_not_stop_the_run(self):
        with self.site.database.batch():
            for number in range(60):
                self.site.add(b'gone', location='file://%s/gone %d' % (self.site.store, number))
        reading, writing = os.pipe()
        fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
        self.on_site('backfill', stderr=writing, timeout=60, code=FINDINGS)
        os.close(writing)
        self.assertEqual(self.site.leased(), 0)
        with open(reading, 'rb') as stream:
            self.assertIn(b': missing: ', stream.read())
        pipe = self.site.directory / 'pipe'
        os.mkfifo(pipe)
        reading = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(reading, F_SETPIPE_SZ, 4096)
        result = self.on_site('backfill', '--retry-failed', '--log', pipe, timeout=60, code=FINDINGS)
        self.assertEqual(result.err.count('warning: log file'), 1, result)
        os.close(reading)

    def test_lost_output_for_people_is_a_warning_and_lost_data_an_error(self):
        self.on_site('migrate')
        lost = 'standard output cannot be written: '
        for make, words, code, begins in (
                (full_disk, ['check'], MIGRATE_DUE, 'warning: ' + lost),
                (gone_pipe, ['check'], MIGRATE_DUE, 'warning: ' + lost),
                (full_disk, ['backfill', '--dry-run'], FAILED, lost),
                (full_disk, ['backfill'], FINDINGS, 'warning: ' + lost),
                (gone_pipe, ['backfill', '--json'], FAILED, lost),
                (gone_pipe, ['report', '--csv'], FAILED, lost),
                (full_disk, ['--help'], FAILED, lost)):
            with self.subTest(words=words, output=make.__name__):
                output = make()
                options = () if words == ['--help'] else self.site.options
                result = self.program(*words, *options, stdout=output, code=code)
                os.close(output)
                self.assertTrue(result.err.splitlines()[-1].startswith('backglance: ' + begins), result)
        self.assertEqual((self.hashed(), self.site.leased()), (IMAGES, 0))

    def test_a_pipe_that_does_not_wait_gets_the_whole_output(self):
        reading, writing = os.pipe()
        fcntl.fcntl(writing, F_SETPIPE_SZ, 4096)
        os.set_blocking(writing, False)
        process = program.start('report', '--html', '-', *self.site.options, stdout=writing)
        os.close(writing)
        with open(reading, 'rb') as stream:
            self.assertTrue(stream.read().endswith(b'</html>\n'))
        self.assertEqual(process.wait(), DONE)
        process.stderr.close()

    def test_closed_descriptors_are_not_taken_for_files(self):
        statements = self.site.directory / 'statements.jsonl'
        log = self.site.directory / 'log'
        for closed in ('2>&-', '<&- >&- 2>&-'):
            with self.subTest(closed):
                self.again()
                for file in (statements, log):
                    file.unlink(missing_ok=True)
                self.on_site('backfill', '--attest', self.key, '--attest-to', statements, '--log', log, code=FINDINGS,
                             prefix=('sh', '-c', 'exec "$@" %s' % closed, 'sh'))
                self.assertEqual({tuple(sorted(json.loads(line))) for line in statements.read_text().splitlines()},
                                 {('payload', 'payloadType', 'signatures')})
                self.assertRegex(log.read_text(), r'\A(\d{4}-[^\n]*Z \w+ [^\n]*\n)+\Z')
        self.on_site('report', prefix=('sh', '-c', 'exec "$@" >&-', 'sh'), code=FAILED)

    def test_a_run_that_loses_its_terminal_ends_with_130_and_keeps_no_image(self):
        self.again()
        master, slave = pty.openpty()
        process = program.start('backfill', *self.site.options, '--window', far_window(), stdin=slave, stdout=slave,
                                stderr=slave, start_new_session=True,
                                preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        os.close(slave)
        self.addCleanup(lambda: process.poll() is None and process.kill())
        text = b''
        while b'waiting' not in text:
            text += os.read(master, 4096)
        os.close(master)
        self.assertEqual(process.wait(60), INTERRUPTED)
        self.assertEqual(self.site.leased(), 0)

    def test_a_crash_leaves_no_core(self):
        hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
        process = program.start('backfill', *self.site.options, '--window', far_window(), cwd=self.site.directory,
                                preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (hard, hard)))
        self.addCleanup(lambda: process.poll() is None and (process.kill(), process.communicate()))
        limits = pathlib.Path('/proc/%d/limits' % process.pid)
        program.wait_for(lambda: re.search(r'Max core file size +[01] ', limits.read_text()), seconds=10)
        process.send_signal(signal.SIGABRT)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -signal.SIGABRT
        self.assertTrue(os.WIFSIGNALED(status))
        self.assertFalse(os.WCOREDUMP(status))


class Files(OutputsTest):
    def on_pipe(self, *words, **options):
        return self.refused(*words, *self.site.options, timeout=20, **options)

    def test_no_output_replaces_a_file_of_another_kind(self):
        pipe = self.site.directory / 'pipe'
        os.mkfifo(pipe)
        listening = socket.socket(socket.AF_UNIX)
        self.addCleanup(listening.close)
        listening.bind(str(self.site.directory / 'socket'))
        link = self.site.directory / 'link'
        link.symlink_to(self.key)
        notes = self.file('notes.html', b'<!doctype html>\n<title>not a report</title>\n')
        for file in (self.key, link, notes):
            before = (file.read_bytes(), file.lstat().st_ino)
            for words in (('backfill', '--metrics', file), ('backfill', '--metrics', file, '--dry-run'),
                          ('verify', '--log', file), ('backfill', '--attest', self.key, '--attest-to', file),
                          ('report', '--html', file)):
                with self.subTest(words):
                    self.refused(*words, *self.site.options, code=USAGE, words=[str(file), 'move this one away'])
                    self.assertEqual((file.read_bytes(), file.lstat().st_ino), before)
        for file in (pipe, self.site.directory / 'socket', '/dev/full'):
            kind = os.lstat(file).st_mode
            with self.subTest(file=file):
                self.on_pipe('backfill', '--metrics', file, code=USAGE, words=['name a file'])
                self.assertEqual(os.lstat(file).st_mode, kind)
        with open(self.site.directory / 'out', 'wb') as output:
            self.on_pipe('backfill', '--metrics', '/dev/stdout', code=USAGE, words=['name a file'], stdout=output)
        self.on_pipe('report', '--html', pipe, words=['no program reads'])
        self.on_pipe('backfill', '--log', pipe, words=['no program reads'])
        self.on_pipe('backfill', '--log', self.site.directory / 'socket', code=USAGE)
        self.assertEqual(self.hashed(), 0)

    def test_an_owners_report_leaves_the_pages_of_another_site(self):
        directory = self.site.directory / 'www'
        directory.mkdir()
        (directory / 'index.html').write_text('<!doctype html>\nwelcome\n')
        self.refused('report', '--owners', directory, *self.site.options, code=USAGE, words=['index.html'])
        self.assertEqual([file.read_text() for file in directory.iterdir()], ['<!doctype html>\nwelcome\n'])
        (directory / 'index.html').unlink()
        self.on_site('report', '--owners', directory)
        self.on_site('report', '--owners', directory)

    def test_rights_that_endanger_a_file_are_not_passed_on(self):
        page = self.site.directory / 'report.html'
        self.on_site('report', '--html', page)
        page.chmod(0o6777)
        self.on_site('report', '--html', page)
        self.assertEqual(stat.S_IMODE(page.stat().st_mode), 0o664)

    def test_two_outputs_of_one_run_are_two_files(self):
        log = self.file('log')
        (self.site.directory / 'sub').mkdir()
        link = self.site.directory / 'link'
        link.symlink_to('log')
        second = self.site.directory / 'second'
        os.link(log, second)
        for other in (log, link, second, self.site.directory / 'sub' / '..' / 'log', '/proc/self/cwd/log'):
            for first, words in ((log, ('--metrics', other)), (other, ('--metrics', log)),
                                 (log, ('--attest', self.key, '--attest-to', other))):
                with self.subTest(first=first, words=words):
                    self.refused('backfill', '--log', first, *words, *self.site.options, code=USAGE,
                                 words=['same file'], cwd=self.site.directory)
        with open(log, 'w', encoding='utf-8') as output:
            self.refused('report', '--html', log, *self.site.options, code=USAGE, words=['standard output'],
                         stdout=output)
        self.refused('report', '--html', 'sub/index.html', '--owners', 'sub', *self.site.options, code=USAGE,
                     words=['same file'], cwd=self.site.directory)
        self.assertEqual(self.hashed(), 0)

    def test_an_output_that_the_shell_would_write_over_is_refused_and_one_that_it_adds_to_is_kept(self):
        log = self.site.directory / 'log'
        statements = self.site.directory / 'statements'
        attest = ('--attest', self.key, '--attest-to')

        def shell(redirection, *words, code):
            return self.on_site(*words, code=code, prefix=('sh', '-c', 'exec "$@" %s' % redirection, 'sh'))
        for words in (('--log', log), ('--log', '/dev/stdout'), (*attest, log), (*attest, '/dev/stdout'),
                      ('--metrics', log)):
            with self.subTest(words):
                refused = shell('>log', 'backfill', *words, code=USAGE)
                self.assert_one_line(refused, ['standard output goes to the same file'])
                self.assertEqual(log.read_bytes(), b'')
        for words in (('--log', log), ('--log', '/dev/stderr'), (*attest, log), ('--metrics', log)):
            with self.subTest(words):
                self.assertEqual(shell('2>log', 'backfill', *words, code=USAGE).out, '')
                self.assertIn('standard error goes to the same file', log.read_text())
        self.assertEqual(self.hashed(), 0)
        log.unlink()
        shell('>>log 2>&1', 'backfill', '--log', log, code=FINDINGS)
        text = log.read_text()
        self.assertTrue(re.match(r'\d{4}-\S+Z run_started ', text), text)
        self.assertRegex(text, r'(?m)^\S+Z run_ended .*\n(?:.*\n)*backfill: ')
        self.again()
        self.on_site('backfill', *attest, statements, code=FINDINGS)
        whole = statements.read_bytes()
        public = self.file('site-key.pub', serialization.load_pem_private_key(KEY, None).public_key(
            ).public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
        for words in (('attest', 'verify', statements, '--key', public),
                      ('attest', 'missing', statements, '--key', public),
                      ('contract', '--revert', '--archive', statements, '--unsigned')):
            shell('>>statements', *words, code=USAGE)
        self.assertEqual(statements.read_bytes(), whole)
        self.on_site('report', '--owners', 'pages')
        for redirection in ('>pages/index.csv', '2>pages/index.html'):
            shell(redirection, 'report', '--owners', 'pages', code=USAGE)

    def test_a_name_without_a_directory_is_not_in_a_store_or_beside_the_database(self):
        (self.site.store / 'below').mkdir()
        for directory, name in ((self.site.store, 'new'), (self.site.store / 'below', 'new'),
                                (self.site.directory, self.site.database.path.name + '-wal')):
            before = sorted(directory.iterdir())
            for words in (('report', '--html'), ('backfill', '--log'), ('backfill', '--metrics'),
                          ('backfill', '--attest', self.key, '--attest-to')):
                with self.subTest(words=words, directory=directory):
                    self.refused(*words, name, *self.site.options, code=USAGE, words=[words[-1]], cwd=directory)
            self.assertEqual(sorted(directory.iterdir()), before)

    def test_a_link_that_another_user_has_made_is_not_followed(self):
        if os.geteuid() != 0:
            self.skipTest('only root can give files away')
        target = self.site.directory / 'target'
        target.mkdir()
        (self.site.directory / 'own').symlink_to(target)
        planted = self.site.directory / 'planted'
        planted.symlink_to(target)
        os.lchown(planted, 12345, 12345)
        for words in (('report', '--html'), ('backfill', '--metrics'), ('backfill', '--log')):
            self.refused(*words, planted / 'file', *self.site.options, code=USAGE, words=['another user'])
            self.on_site(*words, self.site.directory / 'own' / words[1][2:], code=(DONE, FINDINGS))
        self.assertEqual(sorted(file.name for file in target.iterdir()), ['html', 'log', 'metrics'])
        own = self.site.directory / 'own.prom'
        own.symlink_to(target / 'metrics')
        self.on_site('backfill', '--metrics', own, code=(DONE, FINDINGS))
        self.assertTrue(own.is_symlink())
        sticky = self.site.directory / 'tmp'
        sticky.mkdir()
        sticky.chmod(0o1777)
        (sticky / 'log').touch()
        os.chown(sticky / 'log', 12345, 12345)
        self.refused('backfill', '--log', sticky / 'log', *self.site.options, code=USAGE, words=['another user'])

    def test_what_a_killed_run_has_left_unfinished_is_removed_by_the_next(self):
        for words, name in ((('report', '--html'), 'report.html'), (('backfill', '--metrics'), 'backglance.prom')):
            left = self.file(name + '.part-aB3dE6', b'half of it')
            others = [self.file(name + '.backup', b'another'), self.file('x' + name + '.part-aB3dE6', b'another')]
            self.on_site(*words, self.site.directory / name, code=(DONE, FINDINGS))
            self.assertFalse(left.exists())
            self.assertEqual([other.exists() for other in others], [True, True])
        pages = self.site.directory / 'pages'
        pages.mkdir()
        (pages / 'owner-x.html.part-aB3dE6').touch()
        self.on_site('report', '--owners', pages)
        self.assertEqual(list(pages.glob('*.part-*')), [])

    def test_output_beyond_the_limit_on_file_sizes_is_an_error_and_no_signal(self):
        limited = {'preexec_fn': lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))}
        self.refused('report', '--html', self.site.directory / 'page.html', *self.site.options, words=['page.html'],
                     **limited)
        self.assertEqual(list(self.site.directory.glob('page.html*')), [])


class Contract(sites.SmallSiteTest):
    def files(self, pattern):
        return sorted(self.site.directory.glob(pattern))

    def killed(self, pattern, is_far=lambda file: True):
        """Kills a contract as soon as such a file is there."""
        process = program.start('contract', *self.site.options, '--yes', cwd=self.site.directory)
        program.wait_for(lambda: process.poll() is not None or any(map(is_far, self.files(pattern))))
        self.assertIsNone(process.poll(), 'too quick')
        process.kill()
        process.communicate()

    def test_a_safety_copy_that_was_killed_does_not_look_like_one(self):
        self.site.add_legacy_signature(self.site.add(b'signed'))
        self.sync('--grace', '0s')
        self.site.database.execute('CREATE TABLE filler AS SELECT randomblob(40000000) AS bytes')
        self.killed('backglance-before-contract-*')
        self.assertEqual(self.files('backglance-before-contract-*.sqlite'), [])
        self.assertEqual(len(self.files('backglance-before-contract-*')), 1)
        self.site.database.execute('DROP TABLE filler')
        self.on_site('contract', '--yes')
        (copy,) = self.files('backglance-before-contract-*')
        self.assertEqual(sites.Database(copy).value('SELECT count(*) FROM images'), 1)

    def test_an_archive_of_a_killed_contract_is_not_called_complete_and_gives_everything_back(self):
        with self.site.database.batch():
            for number in range(100):
                self.site.add_legacy_signature(self.site.add(b'%d' % number))
        self.sync('--grace', '0s')
        removed = 'SELECT count(*) FROM image_properties WHERE deleted <> 0'
        self.killed('backglance-removed-*', lambda file: file.stat().st_size and self.site.database.value(removed))
        self.assertEqual(self.files('backglance-removed-*.jsonl'), [])
        (archive,) = self.files('backglance-removed-*.jsonl.unfinished')
        self.on_site('contract', '--uninstall', '--yes')
        # The kill may have come between its last line and its final name.
        self.on_site('contract', '--revert', '--archive', archive, '--unsigned', '--incomplete', code=(FINDINGS, DONE))
        self.assertEqual(self.site.database.value(removed), 0)


class Text(sites.SmallSiteTest):
    def assert_plain(self, text, where):
        self.assertEqual(OBEYED.findall(text), [], where)

    def test_text_that_a_terminal_obeys_is_written_out_everywhere(self):
        image_id = 'im%sage' % TRICKS
        lost = self.site.add(b'content', id=image_id, name='na%sme' % TRICKS, owner='ow%sner' % TRICKS)
        self.site.path_of(lost).unlink()
        # The host sees the store, so the other image really is missing.
        self.site.add(b'another')
        self.site.add_legacy_signature(lost)
        self.on_site('expand')
        self.on_site('migrate', '--grace', '0s', '--tag', 'look')
        for log in ('text', 'json'):
            for target in ('-', self.site.directory / log):
                result = self.on_site('backfill', '--retry-failed', '--log', target, '--log-format', log, code=FINDINGS)
                text = result.err if target == '-' else target.read_text()
                self.assertIn('im\\u202e\\u2066', text.replace('\\\\', '\\'))
                self.assert_plain(text + result.err + result.out, log)
        page = self.site.directory / 'page.html'
        for words, code in ((('report',), DONE), (('report', '--csv'), DONE), (('report', '--csv=findings'), DONE),
                            (('report', '--json'), DONE), (('report', '--html', page), DONE), (('status',), DONE),
                            (('verify',), FINDINGS), (('verify', '--json'), FINDINGS),
                            (('backfill', '--image', 'x%s' % TRICKS), USAGE),
                            (('report', '--html', 'no%s/x' % TRICKS), FAILED),
                            (('report', '--html', 'no\nbackglance: all is well/x'), FAILED),
                            (('bad\nbackglance: all is well',), USAGE), (('report', '--csv=%s' % TRICKS), USAGE), (('backfill', '--jobs', TRICKS), USAGE),
                            (('migrate', '--owner-grace', 'ow%sner=3d' % TRICKS), DONE)):
            with self.subTest(words):
                result = self.on_site(*words, code=(code, DONE, FINDINGS))
                self.assert_plain(result.out.replace('\r\n', '\n') + result.err, words)
                self.assertNotIn('\nbackglance: all is well', result.err)
        self.assert_plain(page.read_text(), 'the page')
        self.assertEqual(self.on_site('report', '--json').object['backfill']['findings'][0]['image_id'], image_id)


if __name__ == '__main__':
    program.main()
