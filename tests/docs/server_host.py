# SPDX-License-Identifier: Apache-2.0
"""The host of glance_host.py with its database on a private server, as the documents on servers have it: database and
account are both named glance, and the clients log in as the server's administrator by their own files."""

import contextlib
import pathlib
import sys
import urllib.parse

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / 'cli'), str(TESTS / 'servers')]

import server_database  # noqa: E402  (found by the line above)
import databases  # noqa: E402
from glance_host import GlanceHost  # noqa: E402

NAME = 'glance'
PASSWORD = 'a-password'
# What the documents call the server.
PLACE = 'db.example.org'

ACCOUNTS = {
    # As the installation guides of OpenStack make it.
    'mysql': ["CREATE OR REPLACE USER glance@'%' IDENTIFIED BY '{password}'",
              "GRANT ALL PRIVILEGES ON glance.* TO glance@'%'"],
    'postgresql': ["CREATE ROLE glance LOGIN PASSWORD '{password}'", 'ALTER DATABASE glance OWNER TO glance'],
}
DROP_ACCOUNT = {'mysql': "DROP USER IF EXISTS glance@'%'", 'postgresql': 'DROP ROLE IF EXISTS glance'}


class ServerHost(GlanceHost):
    def __init__(self, directory, binary):
        self.server = urllib.parse.urlsplit(databases.server_url())
        self.place = '%s:%d' % (self.server.hostname, self.server.port)
        databases.drop(NAME)
        databases.admin(DROP_ACCOUNT[databases.engine()])
        databases.create(NAME)
        for statement in ACCOUNTS[databases.engine()]:
            databases.admin(statement.format(password=PASSWORD))
        self._tables = server_database.ServerDatabase(NAME)
        super().__init__(directory, binary)
        self._write_logins()
        self._pristine = databases.copy(NAME, databases.new_name())

    def fresh_site(self):
        """The database as it was made; the files of the stores no document changes."""
        databases.drop(NAME)
        databases.copy(self._pristine, NAME)
        if databases.is_postgresql():
            databases.admin('ALTER DATABASE glance OWNER TO glance')

    def close(self):
        databases.drop(self._pristine)
        databases.drop(NAME)
        databases.admin(DROP_ACCOUNT[databases.engine()])

    @property
    def make_options(self):
        return ['--database', '%s://%s:%s@%s/%s' % (self.server.scheme, NAME, PASSWORD, self.place, NAME)]

    @contextlib.contextmanager
    def open(self):
        with self._tables.batch():
            yield _Batch(self._tables)

    def run(self, text):
        code, output = super().run(text)
        return code, output.replace(self.place, PLACE)

    def _write_logins(self):
        """~/.my.cnf and ~/.pgpass, in the words of each client."""
        password = urllib.parse.unquote(self.server.password)
        home = pathlib.Path(self.environment['HOME'])
        (home / '.my.cnf').write_text('[client]\nhost=%s\nport=%d\nuser=%s\npassword=%s\n' % (
            self.server.hostname, self.server.port, self.server.username, password))
        # The packages' own programs, whatever else is installed.
        self.environment.update(PGHOST=self.server.hostname, PGPORT=str(self.server.port), PGUSER=self.server.username,
                                PGPASSWORD=password)


class _Batch:
    """What GlanceHost.open() yields."""

    def __init__(self, tables):
        self._tables = tables

    def execute(self, statement, values=()):
        return self._tables.rows(statement, *values)
