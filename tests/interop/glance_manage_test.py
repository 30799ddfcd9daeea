#!/usr/bin/python3
"""Compares what `backglance expand` makes with what Glance makes, and lets the real glance-manage go on.

    /usr/bin/python3 tests/interop/glance_manage_test.py [BINARY] [CLASS...]

BINARY, else the variable BACKGLANCE, is the program; the classes at the end are the states to start from,
all of them if none is named. Needs Debian's glance-common.
"""

import contextlib
import functools
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import unittest

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / 'site'))

import glance_schema  # noqa: E402  (found by the line above)

GLANCE_MANAGE = '/usr/bin/glance-manage'
# expand and all that follows it, with the question in between whose exit code operators' scripts read
ROLLING = ('check', 'expand', 'check', 'migrate', 'check', 'contract', 'check')
OLD_INSERT = '''
    INSERT INTO images (id, name, status, created_at, deleted, min_disk, min_ram, visibility)
    VALUES (?, 'made by an old Glance', 'queued', '2018-01-02 03:04:05.000006', 0, 0, 0, 'private')'''

binary = None
templates = None  # a directory of databases, each made once and copied when needed


def template(name, make):
    """A database of this name, made by `make(path)` when it is first asked for."""
    path = templates / name
    if not path.exists():
        make(path)
    return path


def at_revision(revision):
    return template('revision-%s.sqlite' % revision,
                    lambda path: glance_schema.make_schema_in_subprocess(
                        'sqlite:///%s' % path, revision))


def dump(path):
    """Glance's tables, column by column and index by index, and the rows of alembic_version."""
    tables = {}
    with contextlib.closing(sqlite3.connect(path)) as db:
        names = [row[0] for row in db.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND name NOT LIKE 'backglance\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")]
        for name in names:
            indexes = {}
            for _, index, unique, origin, partial in db.execute(
                    'SELECT * FROM pragma_index_list(?)', (name,)):
                keys = db.execute('SELECT * FROM pragma_index_xinfo(?)', (index,)).fetchall()
                indexes[index] = (unique, origin, partial, keys)
            tables[name] = {
                'columns': db.execute('SELECT * FROM pragma_table_xinfo(?)', (name,)).fetchall(),
                'indexes': indexes,
                'foreign keys': db.execute('SELECT * FROM pragma_foreign_key_list(?)',
                                           (name,)).fetchall(),
            }
        views_and_triggers = db.execute(
            "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY name")
        others = views_and_triggers.fetchall()
        rows = sorted(row[0] for row in db.execute('SELECT version_num FROM alembic_version'))
    return {'tables': tables, 'views and triggers': others, 'revisions': rows}


def own_tables(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'backglance\\_%' ESCAPE '\\'")]


def glance_manage(path, *arguments):
    config = path.with_suffix('.conf')
    config.write_text('[database]\nconnection = sqlite:///%s\n' % path)
    return subprocess.run([GLANCE_MANAGE, '--config-file', str(config), 'db', *arguments],
                          check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def roll(path):
    """Takes the database to glance-manage's head step by step; the exit code of each."""
    codes = []
    for command in ROLLING:
        done = glance_manage(path, command)
        codes.append((command, done.returncode))
        if done.returncode not in (0, 3, 4, 5):
            raise AssertionError('glance-manage db %s: %s' % (command, done.stdout))
    return codes


@functools.cache
def rolled(revision):
    """What `roll` does to a database that only Glance has touched: the exit codes and the database."""
    path = templates / ('rolled-%s.sqlite' % revision)
    shutil.copy(at_revision(revision), path)
    return roll(path), path


class StartCase:
    """One set of alembic rows to start from. `reference` is the row set, as glance_schema.py takes it,
    at which Glance's own Rocky expand steps leave such a database."""

    start = None
    reference = None

    def setUp(self):
        self._directory = tempfile.TemporaryDirectory(prefix='interop-')
        self.addCleanup(self._directory.cleanup)
        self.path = pathlib.Path(self._directory.name) / 'glance.sqlite'
        shutil.copy(at_revision(self.start), self.path)
        self.maxDiff = None

    def backglance(self, *arguments):
        done = subprocess.run([binary, *arguments, '--database', 'sqlite:///%s' % self.path],
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def insert_as_old_glance(self, image_id):
        with contextlib.closing(sqlite3.connect(self.path)) as db, db:
            db.execute(OLD_INSERT, (image_id,))

    def test_expand_makes_what_glance_makes(self):
        self.backglance('expand')
        self.assertEqual(dump(self.path), dump(at_revision(self.reference)))
        self.assertTrue(own_tables(self.path))

    def test_second_expand_changes_nothing(self):
        self.backglance('expand')
        before = dump(self.path), own_tables(self.path)
        self.backglance('expand')
        self.assertEqual((dump(self.path), own_tables(self.path)), before)

    def test_glance_manage_goes_on_step_by_step(self):
        self.backglance('expand')
        codes, reference = rolled(self.reference)
        self.assertEqual(roll(self.path), codes)
        self.assertEqual(dump(self.path), dump(reference))
        self.assertEqual(dump(self.path), dump(at_revision('head')))

    def test_glance_manage_goes_on_by_sync(self):
        self.backglance('expand')
        done = glance_manage(self.path, 'sync')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(dump(self.path), dump(at_revision('head')))
        self.assertEqual(glance_manage(self.path, 'check').returncode, 0)
        # and a site at the head is one that expand leaves alone
        self.backglance('expand')
        self.assertEqual(dump(self.path), dump(at_revision('head')))

    def test_old_writers_go_on_after_expand(self):
        self.insert_as_old_glance('00000000-0000-4000-8000-000000000001')
        self.backglance('expand')
        self.insert_as_old_glance('00000000-0000-4000-8000-000000000002')
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            rows = db.execute(
                'SELECT os_hidden, os_hash_algo, os_hash_value FROM images').fetchall()
        self.assertEqual(rows, [(0, None, None)] * 2)

    def test_revert_keeps_what_a_revision_row_promises(self):
        self.backglance('expand')
        self.backglance('expand', '--revert')
        self.assertEqual(dump(self.path), dump(at_revision(self.reference)))
        with contextlib.closing(sqlite3.connect(self.path)) as db:
            ours = db.execute("SELECT name FROM sqlite_master WHERE name LIKE 'backglance%'").fetchall()
        self.assertEqual(ours, [])
        self.backglance('expand')
        self.assertEqual(dump(self.path), dump(at_revision(self.reference)))


class Queens(StartCase, unittest.TestCase):
    start = 'queens_contract01'
    reference = 'queens_contract01+rocky_expand02'

    def test_glance_manage_goes_on_after_a_revert(self):
        self.backglance('expand')
        self.backglance('expand', '--revert')
        done = glance_manage(self.path, 'sync')
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(dump(self.path), dump(at_revision('head')))


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
    global binary, templates
    arguments = sys.argv[1:]
    if arguments and not arguments[0].startswith('-') and os.access(arguments[0], os.X_OK):
        binary = arguments.pop(0)
    else:
        binary = os.environ.get('BACKGLANCE')
    if not binary:
        sys.exit('glance_manage_test.py: give the program as first argument or in BACKGLANCE')
    binary = os.path.abspath(binary)
    with tempfile.TemporaryDirectory(prefix='interop-templates-') as directory:
        templates = pathlib.Path(directory)
        program = unittest.main(argv=[sys.argv[0], *arguments], exit=False)
    return 0 if program.result.wasSuccessful() else 1


if __name__ == '__main__':
    sys.exit(main())
