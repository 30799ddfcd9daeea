# SPDX-License-Identifier: Apache-2.0
"""Databases for the comparison with glance-manage, on SQLite or on the servers of tests/servers/databases.py: each
with a dump of all that Glance's tables are, column by column and index by index."""

import contextlib
import pathlib
import shutil
import sqlite3
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / 'site'), str(TESTS / 'servers')]

import databases  # noqa: E402  (found by the line above)
import glance_schema  # noqa: E402


class Sqlite:
    """A file. `templates` is a directory of files at each row set, made once and copied when needed."""

    templates = None

    def __init__(self, path):
        self._path = path
        self.url = 'sqlite:///%s' % path

    @classmethod
    def at_revision(cls, revision):
        """One that is not to be changed."""
        path = cls.templates / ('revision-%s.sqlite' % revision)
        if not path.exists():
            glance_schema.make_schema_in_subprocess('sqlite:///%s' % path, revision)
        return cls(path)

    def copy(self, directory):
        path = pathlib.Path(directory) / 'glance.sqlite'
        shutil.copy(self._path, path)
        return Sqlite(path)

    def remove(self):
        self._path.unlink()

    def rows(self, statement, *values):
        with contextlib.closing(sqlite3.connect(self._path)) as db, db:
            return db.execute(statement.replace('%s', '?'), values).fetchall()

    def own_tables(self):
        return [row[0] for row in self.rows(
            "SELECT name FROM sqlite_master WHERE name LIKE 'backglance\\_%' ESCAPE '\\'")]

    def dump(self):
        names = [row[0] for row in self.rows(
            "SELECT name FROM sqlite_master WHERE type = 'table'"
            " AND name NOT LIKE 'backglance\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")]
        tables = {}
        for name in names:
            indexes = {}
            for _, index, unique, origin, partial in self.rows(
                    'SELECT * FROM pragma_index_list(?)', name):
                keys = self.rows('SELECT * FROM pragma_index_xinfo(?)', index)
                indexes[index] = (unique, origin, partial, keys)
            tables[name] = {
                'columns': self.rows('SELECT * FROM pragma_table_xinfo(?)', name),
                'indexes': indexes,
                'foreign keys': self.rows('SELECT * FROM pragma_foreign_key_list(?)', name),
            }
        others = self.rows(
            "SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger') ORDER BY name")
        return {'tables': tables, 'views and triggers': others, 'revisions': _revisions(self)}


class Server:
    """A database of the server that the environment names."""

    def __init__(self, name):
        self._name = name
        self.url = databases.url(name)

    @classmethod
    def at_revision(cls, revision):
        return cls(databases.at_revision(revision))

    def copy(self, directory):
        del directory
        return type(self)(databases.copy(self._name, databases.new_name()))

    def remove(self):
        databases.drop(self._name)

    def rows(self, statement, *values):
        return databases.rows(self._name, statement, values or None)

    def own_tables(self):
        return [row[0] for row in self.rows(
            'SELECT table_name FROM information_schema.tables WHERE table_schema = %s'
            " AND table_name LIKE 'backglance%%' ORDER BY 1", self._schema())]

    def dump(self):
        whole = {what: [row for row in self.rows(statement)
                        if not str(row[0]).startswith('backglance_')]
                 for what, statement in self.catalogue.items()}
        whole['revisions'] = _revisions(self)
        return whole


class Postgresql(Server):
    catalogue = {
        'columns': '''
            SELECT c.relname, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
                   pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attcollation::regcollation::text
            FROM pg_attribute a
            JOIN pg_class c ON c.oid = a.attrelid
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND a.attnum > 0 AND NOT a.attisdropped
            ORDER BY c.relname, a.attnum''',
        'indexes': '''
            SELECT i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisready
            FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 2''',
        'constraints': '''
            SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2''',
        'views': '''
            SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v', 'm')''',
        'triggers': '''
            SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2''',
        'enums': '''
            SELECT t.typname, e.enumlabel FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid
            ORDER BY t.typname, e.enumsortorder''',
    }

    @staticmethod
    def _schema():
        return 'public'


class Mysql(Server):
    catalogue = {
        'tables': '''
            SELECT table_name, table_type, engine, row_format, table_collation
            FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1''',
        'columns': '''
            SELECT table_name, column_name, column_type, is_nullable, column_default, extra, collation_name
            FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY 1, ordinal_position''',
        'indexes': '''
            SELECT table_name, index_name, seq_in_index, column_name, non_unique, sub_part, index_type
            FROM information_schema.statistics WHERE table_schema = DATABASE() ORDER BY 1, 2, 3''',
        'foreign keys': '''
            SELECT table_name, constraint_name, referenced_table_name, update_rule, delete_rule
            FROM information_schema.referential_constraints WHERE constraint_schema = DATABASE()
            ORDER BY 1, 2''',
        'checks': '''
            SELECT table_name, constraint_name, check_clause FROM information_schema.check_constraints
            WHERE constraint_schema = DATABASE() ORDER BY 1, 2''',
        'triggers': '''
            SELECT event_object_table, trigger_name FROM information_schema.triggers
            WHERE trigger_schema = DATABASE() ORDER BY 1, 2''',
    }

    def _schema(self):
        return self._name


def _revisions(database):
    return sorted(row[0] for row in database.rows('SELECT version_num FROM alembic_version'))


def kind():
    """The class for the engine that the environment names."""
    return {None: Sqlite, 'postgresql': Postgresql, 'mysql': Mysql}[databases.engine()]
