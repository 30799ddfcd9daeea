# SPDX-License-Identifier: Apache-2.0
"""A database on one of the private servers, with the methods of sites.Database."""

import atexit
import contextlib
import datetime
import decimal
import re

import program  # noqa: F401  (by which the next is found)
import databases


def _plain(value):
    """As SQLite gives it, so that tests compare one thing with all engines."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, decimal.Decimal):
        return int(value)
    if isinstance(value, datetime.datetime):
        return value.strftime('%Y-%m-%d %H:%M:%S.%f')
    return value


def _drop(name):
    # A server that a test has stopped takes its databases with it.
    with contextlib.suppress(Exception):
        databases.drop(name)


class ServerDatabase:
    def __init__(self, name):
        self.name = name
        self.url = databases.url(name)
        self._batch = None
        atexit.register(_drop, name)

    @classmethod
    def at_revision(cls, revision):
        return cls(databases.copy(databases.at_revision(revision), databases.new_name()))

    @classmethod
    def empty(cls):
        return cls(databases.create(databases.new_name()))

    def copy(self):
        return ServerDatabase(databases.copy(self.name, databases.new_name()))

    def reset(self, pristine):
        databases.drop(self.name)
        databases.copy(pristine.name, self.name)

    def drop(self):
        _drop(self.name)

    @contextlib.contextmanager
    def batch(self):
        """Makes one transaction of all that is executed within."""
        with contextlib.closing(databases.connect(self.name)) as self._batch:
            self._run(self._batch, 'BEGIN', ())
            yield
            self._run(self._batch, 'COMMIT', ())
        self._batch = None

    def rows(self, statement, *values):
        if self._batch:
            return self._run(self._batch, statement, values)
        with contextlib.closing(databases.connect(self.name)) as connection:
            return self._run(connection, statement, values)

    @staticmethod
    def _run(connection, statement, values):
        # Tests write statements as SQLite takes them.
        statement = re.sub(r'\bdeleted = ([01])\b',
                           lambda match: 'deleted = ' + ('FALSE', 'TRUE')[int(match[1])], statement)
        statement = statement.replace('%', '%%').replace('?', '%s')
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            if not cursor.description:
                return []
            return [tuple(_plain(value) for value in row) for row in cursor.fetchall()]

    def value(self, statement, *values):
        return self.rows(statement, *values)[0][0]

    def execute(self, statement, *values):
        self.rows(statement, *values)

    def tables(self):
        return [row[0] for row in self.rows(
            'SELECT table_name FROM information_schema.tables WHERE table_schema = ? ORDER BY 1',
            'public' if databases.is_postgresql() else self.name)]

    def columns(self, table):
        return [row[0] for row in self.rows(
            'SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ?'
            ' ORDER BY ordinal_position', 'public' if databases.is_postgresql() else self.name, table)]

    def indexes(self):
        """(table, name) of each that is valid."""
        if databases.is_postgresql():
            return self.rows('SELECT CAST(indrelid AS regclass), CAST(indexrelid AS regclass) FROM pg_index'
                             " WHERE indisvalid AND indrelid IN (SELECT oid FROM pg_class WHERE"
                             " relnamespace = CAST('public' AS regnamespace)) ORDER BY 1, 2")
        return self.rows('SELECT DISTINCT table_name, index_name FROM information_schema.statistics'
                         ' WHERE table_schema = ? ORDER BY 1, 2', self.name)

    def all_text(self, table_prefix):
        """Every value of every table with this prefix, as one text."""
        parts = []
        for table in self.tables():
            if table.startswith(table_prefix):
                for row in self.rows('SELECT * FROM %s' % table):
                    parts += [str(value) for value in row]
        return '\n'.join(parts)

    def is_sound(self):
        return True  # for its server to know

