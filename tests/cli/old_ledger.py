# SPDX-License-Identifier: Apache-2.0
"""A site whose ledger an older backglance has left: the dumps that tests/data/make_ledger_dump.py made, beside the
images that they are about."""

import functools
import json
import pathlib
import shutil
import time
import urllib.parse

import program
import databases
import sites

DATA = program.TESTS / 'data'
# As make_ledger_dump.py makes its site.
SITE_OPTIONS = ('--no-garbage', '--big-mib', '24')
# What is measured in the seconds of the machine that made the dump.
CLOCKS = {
    'backglance_run': ('started_at', 'heartbeat_at', 'finished_at', 'stop_at'),
    'backglance_item': ('queued_at', 'next_try_at', 'lease_until', 'finished_at'),
    'backglance_signature': ('flagged_at', 'deadline_at'),
    'backglance_control': ('changed_at',),
}


def first_columns():
    """Table -> its columns, as the program of version 1 wanted them."""
    return json.loads((DATA / 'ledger_v1_columns.json').read_text())


def execute_script(database, text):
    if not sites.ON_SERVER:
        connection = database.connect()
        connection.executescript(text)
        connection.close()
    elif databases.is_postgresql():
        databases.rows(database.name, text)
    else:
        from pymysql.constants import CLIENT
        connection = databases.driver().connect(database=database.name, autocommit=True, charset='utf8mb4',
                                                client_flag=CLIENT.MULTI_STATEMENTS, **databases._login())
        with connection.cursor() as cursor:
            cursor.execute(text)
            while cursor.nextset():
                pass
        connection.close()


def columns(database, table):
    if sites.ON_SERVER:
        return database.columns(table)
    return [row[1] for row in database.rows('PRAGMA table_info(%s)' % table)]


def load(database, version=1):
    """Makes the site what it was when the program of that version had ended. The site was made by make_site.py with
    SITE_OPTIONS, so its ids are those of the dump."""
    engine = databases.engine() or 'sqlite'
    execute_script(database, (DATA / ('ledger_v%d.%s.sql' % (version, engine))).read_text())
    _set_clock(database)
    # What that program did to Glance's tables, in its own words.
    for sql, in database.rows("SELECT sql_text FROM backglance_step WHERE step IN ('0002_os_hidden', '0003_os_hash')"
                              ' ORDER BY id'):
        database.execute(sql)
    _publish(database)
    _tag_and_remove(database)
    _point_to_files(database)


def _set_clock(database):
    """Lets the last run have been heard of 20 minutes ago: it is dead, and nothing is due again that is tried every hour."""
    shift = int(time.time()) - 1200 - database.value('SELECT max(heartbeat_at) FROM backglance_run')
    for table, names in CLOCKS.items():
        for name in names:
            database.execute('UPDATE %s SET %s = %s + ? WHERE %s <> 0' % (table, name, name, name), shift)


def _publish(database):
    published = '(SELECT %s FROM backglance_item t WHERE t.image_id = images.id)'
    database.execute('UPDATE images SET os_hash_algo = %s, os_hash_value = %s, checksum = COALESCE(checksum, %s)'
                     ' WHERE id IN (SELECT image_id FROM backglance_item WHERE digest IS NOT NULL)'
                     % (published % 'algorithm', published % 'digest', published % 'md5'))


def _tag_and_remove(database):
    for image_id, tag, tag_id in database.rows(
            'SELECT image_id, tag, tag_id FROM backglance_signature WHERE tag IS NOT NULL'):
        database.execute('INSERT INTO image_tags (id, image_id, value, created_at, updated_at, deleted)'
                         ' VALUES (?, ?, ?, ?, ?, ?)', tag_id, image_id, tag, sites.MOMENT, sites.MOMENT, False)
    for property_id, value, deleted_at in database.rows(
            'SELECT property_id, value, deleted_at FROM backglance_removed'):
        # Signatures are others in each site.
        database.execute('UPDATE image_properties SET deleted = 1 WHERE id = ?', property_id)
        database.execute('UPDATE image_properties SET value = ?, deleted_at = ? WHERE id = ?',
                         value, deleted_at, property_id)


def _path(value):
    for text in (value, urllib.parse.unquote(value)):
        path = pathlib.Path(text.removeprefix('file://'))
        if text.startswith('file://') and path.is_file():
            return path
    return None


def _point_to_files(database):
    """The files of this site have other inodes and times than those that were read."""
    for table, has_ctime in (('backglance_item', False), ('backglance_checkpoint', True)):
        for image_id, location in database.rows(
                'SELECT t.image_id, l.value FROM %s t JOIN image_locations l ON l.id = t.location_id'
                ' WHERE t.source_identity IS NOT NULL' % table):
            path = _path(location)
            if path is None:
                continue
            stat = path.stat()
            numbers = [stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns]
            numbers += [stat.st_ctime_ns] if has_ctime else []
            database.execute('UPDATE %s SET source_identity = ? WHERE image_id = ?' % table,
                             ':'.join(map(str, numbers)), image_id)


@functools.cache
def left_site(version):
    """As sites.made_site, with the ledger of that version loaded: once for all tests of a file."""
    directory, database, _ = sites.made_site(*SITE_OPTIONS)
    load(database, version)
    if sites.ON_SERVER:
        return directory, database, database.copy()
    kept = sites.Database(database.path.with_name('left'))
    shutil.copy(database.path, kept.path)
    return directory, database, kept


class OldLedgerTest(sites.MadeSiteTest):
    """Gives each test that site."""

    version = 1

    def make(self):
        return left_site(self.version)

    def load(self):
        """Once more, within a test."""
        self.database.reset(self.pristine)

    def ledger(self):
        return self.database.all_text('backglance_')

    def ledger_tables(self):
        return {name for name in self.database.tables() if name.startswith('backglance_')}

    def ledger_columns(self):
        return {table: columns(self.database, table) for table in self.ledger_tables()}

    def unchanged(self, command, *arguments, **options):
        """Runs the command, which must change nothing of ours and nothing of Glance's."""
        before = self.ledger_columns(), self.ledger(), self.glance_rows()
        result = self.on_site(command, *arguments, **options)
        self.assertEqual((self.ledger_columns(), self.ledger(), self.glance_rows()), before, str(result))
        return result
