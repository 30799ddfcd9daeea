#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wrong use and broken sites: one clear line, the right exit code, nothing lost."""

import contextlib
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import time

import program
from program import DONE, EXPAND_DUE, FAILED, INTERRUPTED, FINDINGS, MIGRATE_DUE, USAGE
import sites
import glance_schema

NOBODY = ('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups')
KEY = 'a key that is 33 bytes long, sir!'


def as_nobody():
    return NOBODY if os.getuid() == 0 else ()


def namespace(script):
    """The command that runs a shell script in mounts of its own."""
    user = () if os.getuid() == 0 else ('--map-root-user',)
    return ('unshare', '--mount', *user, 'sh', '-c', script, 'sh')


class Usage(sites.SmallSiteTest):
    def test_wrong_use_of_the_command_line(self):
        options = ('--config-file', str(self.site.config))
        for arguments in (
                (), ('destroy',), ('--destroy',), ('status', 'extra'), ('status', '--no-such-option'),
                ('status', '--dry-run'), ('backfill', '--jobs', '0'), ('backfill', '--jobs', '-1'),
                ('backfill', '--jobs', '1025'), ('backfill', '--jobs', 'many'), ('backfill', '--jobs'),
                ('backfill', '--limit', '0'), ('backfill', '--limit', '-1'),
                ('backfill', '--limit', '1x'),
                ('backfill', '--bandwidth', 'x'), ('backfill', '--bandwidth', '0'),
                ('backfill', '--bandwidth', '-5M'), ('backfill', '--bandwidth', '5X'),
                ('backfill', '--max-bytes', '1.5G'), ('backfill', '--max-bytes', '-1'),
                ('backfill', '--max-bytes', '1000'), ('backfill', '--bandwidth', '50'),
                ('backfill', '--checkpoint-every', '256'), ('backfill', '--max-runtime', '0'),
                ('backfill', '--checkpoint-every', '1G', '--digest-engine', 'openssl'),
                ('backfill', '--max-bytes', '9999999999T'), ('backfill', '--max-runtime', 'soon'),
                ('backfill', '--max-runtime', '-1s'), ('verify', '--limit', '-1'),
                ('migrate', '--grace', '10x'), ('migrate', '--grace', '-5d'), ('migrate', '--grace', ''),
                ('migrate', '--grace', '99999999999999999999d'), ('sync', '--grace', '5 moons'),
                *((command, '--owner-grace', *words) for command in ('migrate', 'sync') for words in (
                    (), ('someone',), ('=30d',), ('someone=',), ('someone=30',), ('someone=30d=',), ('',),
                    ('someone=1d', '--owner-grace', 'someone=1d'), ('a=1d', 'b=1d'))),
                ('migrate', '--untag', 'a', '--owner-grace', 'a=1d'),
                *(('backfill', '--sweep', *option) for option in (
                    ('--image', 'x'), ('--retry-failed',), ('--limit', '1'), ('--max-bytes', '1G'),
                    ('--max-runtime', '1h'), ('--jobs', '1'), ('--bandwidth', '1M'))),
                ('backfill', '--forget'), ('sync', '--forget', '--image', 'x'),
                ('backfill', '--sweep', '--forget', '--image', 'x'), ('sync', '--sweep'), ('sync', '--untag', 'a'),
                ('migrate', '--tag', 'a', '--untag', 'b'), ('migrate', '--tag', 'x' * 256),
                ('report', '--csv=rows'), ('expand', '--revert', '--repair'),
                ('contract', '--revert', '--uninstall')):
            # `options` last, so that a missing argument is not taken from them
            with self.subTest(arguments):
                before = program.tree_digest(self.site.directory)
                where = options if arguments and arguments[0] in program.COMMANDS else ()
                self.refused(*arguments, *where, code=USAGE)
                self.assertEqual(program.tree_digest(self.site.directory), before)

    def test_an_option_is_not_taken_for_a_value(self):
        """A dry run must not become a real one because the value before it was forgotten."""
        for arguments in (('migrate', '--tag', '--dry-run'), ('pause', '--reason', '--dry-run'),
                          ('report', '--html', '--json'), ('backfill', '--image', '--config-file', 'x')):
            with self.subTest(arguments):
                self.refused(*arguments, code=USAGE, words=["'%s' is an option" % arguments[2]])

    def test_a_mistyped_command_is_suggested(self):
        for typed, meant in (('bakcfill', 'backfill'), ('stauts', 'status'), ('chek', 'check'),
                             ('Verify', 'verify'), ('expnad', 'expand'), ('sycn', 'sync')):
            self.refused(typed, code=USAGE, words=['no command %s' % typed, 'did you mean %s?' % meant])
            self.refused(typed, '--json', code=USAGE, words=['did you mean %s?' % meant])
        for typed in ('destroy', 'x', 'x' * 5000, 'a\x1b[31m'):
            self.assertNotIn('did you mean', self.refused(typed, code=USAGE, words=['no command']).err)

    def test_a_mistyped_option_is_named_first_with_the_nearest_one(self):
        for arguments, words in (
                (('backfill', '--limt', '3'), '--limt: backfill has no such option; did you mean --limit?'),
                (('backfill', '-limit', '3'), '-limit: backfill has no such option; did you mean --limit?'),
                (('verify', '--max-run', '3h'), '--max-run: verify has no such option; did you mean --max-runtime?'),
                (('verify', '--retry-failed'), '--retry-failed: verify has no such option; backfill and sync have it'),
                (('--limit', '3', 'backfill'),
                 '--limit: this option belongs after the command: backglance backfill --limit'),
                (('--limt', '3', 'backfill'), '--limt: backfill has no such option; did you mean --limit?'),
                (('--nope',), '--nope: there is no such option'),
                (('--untag', 'x'), '--untag: this option requires a command before it; migrate has it'),
                (('status', '--version'), '--version: this option belongs to no command: backglance --version'),
                (('attest', 'check'), 'attest has no command check; it has verify and missing'),
                (('attest', 'verfy'), 'attest has no command verfy; did you mean verify?'),
                (('attest',), 'attest requires a command: verify or missing'),
                (('attest', 'verify', '--confg-file', 'x'), 'did you mean --config-file?'),
                (('version',), 'there is no command version; did you mean --version?'),
                (('help', 'bakcfill'), 'there is no command bakcfill; did you mean backfill?'),
                (('help', 'attest', 'x'), 'attest has no command x; it has verify and missing'),
                (('help', 'status', 'x'), "'x': status has no commands"),
                (('list', 'mising'), "there is no result 'mising'; did you mean missing?"),
                (('backfill', 'verify'), 'verify: only one command can be given, and backfill comes first'),
                (('status', 'extra'), "'extra': status takes no arguments, only options"),
                (('report', '--csv', 'findings'),
                 '--csv findings: a value of --csv follows an equals sign: --csv=findings')):
            with self.subTest(arguments):
                self.refused(*arguments, code=USAGE, words=[words])

    def test_a_flag_with_a_value_is_refused_and_nothing_runs(self):
        """--dry-run=no must not be a dry run, and --yes=no not a yes."""
        flags = [(command, flag) for command in program.COMMANDS
                 for flag in re.findall(r'(?m)^  (--[\w-]+)  ', program.run(command, '--help').out)]
        self.assertIn(('contract', '--yes'), flags)
        before = program.tree_digest(self.site.directory)
        for command, flag in flags:
            for value in ('no', 'true', ''):
                with self.subTest('%s %s=%s' % (command, flag, value)):
                    self.refused(command, *self.site.options, '%s=%s' % (flag, value), code=USAGE,
                                 words=['%s takes no value' % flag])
        self.refused('backfill', '--dry-run', 'no', code=USAGE, words=['--dry-run takes no value'])
        self.assertEqual(program.tree_digest(self.site.directory), before)

    def test_an_empty_value_is_refused_and_does_not_take_the_next_word(self):
        for arguments in (('backfill', '--image=', 'x'), ('backfill', '--image', ''), ('migrate', '--tag', ''),
                          ('migrate', '--tag='), ('status', '--config-file', ''), ('status', '--config-file=', 'x'),
                          ('report', '--html='), ('report', '--csv='), ('contract', '--archive-dir='),
                          ('pause', '--reason=')):
            with self.subTest(arguments):
                self.refused(*arguments, code=USAGE, words=[
                    ': %s: its value is empty' % arguments[1].partition('=')[0]])
        self.refused('migrate', *self.site.options, '--tag', ' ', '--dry-run', code=USAGE, words=[': --tag: the name'])

    def test_a_value_out_of_range_is_refused_with_what_is_allowed(self):
        for command, option, value, words in (
                ('backfill', '--bandwidth', '0M', 'from 1B to 8191P'),
                ('backfill', '--max-bytes', '9999999999T', 'from 1B to 8191P'),
                ('backfill', '--checkpoint-every', '5', 'from 1B to 8191P'),
                ('migrate', '--grace', '99999999d', 'from 0s to 36600000d'),
                ('backfill', '--max-runtime', '0s', 'from 1s to 36600000d'),
                ('backfill', '--max-lag', '3', 'from 0s to 36600000d'),
                ('sync', '--owner-grace', 'foo=3', 'from 0s to 36600000d')):
            with self.subTest(option):
                self.refused(command, option, value, code=USAGE, words=[': %s %s: must be' % (option, value), words])
        for value in ('010', '0x10', '1e3', '99999999999999999999'):
            self.refused('backfill', '--limit', value, code=USAGE, words=[
                "--limit: must be a whole number from 1 to 9223372036854775807, not '%s'" % value])
        self.refused('status', '--database', 'junk', code=USAGE, words=[': --database: '])
        self.refused('backfill', '--max-lag=1s', '--lag-database', 'junk', code=USAGE, words=[': --lag-database: '])

    def test_a_missing_input_file_is_wrong_usage_whatever_option_names_it(self):
        key = self.site.directory / 'key.pem'
        key.write_text('no key')
        for arguments in (
                ('status', '--config-file', '{}'), ('status', '--config-dir', '{}'),
                ('backfill', '--attest', '{}'), ('verify', '--certificates', '{}'),
                ('verify', '--certificates', self.site.store, '--trusted-certificates', '{}'),
                ('contract', '--attest', '{}'), ('contract', '--revert', '--archive', '{}', '--unsigned'),
                ('contract', '--revert', '--archive', '{}', '--key', '{}'),
                ('attest', 'verify', '{}', '--key', '{}'), ('attest', 'missing', '{}', '--key', '{}')):
            for path in (self.site.directory / 'none', key if '--config-dir' in arguments else self.site.store):
                if path == self.site.store and any('certificates' in str(word) for word in arguments):
                    continue
                with self.subTest('%s %s' % (arguments, path)):
                    options = () if str(arguments[1]).startswith('--config') else self.site.options
                    result = self.refused(*(str(path) if word == '{}' else word for word in arguments), *options,
                                          code=USAGE, words=[str(path)])
                    self.assertRegex(result.err, 'No such file|Is a directory|not a directory')

    def test_wrong_use_is_an_object_with_json(self):
        for arguments in (('status', '--bogus'), ('status', '--json=no'), ('--bogus',), ('bakcfill',),
                          ('status', '--config-file', '/none')):
            with self.subTest(arguments):
                result = self.refused(*arguments, '--json', code=USAGE)
                self.assertEqual(result.object['error']['exit_code'], USAGE)
                self.assertIn(result.object['error']['text'], result.err)

    def test_unknown_image_is_refused(self):
        self.on_site('expand')
        for image_id in ('00000000-0000-4000-8000-000000000000', 'x\n\x1b[31m', 'x' * 5000):
            for command in ('backfill', 'verify'):
                self.assert_one_line(self.on_site(command, '--image', image_id, code=USAGE))

    def test_sync_with_an_unknown_image_changes_nothing(self):
        result = self.on_site('sync', '--image', 'no-such-image', '--grace', '1s', code=USAGE)
        self.assert_one_line(result, ["there is no image 'no-such-image'"])
        self.on_site('check', code=EXPAND_DUE)

    def test_metrics_need_a_file(self):
        result = self.on_site('backfill', '--metrics', '-', code=USAGE)
        self.assert_one_line(result, ['--metrics -'])

    def test_unknown_hashing_algorithm(self):
        self.site.add()
        self.on_site('expand')
        for name in ('whirlpool2', 'shake_128', '', 'sha512\x07'):
            if name:
                self.site.write_config('hashing_algorithm = %s' % name)
                result = self.on_site('backfill', code=USAGE)
                self.assert_one_line(result, ['hashing_algorithm'])

    def test_every_command_that_depends_on_a_misspelt_hashing_algorithm_refuses_it(self):
        self.site.add_legacy_signature(self.site.add())
        self.site.write_config('hashing_algorithm = sha215')
        before = program.tree_digest(self.site.directory)
        for command in (('plan',), ('check',), ('backfill',), ('backfill', '--dry-run'), ('verify',),
                        ('verify', '--dry-run'), ('backfill', '--sweep', '--dry-run'), ('sync',),
                        ('sync', '--dry-run'), ('contract', '--yes'), ('contract', '--dry-run'),
                        ('contract', '--settled', '--yes')):
            with self.subTest(command):
                self.assert_one_line(self.on_site(*command, code=USAGE), ['hashing_algorithm = sha215'])
        self.assertEqual(program.tree_digest(self.site.directory), before)
        # The others do without it: what they do, or undo, has nothing to do with a hash.
        self.assertIn('sha215 ** not a known algorithm **', self.on_site('status').out)
        for command in (('expand',), ('migrate',), ('report',), ('pause',), ('resume',),
                        ('contract', '--uninstall', '--yes')):
            self.on_site(*command)

    def test_a_dry_run_refuses_a_load_that_the_database_cannot_tell(self):
        before = program.tree_digest(self.site.directory)
        for command in (('backfill', '--dry-run'), ('verify', '--dry-run'), ('sync', '--dry-run'), ('sync',)):
            self.assert_one_line(self.on_site(*command, '--max-load', '1', code=USAGE), ['--max-load is not supported'])
        self.assertEqual(program.tree_digest(self.site.directory), before)

    def test_a_dry_run_refuses_a_replica_that_cannot_be_asked(self):
        before = program.tree_digest(self.site.directory)
        lag = ('--max-lag', '1s', '--lag-database', 'postgresql://nobody@127.0.0.1:1/glance')
        for command in (('backfill', '--dry-run'), ('verify', '--dry-run'), ('sync', '--dry-run'), ('sync',),
                        ('backfill',)):
            result = self.on_site(*command, *lag, code=FAILED)
            self.assertIn('127.0.0.1', result.err)
            self.assertEqual(result.out, '')
        self.assertEqual(program.tree_digest(self.site.directory), before)

    def test_encryption_key_of_the_wrong_length(self):
        self.site.write_config('metadata_encryption_key = %s' % KEY)
        for command in program.COMMANDS:
            result = self.on_site(command, code=USAGE)
            self.assert_one_line(result, ['metadata_encryption_key', '16, 24 or 32'])
            self.assertNotIn(KEY, result.err)


class Config(sites.SmallSiteTest):
    def test_no_configuration_at_all(self):
        hide = ('for d in /etc/glance; do [ ! -d $d ] || mount -t tmpfs tmpfs $d; done;'
                ' for f in glance.conf glance-api.conf; do [ ! -e /etc/$f ] || exit 99; done;'
                ' exec "$@"')
        self.refused('status', code=USAGE, words=['--config-file', '--database'],
                     prefix=namespace(hide), env=dict(os.environ, HOME='/nonexistent'))

    def test_files_that_cannot_be_used(self):
        directory = self.scratch()
        broken = directory / 'broken.conf'
        broken.write_text('[DEFAULT]\nthis line is none\n')
        early = directory / 'early.conf'
        early.write_text('connection = sqlite:////tmp/x\n')
        unclosed = directory / 'unclosed.conf'
        unclosed.write_text('[database\nconnection = sqlite:////tmp/x\n')
        empty = directory / 'empty.conf'
        empty.write_text('')
        binary = directory / 'binary.conf'
        binary.write_bytes(bytes(range(256)) * 16)
        loop = directory / 'loop.conf'
        loop.write_text('[DEFAULT]\na = $b\nb = $a\n[database]\nconnection = sqlite:///$a\n')
        for path in (directory / 'none.conf', directory, broken, early, unclosed, empty, binary, loop):
            with self.subTest(path.name):
                self.refused('status', '--config-file', path, code=(FAILED, USAGE))
        self.refused('status', '--config-dir', directory / 'no', code=(FAILED, USAGE))

    def test_wrong_urls(self):
        for url in ('', 'sqlite', 'sqlite:/one/slash', 'sqlite://', 'sqlite:////', 'sqlite://host/path',
                    'nonsense://x/y', '/var/lib/glance/glance.sqlite', 'sqlite:///a\nb', '%', 'sqlite:///%zz'):
            with self.subTest(url):
                self.refused('status', '--database', url, code=(FAILED, USAGE))


class Databases(sites.SmallSiteTest):
    """Every command refuses what is no database of Glance's, or none that it knows."""

    def assert_refused(self, path, words=(), commands=program.COMMANDS):
        before = path.read_bytes() if path.is_file() else None
        for command in commands:
            with self.subTest(command):
                self.refused(command, '--database', 'sqlite:///%s' % path, '--store-dir',
                             self.site.store, words=words)
        if before is not None:
            self.assertEqual(path.read_bytes(), before)

    def test_missing(self):
        self.assert_refused(self.site.directory / 'none.sqlite', ['No such file'])
        self.assertFalse((self.site.directory / 'none.sqlite').exists())

    def test_directory(self):
        self.assert_refused(self.site.store, ['not a regular file'])

    def test_no_database_at_all(self):
        path = self.site.directory / 'text'
        path.write_text('This is text, and rather more of it than a header of SQLite holds.\n' * 100)
        self.assert_refused(path, ['not an SQLite database'])

    def test_empty_file(self):
        path = self.site.directory / 'empty'
        path.write_bytes(b'')
        self.assert_refused(path, ['empty'])

    def test_another_program_s_database(self):
        path = self.site.directory / 'other.sqlite'
        with sqlite3.connect(path) as connection:
            connection.execute('CREATE TABLE images (id INTEGER PRIMARY KEY, name TEXT)')
            connection.execute('CREATE TABLE alembic_version (version_num TEXT)')
        self.assert_refused(path, ['not a Glance database'])

    def test_older_than_queens(self):
        path = self.site.directory / 'pike.sqlite'
        glance_schema.make_schema_in_subprocess('sqlite:///%s' % path, 'pike_contract01')
        # status and the like may look
        self.assert_refused(path, ['pike_contract01'], ('plan', 'expand', 'sync', 'check'))

    def test_revisions_that_nobody_knows(self):
        for version in ('zebra_contract01', '', "'; DROP TABLE images; --", 'x' * 10000):
            self.site.database.execute('UPDATE alembic_version SET version_num = ?', version)
            self.assert_refused(self.site.database.path, (), ('plan', 'expand', 'sync', 'check'))

    def test_revision_rows_that_are_gone(self):
        self.site.database.execute('DELETE FROM alembic_version')
        self.assert_refused(self.site.database.path, ['alembic_version'],
                            ('plan', 'expand', 'sync', 'check'))

    def test_damaged(self):
        for number in range(500):
            self.site.add(b'', name='n' * 200, location='file:///x')
        whole = self.site.database.path.read_bytes()
        for name, data in (('half', whole[:len(whole) // 2]), ('odd', whole[:len(whole) // 2 + 777]),
                           ('header', whole[:100]), ('first page', whole[:4096]),
                           ('scribbled', whole[:4096] + b'\xa5' * (len(whole) - 4096))):
            with self.subTest(name):
                path = self.site.directory / name
                path.write_bytes(data)
                self.assert_refused(path, (), ('plan', 'expand', 'sync', 'check'))

    def test_damaged_after_expand(self):
        for number in range(500):
            self.site.add(b'', name='n' * 200, location='file:///x')
        self.site.add(b'one that is there')
        self.sync(code=FINDINGS)
        whole = self.site.database.path.read_bytes()
        self.site.database.path.write_bytes(whole[:len(whole) // 3])
        self.assert_refused(self.site.database.path, ['damaged'], ('report', 'backfill', 'check'))

    def test_locked_by_another_process(self):
        self.sync()
        connection = self.site.database.connect()
        self.addCleanup(connection.close)
        connection.execute('BEGIN EXCLUSIVE')
        began = time.monotonic()
        waiting = [program.start(command, *self.site.options) for command in program.COMMANDS]
        for process in waiting:
            result = program.finish(process)
            self.assert_code(result, FAILED)
            self.assert_one_line(result, ['locked'])
        # 10 s each, and the time that ten processes take to start
        self.assertLess(time.monotonic() - began, 20)
        connection.rollback()
        self.on_site('check')

    def test_write_lock_alone_does_not_keep_readers_out(self):
        self.sync()
        connection = self.site.database.connect()
        self.addCleanup(connection.close)
        connection.execute('BEGIN IMMEDIATE')
        for command in ('status', 'plan', 'report', 'check'):
            self.on_site(command)


class Rights(sites.SmallSiteTest):
    """As a user who is not root: nobody, if the tests run as root."""

    def setUp(self):
        super().setUp()
        # Where the program was built, that user may have no right to enter.
        self.copy = self.scratch() / 'backglance'
        shutil.copy(program.binary(), self.copy)
        self.copy.chmod(0o755)
        self.image = self.site.add(b'bytes')
        self.on_site('expand')
        self.addCleanup(self.restore)

    def restore(self):
        self.site.directory.chmod(0o755)
        self.site.store.chmod(0o755)

    def as_user(self, command, *arguments, code):
        done = subprocess.run([*as_nobody(), self.copy, command, *self.site.options, *arguments],
                              check=False, stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=program.TIMEOUT)
        result = program.Result(done.args, done.returncode, done.stdout, done.stderr)
        self.assert_code(result, code)
        return result

    def test_read_only_file_can_be_looked_at(self):
        self.site.database.path.chmod(0o444)
        self.site.directory.chmod(0o555)
        before = self.site.database.path.read_bytes()
        for command in ('status', 'plan'):
            self.as_user(command, code=DONE)
        self.as_user('check', code=program.MIGRATE_DUE)
        self.as_user('migrate', '--dry-run', code=DONE)
        for arguments in (('migrate',), ('backfill',), ('sync',), ('contract', '--uninstall', '--yes')):
            self.assert_one_line(self.as_user(*arguments, code=FAILED), ['read-only'])
        self.assertEqual(self.site.database.path.read_bytes(), before)

    def test_directory_in_which_no_journal_can_be_created(self):
        self.site.database.path.chmod(0o666)
        self.site.directory.chmod(0o555)
        self.assert_one_line(self.as_user('migrate', code=FAILED))

    def test_file_that_may_not_be_read(self):
        self.site.database.path.chmod(0)
        self.assert_one_line(self.as_user('status', code=FAILED), ['opened'])

    def test_configuration_that_may_not_be_read(self):
        self.site.config.chmod(0)
        self.assert_one_line(self.as_user('status', code=(FAILED, USAGE)), ['glance-api.conf'])

    def test_store_that_may_not_be_read(self):
        self.site.store.chmod(0)
        self.site.database.path.chmod(0o666)
        self.site.directory.chmod(0o777)
        self.assert_one_line(self.as_user('backfill', code=FAILED), ['no store can be opened'])
        self.assertEqual(self.site.database.rows('SELECT * FROM backglance_item'), [])

    def test_image_that_may_not_be_read(self):
        # Another image shows that this user sees the store.
        self.site.add(b'another')
        self.site.path_of(self.image).chmod(0)
        self.site.database.path.chmod(0o666)
        self.site.directory.chmod(0o777)
        result = self.as_user('backfill', '--json', code=FINDINGS)
        self.assertEqual(result.object['classes'], {'unreadable': {'images': 1, 'bytes': 0},
                                                    'hashed': {'images': 1, 'bytes': 7}})
        # contract does not take "may not be read" for "is not there".
        self.assertIn('Permission denied (1)', self.as_user('contract', '--yes', code=FAILED).err)
        self.site.path_of(self.image).chmod(0o644)
        self.on_site('backfill', '--retry-failed')


class FullDisk(sites.SmallSiteTest):
    """The database is moved to a small file system, which is then filled up."""

    SIZE = 4 << 20

    def setUp(self):
        super().setUp()
        for number in range(40):
            self.site.add(number.to_bytes(4, 'big') * 8192)
        self.site.add_legacy_signature(self.site.add(b'signed'))
        self.small = self.scratch()
        self.holder = subprocess.Popen(
            namespace('mount -t tmpfs -o size=%d,mode=755 tmpfs "$1" && echo mounted && exec cat'
                      % self.SIZE) + (str(self.small),), stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.addCleanup(self.release)
        self.assertEqual(self.holder.stdout.readline(), b'mounted\n', 'no mount namespace: be root')

    def namespace_of_holder(self):
        return ('nsenter', '--target', str(self.holder.pid), '--mount',
                *(() if os.getuid() == 0 else ('--user', '--preserve-credentials')))

    def release(self):
        self.holder.stdin.close()
        self.holder.wait()
        self.holder.stdout.close()

    @property
    def inside(self):
        return pathlib.Path('/proc/%d/root%s' % (self.holder.pid, self.small))

    def move_in(self):
        shutil.copy(self.site.database.path, self.inside / 'glance.sqlite')

    def look(self):
        """A copy of the database as it stands on the small file system."""
        directory = self.scratch()
        for path in self.inside.glob('glance.sqlite*'):
            # A journal goes with its transaction.
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(path, directory)
        return sites.Database(directory / 'glance.sqlite')

    def fill(self):
        with open(self.inside / 'filler', 'ab', buffering=0) as file:
            for size in (65536, 4096):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    pass

    def start(self, command, *arguments):
        return program.start(command, '--database', 'sqlite:///%s/glance.sqlite' % self.small,
                             '--store-dir', self.site.store, *arguments,
                             prefix=self.namespace_of_holder())

    def on_full_disk(self, command, *arguments, code=DONE):
        result = program.finish(self.start(command, *arguments))
        self.assert_code(result, code)
        return result

    def assert_full(self, command, *arguments):
        before = self.contents()
        self.fill()
        result = self.on_full_disk(command, *arguments, code=FAILED)
        self.assert_one_line(result, ['full'])
        self.assertTrue(self.look().is_sound())
        self.assertEqual(self.contents(), before)
        (self.inside / 'filler').unlink()

    def start_logged(self, *arguments):
        self.log = self.scratch() / 'log'
        return self.start('backfill', '--log', self.log, *arguments)

    def assert_waits_for_room(self, process):
        """And ends when it is told to, with its one line."""
        program.wait_for(lambda: process.poll() is not None or
                         self.log.exists() and ' waiting ' in self.log.read_text())
        if process.poll() is None:
            process.terminate()
        result = program.finish(process)
        self.assertIn(result.code, (FAILED, INTERRUPTED), str(result))
        self.assertIn('full', result.err)
        self.assertTrue(self.look().is_sound())

    def contents(self):
        database = self.look()
        return {table: database.rows('SELECT * FROM "%s"' % table) for table in database.tables()
                if table not in ('backglance_run', 'sqlite_sequence')}

    def test_each_command_reports_a_full_disk_and_continues_when_there_is_space(self):
        self.move_in()
        self.assert_full('expand')
        self.on_full_disk('expand')
        self.assert_full('migrate')
        self.on_full_disk('migrate', '--grace', '0s')
        before = self.contents()
        self.fill()
        self.assert_waits_for_room(self.start_logged())
        self.assertEqual(self.contents(), before)
        (self.inside / 'filler').unlink()
        self.assertEqual(self.on_full_disk('backfill', '--json').object['classes']['hashed']['images'],
                         41)
        self.assert_full('contract', '--yes')
        self.assertEqual([path.name for path in self.inside.glob('backglance-*')], [])
        self.assertIn('removed 4 ', self.on_full_disk('contract', '--yes').out)

    def test_disk_that_fills_up_during_a_backfill_loses_nothing_that_was_published(self):
        self.on_site('expand')
        self.on_site('migrate')
        # Rows of the ledger grow as results come; so that they need new pages soon
        self.site.database.execute(
            "UPDATE images SET name = replace(hex(zeroblob(127)), '00', 'n')")
        self.move_in()
        process = self.start_logged('--jobs', '1', '--bandwidth', '512K')
        program.wait_for(lambda: self.look().value(
            'SELECT count(*) FROM images WHERE os_hash_value IS NOT NULL') or
            process.poll() is not None)
        self.fill()
        self.assert_waits_for_room(process)
        database = self.look()
        published = database.rows('SELECT id, os_hash_value FROM images WHERE os_hash_value IS NOT NULL')
        self.assertGreater(len(published), 0)
        self.assertLess(len(published), 41)
        for image_id, value in published:
            self.assertEqual(value, sites.sha512(self.site.path_of(image_id).read_bytes()))
        (self.inside / 'filler').unlink()
        rest = self.on_full_disk('backfill', '--json').object
        self.assertEqual(rest['classes']['hashed']['images'], 41 - len(published))


if __name__ == '__main__':
    program.main()
