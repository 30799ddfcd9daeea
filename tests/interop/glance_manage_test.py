#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compares what `backglance expand` makes with what Glance makes, and lets the real glance-manage go on.

    /usr/bin/python3 tests/interop/glance_manage_test.py [BINARY] [CLASS...]

BINARY, else the variable BACKGLANCE, is the program; the classes at the end are the states to start from,
all of them if none is named. Needs Debian's glance-common. On SQLite, or on the server that the environment
names (tests/servers/databases.py).
"""

import functools
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import schemas

GLANCE_MANAGE = '/usr/bin/glance-manage'
# expand and all that follows it, with the question in between whose exit code operators' scripts read
ROLLING = ('check', 'expand', 'check', 'migrate', 'check', 'contract', 'check')
OLD_INSERT = '''
    INSERT INTO images (id, name, status, created_at, deleted, min_disk, min_ram, protected, visibility)
    VALUES (%s, 'made by an old Glance', 'queued', '2018-01-02 03:04:05', FALSE, 0, 0, FALSE, 'private')'''
# There Glance knows `db sync` alone: it refuses the steps.
SYNC_ALONE = schemas.kind() is schemas.Postgresql

binary = None
scratch = None  # a directory of this process


def at_revision(revision):
    return schemas.kind().at_revision(revision)


def glance_manage(database, *arguments):
    with tempfile.NamedTemporaryFile('w', suffix='.conf', dir=scratch) as config:
        config.write('[database]\nconnection = %s\n' % database.url.replace('$', '$$'))
        config.flush()
        return subprocess.run([GLANCE_MANAGE, '--config-file', config.name, 'db', *arguments],
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def roll(database):
    """Takes the database to glance-manage's head step by step; the exit code of each."""
    codes = []
    for command in ROLLING:
        done = glance_manage(database, command)
        codes.append((command, done.returncode))
        if done.returncode not in (0, 3, 4, 5):
            raise AssertionError('glance-manage db %s: %s' % (command, done.stdout))
    return codes


@functools.cache
def rolled(revision):
    """What `roll` does to a database that only Glance has touched: the exit codes and the dump."""
    with tempfile.TemporaryDirectory(dir=scratch) as directory:
        database = at_revision(revision).copy(directory)
        codes = roll(database)
        dump = database.dump()
        database.remove()
    return codes, dump


class StartCase:
    """One set of alembic rows to start from. `reference` is the row set, as glance_schema.py takes it,
    at which Glance's own Rocky expand steps leave such a database."""

    start = None
    reference = None

    def setUp(self):
        self.maxDiff = None
        directory = tempfile.TemporaryDirectory(prefix='interop-')
        self.addCleanup(directory.cleanup)
        self.database = at_revision(self.start).copy(directory.name)
        self.addCleanup(self.database.remove)

    def backglance(self, *arguments):
        done = subprocess.run([binary, *arguments, '--database', self.database.url],
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def insert_as_old_glance(self, image_id):
        self.database.rows(OLD_INSERT, image_id)

    def assert_at(self, revision):
        self.assertEqual(self.database.dump(), at_revision(revision).dump())

    def test_expand_makes_what_glance_makes(self):
        self.backglance('expand')
        self.assert_at(self.reference)
        self.assertTrue(self.database.own_tables())

    def test_second_expand_changes_nothing(self):
        self.backglance('expand')
        before = self.database.dump(), self.database.own_tables()
        self.backglance('expand')
        self.assertEqual((self.database.dump(), self.database.own_tables()), before)

    @unittest.skipIf(SYNC_ALONE, 'glance-manage refuses the steps on PostgreSQL')
    def test_glance_manage_goes_on_step_by_step(self):
        self.backglance('expand')
        codes, reference = rolled(self.reference)
        self.assertEqual(roll(self.database), codes)
        self.assertEqual(self.database.dump(), reference)
        self.assert_at('head')

    def test_glance_manage_goes_on_by_sync(self):
        self.backglance('expand')
        done = glance_manage(self.database, 'sync')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assert_at('head')
        if not SYNC_ALONE:
            self.assertEqual(glance_manage(self.database, 'check').returncode, 0)
        # and a site at the head is one that expand leaves alone
        self.backglance('expand')
        self.assert_at('head')

    def test_old_writers_go_on_after_expand(self):
        self.insert_as_old_glance('00000000-0000-4000-8000-000000000001')
        self.backglance('expand')
        self.insert_as_old_glance('00000000-0000-4000-8000-000000000002')
        rows = self.database.rows('SELECT os_hidden, os_hash_algo, os_hash_value FROM images')
        self.assertEqual(rows, [(0, None, None)] * 2)

    def test_revert_keeps_what_a_revision_row_promises(self):
        self.backglance('expand')
        self.backglance('expand', '--revert')
        self.assert_at(self.reference)
        self.assertEqual(self.database.own_tables(), [])
        self.backglance('expand')
        self.assert_at(self.reference)


class Queens(StartCase, unittest.TestCase):
    start = 'queens_contract01'
    reference = 'queens_contract01+rocky_expand02'

    def test_glance_manage_goes_on_beside_the_guard(self):
        self.backglance('expand', '--guard')
        if SYNC_ALONE:
            done = glance_manage(self.database, 'sync')
            self.assertEqual(done.returncode, 0, done.stdout)
        else:
            codes, _ = rolled(self.reference)
            self.assertEqual(roll(self.database), codes)
        self.assertIn('; guard installed', self.backglance('check'))
        self.backglance('expand', '--revert', '--guard')
        self.assert_at('head')

    def test_glance_manage_goes_on_after_a_revert(self):
        self.backglance('expand')
        self.backglance('expand', '--revert')
        done = glance_manage(self.database, 'sync')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assert_at('head')


class QueensRolling(StartCase, unittest.TestCase):
    start = 'queens_contract01+rocky_expand01'
    reference = 'queens_contract01+rocky_expand02'


class BeforeHashColumns(StartCase, unittest.TestCase):
    start = 'rocky_contract01'
    reference = 'rocky_contract01+rocky_expand02'


class RockyRolling(StartCase, unittest.TestCase):
    start = 'rocky_contract01+rocky_expand02'
    reference = 'rocky_contract01+rocky_expand02'


class Rocky(StartCase, unittest.TestCase):
    start = 'rocky_contract02'
    reference = 'rocky_contract02'


class Head(StartCase, unittest.TestCase):
    start = 'head'
    reference = 'head'


def main():
    global binary, scratch
    arguments = sys.argv[1:]
    if arguments and not arguments[0].startswith('-') and os.access(arguments[0], os.X_OK):
        binary = arguments.pop(0)
    else:
        binary = os.environ.get('BACKGLANCE')
    if not binary:
        sys.exit('glance_manage_test.py: give the program as first argument or in BACKGLANCE')
    binary = os.path.abspath(binary)
    with tempfile.TemporaryDirectory(prefix='interop-templates-') as directory:
        scratch = directory
        schemas.Sqlite.templates = pathlib.Path(directory)
        program = unittest.main(argv=[sys.argv[0], *arguments], exit=False)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
