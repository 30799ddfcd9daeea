#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the dump of a ledger that tests/cli/upgrade_test.py upgrades.

    /usr/bin/python3 -B tests/data/make_ledger_dump.py BINARY ENGINE > tests/data/ledger_vN.ENGINE.sql

BINARY is the backglance whose ledger is kept; ENGINE is sqlite, postgresql or mysql (a private server is started for
it). The site is that of tests/site/make_site.py with SITE_OPTIONS. Every released version of the ledger keeps the dump
that the last program of that version made; dumps are not made again.

The ledger that comes of it has images in every state: done and failed with each result that the site gives, one
restored, some that wait for another try, some queued, and one claimed by a run that was killed, with a checkpoint in
its middle. It has verifications, flags, tags and removed properties, a run that was stopped by `stop`, and a fleet that
was paused and resumed.
"""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'servers'), str(HERE.parent / 'site')]
import databases  # noqa: E402

SITE_OPTIONS = ('--no-garbage', '--big-mib', '24')
# These stay queued. The first is claimed, and read up to a checkpoint: only one of 64 MiB or more is gone on with.
LEFT = ('biggest and sparse', 'big', 'big and sparse', 'plain', 'shared', 'one byte')
MIB = 1 << 20
CHECKPOINT_BEYOND = 20 * MIB
TAG = 'md5-signature'
# What stands in the dump for this machine.
HOST = 'controller-1'
SITE_DIRECTORY = '/var/lib/glance'


class OldSite:
    """A site, and the program that keeps its ledger."""

    def __init__(self, binary, directory, database_url):
        self.binary = binary
        self.directory = directory
        subprocess.run(['/usr/bin/python3', '-B', str(HERE.parent / 'site' / 'make_site.py'), str(directory),
                        *SITE_OPTIONS, *(['--database', database_url] if database_url else [])], check=True)
        images = json.loads((directory / 'expected.json').read_text())['images']
        self.queued = [image_id for image_id, image in images.items() if image['result']]
        self.by_case = {image['case']: image_id for image_id, image in images.items()}

    def command(self, *arguments):
        return [self.binary, arguments[0], '--config-file', str(self.directory / 'glance-api.conf'), *arguments[1:]]

    def run(self, *arguments, codes=(0, 10)):
        done = subprocess.run(self.command(*arguments), check=False, cwd=self.directory, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode not in codes:
            raise SystemExit('%s: exit code %d' % (arguments, done.returncode))

    @contextlib.contextmanager
    def started(self, *arguments):
        process = subprocess.Popen(self.command(*arguments), cwd=self.directory, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_for(condition):
    end = time.monotonic() + 60
    while not condition():
        if time.monotonic() > end:
            raise SystemExit('waited 60 s in vain')
        time.sleep(0.02)


def fill(site, query):
    """`query` runs a statement and returns its rows."""
    of = site.by_case
    images = lambda cases: [word for case in cases for word in ('--image', of[case])]  # noqa: E731
    site.run('expand')
    site.run('migrate', '--tag', TAG)
    site.run('pause', '--reason', 'a backup of the store')
    site.run('resume')
    later = {of[case] for case in LEFT}
    now = [word for image_id in site.queued if image_id not in later for word in ('--image', image_id)]
    site.run('backfill', '--certificates', str(site.directory / 'certificates'), *now)
    # Glance saves over the hash of an image.
    query("UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL WHERE id = '%s'" % of['public'])
    site.run('backfill', '--sweep')
    site.run('verify', *images(('public', 'deactivated', 'second file store', 'no owner')))
    site.run('contract', '--settled', '--yes', '--archive-dir', str(site.directory))
    with site.started('backfill', '--bandwidth', '256K', *images(('big',))) as process:
        wait_for(lambda: query("SELECT 1 FROM backglance_item WHERE lease_run IS NOT NULL"))
        site.run('stop')
        process.wait(60)
    with site.started('backfill', '--jobs', '1', '--bandwidth', '12M', '--checkpoint-every', '8388608B',
                      *images(LEFT[:1])):
        wait_for(lambda: query('SELECT 1 FROM backglance_checkpoint WHERE offset_bytes > %d' % CHECKPOINT_BEYOND))


def sqlite_dump(path):
    import sqlite3
    with contextlib.closing(sqlite3.connect(path)) as connection:
        lines = list(connection.iterdump())
    return '\n'.join(line for line in lines
                     if re.match(r'(CREATE (TABLE|INDEX)|INSERT INTO) "?backglance_', line))


def server_dump(name):
    """As the server's own tool writes it, without the settings around it."""
    login = databases._login()
    where = ['-h', login['host'], '-p' if databases.is_postgresql() else '-P', str(login['port'])]
    if databases.is_postgresql():
        command = ['pg_dump', *where, '-U', login['user'], '--inserts', '--no-owner', '--no-privileges', '--no-comments',
                   '-t', 'backglance_*', name]
        secret = {'PGPASSWORD': login['password']}
    else:
        tables = [row[0] for row in databases.rows(
            name, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
                  " AND table_name LIKE 'backglance%' ORDER BY 1")]
        command = ['mysqldump', *where, '-u', login['user'], '--compact', '--no-tablespaces', '--skip-extended-insert',
                   '--default-character-set=utf8mb4', name, *tables]
        secret = {'MYSQL_PWD': login['password']}
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, env={**os.environ, **secret}).stdout.decode()
    skipped = re.compile(r'(SET |SELECT pg_catalog\.set_config|\\|--|/\*M?!.*\*/;? *$|$)')
    return '\n'.join(line for line in text.split('\n') if not skipped.match(line))


def without_this_machine(text, directory):
    text = text.replace(str(directory), SITE_DIRECTORY)
    text = re.sub(r"'[^'@ ]+@%s'" % re.escape(socket.gethostname()), "'admin@%s'" % HOST, text)
    return text.replace("'%s'" % socket.gethostname(), "'%s'" % HOST)


def main():
    if len(sys.argv) != 3 or sys.argv[2] not in ('sqlite', 'postgresql', 'mysql'):
        sys.exit(__doc__)
    binary, engine = os.path.abspath(sys.argv[1]), sys.argv[2]
    version = subprocess.run([binary, '--version'], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    with tempfile.TemporaryDirectory(prefix='ledger-dump-') as scratch:
        os.chmod(scratch, 0o755)  # the servers run as other users
        directory = pathlib.Path(scratch).resolve() / 'site'
        if engine == 'sqlite':
            import sqlite3
            path = directory / 'glance.sqlite'

            def query(statement):
                with contextlib.closing(sqlite3.connect(path, timeout=60)) as connection, connection:
                    return connection.execute(statement).fetchall()
            fill(OldSite(binary, directory, None), query)
            text = sqlite_dump(path)
        else:
            servers = [sys.executable, '-B', str(HERE.parent / 'servers' / 'servers.py')]
            subprocess.run([*servers, 'start', scratch + '/servers', engine], check=True, stdout=sys.stderr)
            try:
                os.environ['BACKGLANCE_TEST_SERVERS'] = scratch + '/servers'
                databases.use(engine)
                name = databases.create(databases.new_name())
                fill(OldSite(binary, directory, databases.url(name)), lambda statement: databases.rows(name, statement))
                text = server_dump(name)
            finally:
                subprocess.run([*servers, 'stop', scratch + '/servers'], check=True, stdout=sys.stderr)
    print('-- SPDX-License-Identifier: Apache-2.0')
    print('-- The tables of a ledger as %s left them; made by tests/data/make_ledger_dump.py, see there.' % version)
    print(without_this_machine(text, directory).strip())
    return 0


if __name__ == '__main__':
    sys.exit(main())
