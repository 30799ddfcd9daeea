# SPDX-License-Identifier: Apache-2.0
"""The two kinds of sites that these tests run on: the whole demo site, and small ones made row by row. On SQLite, or
on the private server that the environment names (tests/servers/databases.py)."""

import contextlib
import functools
import hashlib
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import uuid

import program
import databases
import glance_schema
import server_database

ON_SERVER = databases.engine() is not None

LEGACY = ('signature', 'signature_hash_method', 'signature_key_type', 'signature_certificate_uuid')
MOMENT = '2018-01-02 03:04:05.000006'


def _text(data):
    return data.decode('utf-8', 'surrogateescape')


class Database:
    """Short connections, so that none of them holds a lock while the program runs."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.url = 'sqlite:///%s' % self.path
        self._batch = None

    @contextlib.contextmanager
    def batch(self):
        """Makes one transaction of all that is executed within."""
        with contextlib.closing(self.connect()) as self._batch, self._batch:
            self._batch.text_factory = _text
            yield
        self._batch = None

    def rows(self, statement, *values):
        if self._batch:
            return self._batch.execute(statement, values).fetchall()
        with contextlib.closing(self.connect()) as connection:
            connection.text_factory = _text
            return connection.execute(statement, values).fetchall()

    def value(self, statement, *values):
        return self.rows(statement, *values)[0][0]

    def execute(self, statement, *values):
        if self._batch:
            return self._batch.execute(statement, values).lastrowid
        with contextlib.closing(self.connect()) as connection, connection:
            return connection.execute(statement, values).lastrowid

    def connect(self):
        return sqlite3.connect(self.path, timeout=60)

    def copy(self):
        path = self.path.with_name('pristine')
        shutil.copy(self.path, path)
        return Database(path)

    def reset(self, pristine):
        shutil.copy(pristine.path, self.path)

    def drop(self):
        pass  # it goes with its directory

    def tables(self):
        return [row[0] for row in self.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]

    def all_text(self, table_prefix):
        """Every value of every table with this prefix, as one text."""
        parts = []
        for table in self.tables():
            if table.startswith(table_prefix):
                for row in self.rows('SELECT * FROM "%s"' % table):
                    parts += [_text(value) if isinstance(value, bytes) else str(value)
                              for value in row]
        return '\n'.join(parts)

    def is_sound(self):
        return self.value('PRAGMA integrity_check') == 'ok'


@functools.cache
def schema(revision):
    """A database with no rows, made once."""
    path = program.scratch() / ('schema-%s.sqlite' % revision)
    glance_schema.make_schema_in_subprocess('sqlite:///%s' % path, revision)
    return path


class SmallSite:
    """A database, a store directory and a configuration file."""

    def __init__(self, directory, revision='queens_contract01'):
        self.directory = pathlib.Path(directory)
        self.store = self.directory / 'images'
        self.store.mkdir(parents=True)
        # In a directory without anything nothing would seem to be mounted.
        (self.store / 'of-another-use').touch()
        if ON_SERVER:
            self.database = server_database.ServerDatabase.at_revision(revision)
        else:
            self.database = Database(self.directory / 'glance.sqlite')
            shutil.copy(schema(revision), self.database.path)
        self.config = self.directory / 'glance-api.conf'
        self.write_config()

    def write_config(self, more=''):
        self.config.write_text(
            '[DEFAULT]\n%s\n[database]\nconnection = %s\n[glance_store]\n'
            'filesystem_store_datadir = %s\n' % (more, self.database.url, self.store))

    @property
    def options(self):
        return ('--config-file', self.config)

    def add(self, data=b'some bytes', **columns):
        """An active image whose bytes are `data`; `columns` go over what Glance would write. Returns
        its id."""
        image_id = columns.pop('id', str(uuid.uuid4()))
        location = columns.pop('location', None)
        if location is None:
            path = self.store / str(uuid.uuid4())
            path.write_bytes(data)
            location = 'file://%s' % path
        row = {'id': image_id, 'name': 'an image', 'size': len(data), 'status': 'active',
               'visibility': 'private', 'disk_format': 'raw', 'container_format': 'bare',
               'checksum': hashlib.md5(data, usedforsecurity=False).hexdigest(), 'owner': 'someone',
               'created_at': MOMENT, 'updated_at': MOMENT, 'deleted': False, 'min_disk': 0, 'min_ram': 0,
               'protected': False, **columns}
        self._insert('images', row)
        self.add_location(image_id, location)
        return image_id

    def add_location(self, image_id, value, **columns):
        return self._insert('image_locations', {
            'image_id': image_id, 'value': value, 'meta_data': '{}', 'status': 'active',
            'created_at': MOMENT, 'updated_at': MOMENT, 'deleted': False, **columns})

    def add_property(self, image_id, name, value, **columns):
        return self._insert('image_properties', {
            'image_id': image_id, 'name': name, 'value': value, 'created_at': MOMENT,
            'updated_at': MOMENT, 'deleted': False, **columns})

    def add_legacy_signature(self, image_id):
        for name in LEGACY:
            self.add_property(image_id, name, 'value of %s' % name)

    def _insert(self, table, row):
        names = ', '.join(row)
        marks = ', '.join('?' * len(row))
        return self.database.execute('INSERT INTO %s (%s) VALUES (%s)' % (table, names, marks),
                                     *row.values())

    def path_of(self, image_id):
        value = self.database.value('SELECT value FROM image_locations WHERE image_id = ?', image_id)
        return pathlib.Path(value.removeprefix('file://'))

    def hashes(self):
        """id -> (os_hash_algo, os_hash_value, checksum)"""
        return {row[0]: row[1:] for row in self.database.rows(
            'SELECT id, os_hash_algo, os_hash_value, checksum FROM images')}

    def leased(self):
        return self.database.value(
            'SELECT count(*) FROM backglance_item WHERE lease_run IS NOT NULL OR lease_until <> 0')


class SmallSiteTest(program.ProgramTest):
    """Gives each test an empty site."""

    revision = 'queens_contract01'

    def setUp(self):
        self.site = SmallSite(self.scratch(), self.revision)
        self.addCleanup(self.site.database.drop)

    def on_site(self, command, *arguments, **options):
        # where files go that have no database to lie beside
        options.setdefault('cwd', self.site.directory)
        return self.program(command, *self.site.options, *arguments, **options)

    def sync(self, *arguments, **options):
        return self.on_site('sync', *arguments, **options)

    def big_site(self, images, each):
        """Images whose read takes as long as --bandwidth makes it."""
        with self.site.database.batch():
            for number in range(images):
                self.site.add(number.to_bytes(4, 'big') * (each // 4))

    def start_slow_backfill(self, *arguments, bandwidth='1M', **options):
        """A backfill that has published something and is far from its end."""
        process = program.start('backfill', *self.site.options, '--bandwidth', bandwidth,
                                *arguments, **options)
        self.addCleanup(_kill_if_alive, process)
        program.wait_for(lambda: self.site.database.value(
            "SELECT count(*) FROM backglance_item WHERE state = 'done'") > 0
            or process.poll() is not None)
        self.assertIsNone(process.poll(), 'the backfill was too quick, or failed')
        return process


def _kill_if_alive(process):
    if process.poll() is None:
        process.kill()
        process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def sha512(data):
    return hashlib.sha512(data).hexdigest()


@functools.cache
def made_site(*options):
    """The directory of a demo site, its database and that as it was made: once for all tests of a file."""
    directory = program.scratch() / ('made-%d' % abs(hash(options)))
    database = (server_database.ServerDatabase.empty() if ON_SERVER
                else Database(directory / 'glance.sqlite'))
    subprocess.run(['/usr/bin/python3', '-B', str(program.TESTS / 'site' / 'make_site.py'),
                    str(directory), '--big-mib', '1', *options,
                    *(['--database', database.url] if ON_SERVER else [])], check=True)
    return directory, database, database.copy()


class MadeSiteTest(program.ProgramTest):
    """Gives each test the demo site as it was made. The files in its stores are not to be changed."""

    make_options = ()

    def make(self):
        return made_site(*self.make_options)

    def setUp(self):
        self.directory, self.database, self.pristine = self.make()
        for name in os.listdir(self.directory):
            if name.startswith(('glance.sqlite', 'backglance-')):
                (self.directory / name).unlink()
        self.database.reset(self.pristine)
        self.options = ('--config-file', self.directory / 'glance-api.conf')
        self.expected = json.loads((self.directory / 'expected.json').read_text())
        self.images = self.expected['images']

    def on_site(self, command, *arguments, **options):
        result = self.program(command, *self.options, *arguments, cwd=self.directory, **options)
        self.assert_no_secret(result.out + result.err, str(result.arguments))
        return result

    def assert_no_secret(self, text, where):
        for secret in self.expected['secrets']:
            self.assertNotIn(secret, text, where)

    def glance_rows(self, columns='id, checksum, size, status, updated_at'):
        return {row[0]: row[1:] for row in self.database.rows('SELECT %s FROM images' % columns)}
