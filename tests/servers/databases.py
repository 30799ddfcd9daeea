# SPDX-License-Identifier: Apache-2.0
"""Databases on the private servers of servers.py, for tests in Python.

BACKGLANCE_TEST_ENGINE, postgresql or mysql, names the engine, and BACKGLANCE_TEST_SERVERS the directory of the
servers. Without the first a test runs on SQLite, and has no use for this.

    /usr/bin/python3 tests/servers/databases.py fresh NAME

makes an empty database in the place of any that has this name, and prints its URL.
"""

import contextlib
import fcntl
import itertools
import os
import pathlib
import subprocess
import sys
import urllib.parse

TESTS = pathlib.Path(__file__).resolve().parent.parent
SCHEMA_SCRIPT = TESTS / 'site' / 'glance_schema.py'

_numbers = itertools.count(1)


def engine():
    """postgresql, mysql, or None for SQLite."""
    name = os.environ.get('BACKGLANCE_TEST_ENGINE', 'sqlite')
    return None if name == 'sqlite' else name


def use(name):
    """From now on this process, and those that it starts, are on this engine."""
    os.environ['BACKGLANCE_TEST_ENGINE'] = name


def is_postgresql():
    return engine() == 'postgresql'


def directory():
    return pathlib.Path(os.environ['BACKGLANCE_TEST_SERVERS'])


def server_url():
    return (directory() / (engine() + '.url')).read_text().strip()


def url(name):
    return '%s/%s' % (server_url(), name)


def new_name():
    """Of a database that nobody else has."""
    return 'py_%d_%d' % (os.getpid(), next(_numbers))


def _login():
    parts = urllib.parse.urlsplit(server_url())
    return {'host': parts.hostname, 'port': parts.port, 'user': parts.username,
            'password': urllib.parse.unquote(parts.password)}


def driver():
    """The module of Python's DB API for the engine."""
    if is_postgresql():
        import psycopg2  # only where it is used: Debian has it in a package of its own
        return psycopg2
    import pymysql
    return pymysql


def connect(name):
    """A connection of Python's DB API, which commits each statement by itself."""
    if is_postgresql():
        connection = driver().connect(dbname=name, **_login())
        connection.autocommit = True
        return connection
    return driver().connect(database=name, autocommit=True, charset='utf8mb4', **_login())


def rows(name, statement, values=None):
    """What a statement returns; nothing for one that returns no rows. Marks of values are %s."""
    with contextlib.closing(connect(name)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [tuple(row) for row in cursor.fetchall()] if cursor.description else []


def admin(statement):
    return rows('postgres' if is_postgresql() else 'mysql', statement)


def _quoted(name):
    return ('"%s"' if is_postgresql() else '`%s`') % name


def exists(name):
    if is_postgresql():
        return bool(admin("SELECT 1 FROM pg_database WHERE datname = '%s'" % name))
    return bool(admin("SELECT 1 FROM information_schema.schemata WHERE schema_name = '%s'" % name))


def create(name):
    admin('CREATE DATABASE %s%s' % (_quoted(name),
                                    '' if is_postgresql() else ' CHARACTER SET utf8mb4'))
    return name


def drop(name):
    if exists(name):
        admin('DROP DATABASE %s%s' % (_quoted(name), ' WITH (FORCE)' if is_postgresql() else ''))


def _client(program, *arguments):
    login = _login()
    return [program, '--no-defaults', '--protocol=tcp', '--host=%(host)s' % login,
            '--port=%(port)d' % login, '--user=%(user)s' % login, '--password=%(password)s' % login,
            *arguments]


def copy(source, name):
    """A new database with all that `source` has; nobody may be connected to that on PostgreSQL."""
    if is_postgresql():
        admin('CREATE DATABASE "%s" TEMPLATE "%s"' % (name, source))
        return name
    create(name)
    dump = subprocess.run(_client('mariadb-dump', source), check=True, stdout=subprocess.PIPE).stdout
    subprocess.run(_client('mariadb', name), check=True, input=dump)
    return name


@contextlib.contextmanager
def _lock():
    with open(directory() / 'templates.lock', 'w', encoding='utf-8') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def at_revision(revision):
    """The name of a database with Glance's schema at these rows, as glance_schema.py takes them. Made once for
    all tests; not to be changed."""
    name = 'pytemplate_%s' % revision
    stamp = directory() / ('%s.%s.made' % (name, engine()))
    with _lock():
        fresh = stamp.exists() and stamp.stat().st_mtime > SCHEMA_SCRIPT.stat().st_mtime
        if not fresh or not exists(name):
            drop(name)
            create(name)
            subprocess.run([sys.executable, '-B', str(SCHEMA_SCRIPT), url(name), revision], check=True)
            stamp.touch()
    return name


def fresh(name):
    drop(name)
    return create(name)


if __name__ == '__main__':
    if len(sys.argv) != 3 or sys.argv[1] != 'fresh' or not engine():
        sys.exit(__doc__)
    print(url(fresh(sys.argv[2])))
