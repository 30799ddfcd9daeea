#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills expand, migrate, backfill and contract at random moments and looks at what is left.

    /usr/bin/python3 tests/crash/kill_test.py [--kills N] [--seed S] [BINARY]

BINARY, else the variable BACKGLANCE, is the program. Each command is started again and again on what the
last kill left, until it gets to its end; then the site goes back to where it was before that command and
the next round begins. After each kill: the database is sound, schema steps are whole, no digest is wrong,
none is on a damaged image, and what was published has not been read again. At the end of each round a
plain run completes the work, which is compared with a site where nothing was killed.
"""

import argparse
import base64
import collections
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
KILLED = -9
# Share of the kills that each command gets; the backfill has the most to lose.
SHARES = {'expand': 0.2, 'migrate': 0.2, 'backfill': 0.4, 'contract': 0.2}
# Slow enough that most of the kills land inside.
OPTIONS = {'expand': (), 'migrate': ('--grace', '0s'), 'backfill': ('--bandwidth', '64M'),
           'contract': ('--yes', '--attest', 'site-key.pem')}
EXPECTED_CODES = {'expand': {0}, 'migrate': {0}, 'backfill': {0, 10}, 'contract': {0, 10}}
LEGACY = ('signature', 'signature_hash_method', 'signature_key_type', 'signature_certificate_uuid')


class Failure(Exception):
    pass


def check(condition, text, *values):
    if not condition:
        raise Failure(text % values)


class Site:
    def __init__(self, directory, binary, images):
        self.directory = directory
        self.binary = binary
        self.path = directory / 'glance.sqlite'
        subprocess.run(
            ['/usr/bin/python3', '-B', str(TESTS / 'site' / 'make_site.py'), str(directory),
             '--big-mib', '1', '--images', str(images)], check=True)
        self.images = json.loads((directory / 'expected.json').read_text())['images']
        subprocess.run(['openssl', 'genpkey', '-algorithm', 'ed25519', '-out', 'site-key.pem'], cwd=directory,
                       check=True)
        subprocess.run(['openssl', 'pkey', '-in', 'site-key.pem', '-pubout', '-out', 'site-key.pub'], cwd=directory,
                       check=True)
        self._sign_small_images()
        self.saved = {}

    def _sign_small_images(self):
        """So that contract has more to do than the two dozen cases."""
        small = [image_id for image_id, image in self.images.items()
                 if image['case'].startswith('small ')]
        with self.connect() as connection:
            for image_id in small:
                connection.executemany(
                    'INSERT INTO image_properties (image_id, name, value, created_at, deleted)'
                    " VALUES (?, ?, 'x', '2017-03-01 08:00:00.250000', 0)",
                    [(image_id, name) for name in LEGACY])
                self.images[image_id]['scheme'] = 'legacy_complete'
        connection.close()

    def connect(self):
        connection = sqlite3.connect(self.path, timeout=60)
        connection.text_factory = lambda data: data.decode('utf-8', 'surrogateescape')
        return connection

    def rows(self, statement, *values):
        connection = self.connect()
        try:
            return connection.execute(statement, values).fetchall()
        finally:
            connection.close()

    def tables(self):
        return {row[0] for row in self.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}

    def save(self, name):
        self.saved[name] = self.directory / ('saved-' + name)
        shutil.copy(self.path, self.saved[name])

    def restore(self, name):
        for path in self.directory.glob('glance.sqlite-*'):
            path.unlink()
        for path in self.directory.glob('backglance-*'):
            path.unlink()
        shutil.copy(self.saved[name], self.path)

    def start(self, command, *options):
        return subprocess.Popen(
            [self.binary, command, '--config-file', str(self.directory / 'glance-api.conf'), *options],
            cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, command, *options):
        process = self.start(command, *options)
        out, err = process.communicate(timeout=300)
        check(process.returncode in EXPECTED_CODES[command], '%s: exit code %d: %s', command,
              process.returncode, err.decode('utf-8', 'replace')[-2000:])
        return out.decode()


# What is compared between a site where nothing was killed and one where much was.

def schema(site):
    return site.rows('SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name')


def revisions(site):
    return site.rows('SELECT version_num FROM alembic_version ORDER BY version_num')


def queue(site):
    return site.rows('SELECT image_id, size_bytes FROM backglance_item ORDER BY image_id')


def flags(site):
    return site.rows('SELECT image_id, scheme, present, missing, snapshot FROM backglance_signature'
                     ' ORDER BY image_id')


def glance_images(site):
    return site.rows('SELECT * FROM images ORDER BY id')


def results(site):
    return site.rows('SELECT image_id, state, result, md5, algorithm, digest FROM backglance_item'
                     ' ORDER BY image_id')


def removed(site):
    return site.rows('SELECT property_id, image_id, name, value FROM backglance_removed'
                     ' ORDER BY property_id')


def properties(site):
    return site.rows('SELECT id, image_id, name, value, deleted FROM image_properties ORDER BY id')


COMPARED = {
    'expand': (schema, revisions),
    'migrate': (schema, revisions, queue, flags),
    'backfill': (queue, flags, glance_images, results, properties),
    'contract': (schema, glance_images, results, removed, properties, flags),
}


# What must hold at any moment.

def check_expand(site, memory):
    columns = {row[0] for row in site.rows("SELECT name FROM pragma_table_info('images')")}
    indexes = {row[0] for row in site.rows("SELECT name FROM pragma_index_list('images')")}
    rows = {row[0] for row in revisions(site)}
    hash_parts = {'os_hash_algo', 'os_hash_value'} & columns
    check(len(hash_parts) in (0, 2), 'half of the hash columns: %s', hash_parts)
    check(('os_hash_value_image_idx' in indexes) == bool(hash_parts), 'columns and index disagree')
    check(('os_hidden' in columns) == ('os_hidden_image_idx' in indexes), 'os_hidden and its index')
    check(('rocky_expand02' in rows) == bool(hash_parts), 'row and columns disagree: %s', rows)


def check_migrate(site, memory):
    check_expand(site, memory)


def published(site):
    """What the ledger says of images that have a hash; a later read would change it."""
    return {row[0]: row[1:] for row in site.rows(
        'SELECT i.id, i.os_hash_value, t.read_run, t.finished_at, t.attempts, t.state, t.digest'
        ' FROM images i JOIN backglance_item t ON t.image_id = i.id WHERE i.os_hash_value IS NOT NULL')}


def check_backfill(site, memory):
    known = memory.setdefault('published', {})
    now = published(site)
    for image_id, before in known.items():
        check(now.get(image_id) == before, '%s was published and then read again: %s, then %s',
              image_id, before, now.get(image_id))
    known.update(now)
    for image_id, algorithm, value in site.rows('SELECT id, os_hash_algo, os_hash_value FROM images'):
        image = site.images[image_id]
        check((algorithm is None) == (value is None), '%s has half a hash', image_id)
        check(value in (None, image['hash_value']), '%s (%s) has a wrong digest', image_id,
              image['case'])
    for image_id, state, digest in site.rows(
            "SELECT image_id, state, digest FROM backglance_item WHERE digest IS NOT NULL"):
        check(state == 'done' and image_id in now, 'the ledger has a digest of %s alone', image_id)


def archive_lines(site):
    """The properties of all archive files, and when each was removed. A kill may cut off the last line."""
    for path in site.directory.glob('backglance-removed-*'):
        for line in path.read_text().split('\n')[:-1]:
            removed = json.loads(base64.b64decode(json.loads(line)['payload']))
            if 'property_id' in removed:
                yield removed['property_id'], removed['deleted_at']


def check_contract(site, memory):
    check_backfill(site, memory)
    archived = {row[0]: row[1] for row in site.rows(
        'SELECT property_id, deleted_at FROM backglance_removed')}
    in_files = set(archive_lines(site))
    for line in archived.items():
        check(line in in_files, 'property %d was removed and is in no archive file', line[0])
    known = memory.setdefault('archived', {})
    for property_id, moment in known.items():
        check(archived.get(property_id) == moment, 'property %d was removed twice', property_id)
    known.update(archived)
    for property_id, deleted, deleted_at in site.rows(
            'SELECT id, deleted, deleted_at FROM image_properties'):
        if property_id in archived:
            check(deleted == 1 and deleted_at == archived[property_id],
                  'property %d is archived and not removed', property_id)
        else:
            check((property_id, deleted) in memory['properties'],
                  'property %d was removed and not archived', property_id)


CHECKS = {'expand': check_expand, 'migrate': check_migrate, 'backfill': check_backfill,
          'contract': check_contract}


class Rounds:
    def __init__(self, site, generator):
        self.site = site
        self.generator = generator
        self.counts = {command: collections.Counter() for command in SHARES}

    def prepare(self):
        """Runs everything once without a kill: what each command starts from, makes, and takes."""
        self.reference, self.seconds = {}, {}
        for command in SHARES:
            if command == 'contract':
                self._open_gate()
            self.site.save(command)
            began = time.monotonic()
            self.site.run(command, *OPTIONS[command])
            self.seconds[command] = time.monotonic() - began
            self.reference[command] = [look(self.site) for look in COMPARED[command]]

    def _open_gate(self):
        """Images that get no hash, but may be readable, would keep contract from removing anything."""
        connection = self.site.connect()
        with connection:
            connection.executemany("UPDATE image_locations SET status = 'deleted', deleted = 1"
                                   ' WHERE image_id = ?',
                                   [(image_id,) for image_id, image in self.site.images.items()
                                    if image['result'] in ('size_differs', 'checksum_differs',
                                                           'busy_in_glance', 'unreadable',
                                                           'store_not_supported', 'no_location')])
        connection.close()

    def kill(self, command, kills):
        done = 0
        while done < kills:
            self.site.restore(command)
            memory = {'properties': set(self.site.rows('SELECT id, deleted FROM image_properties'))}
            while done < kills:
                done += 1
                if self._kill_once(command, memory):
                    break
            self._complete(command, memory)

    def _kill_once(self, command, memory):
        """True if the command got to its end before the kill."""
        before = self._fingerprint()
        process = self.site.start(command, *OPTIONS[command])
        # What one kill left is less than the whole; so few commands get to their end first.
        time.sleep(self.generator.uniform(0, 0.6 * self.seconds[command]))
        process.kill()
        _, err = process.communicate()
        if process.returncode != KILLED:
            check(process.returncode in EXPECTED_CODES[command], '%s after a kill: exit code %d: %s',
                  command, process.returncode, err.decode('utf-8', 'replace')[-2000:])
        # Opening it rolls back what the kill left in the journal.
        check(self.site.rows('PRAGMA integrity_check') == [('ok',)], 'the database is damaged')
        CHECKS[command](self.site, memory)
        if process.returncode != KILLED:
            self.counts[command]['after'] += 1
            return True
        inside = self._fingerprint() != before
        self.counts[command]['inside' if inside else 'before'] += 1
        return False

    def _fingerprint(self):
        """Changes with every commit."""
        return self.site.path.read_bytes()

    def _complete(self, command, memory):
        self.site.run(command, *OPTIONS[command])
        check(self.site.rows('PRAGMA integrity_check') == [('ok',)], 'the database is damaged')
        CHECKS[command](self.site, memory)
        for look, reference in zip(COMPARED[command], self.reference[command]):
            now = look(self.site)
            check(now == reference, '%s: %s differs from an unkilled run: %s', command, look.__name__,
                  [pair for pair in zip(now, reference) if pair[0] != pair[1]][:3]
                  or (len(now), len(reference)))
        if command == 'backfill':
            self._check_expected()
        if command == 'contract':
            due = {row[0] for row in self.site.rows(
                "SELECT image_id FROM backglance_signature WHERE removed_at IS NOT NULL")}
            check(due, 'contract had nothing to remove')
            self._revert_from_archives(memory)

    def _revert_from_archives(self, memory):
        """As after the loss of our tables."""
        self.site.run('contract', '--uninstall', '--yes')
        for path in self.site.directory.glob('backglance-removed-*'):
            self.site.run('contract', '--revert', '--archive', str(path), '--key', 'site-key.pub', '--incomplete')
        now = set(self.site.rows('SELECT id, deleted FROM image_properties'))
        check(now == memory['properties'], 'the archives do not hold all that was removed: %s',
              sorted(now ^ memory['properties'])[:3])

    def _check_expected(self):
        hashes = dict(self.site.rows('SELECT id, os_hash_value FROM images'))
        for image_id, image in self.site.images.items():
            if image['result'] is not None:
                check(hashes[image_id] == image['hash_value'], '%s (%s): hash %s', image_id,
                      image['case'], hashes[image_id])
        found = dict(self.site.rows('SELECT image_id, result FROM backglance_item'))
        for image_id, image in self.site.images.items():
            check(found.get(image_id) == image['result'], '%s (%s): %s instead of %s', image_id,
                  image['case'], found.get(image_id), image['result'])
        check(self.site.rows('SELECT count(*) FROM backglance_item WHERE lease_run IS NOT NULL')
              == [(0,)], 'leases are left')


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('binary', nargs='?', default=os.environ.get('BACKGLANCE'))
    parser.add_argument('--kills', type=int, default=200)
    parser.add_argument('--images', type=int, default=400)
    parser.add_argument('--seed', default=str(time.time_ns()))
    arguments = parser.parse_args()
    if not arguments.binary:
        parser.error('give the program as argument or in BACKGLANCE')
    return arguments


def main():
    arguments = parse_arguments()
    print('seed %s' % arguments.seed, flush=True)
    with tempfile.TemporaryDirectory(prefix='backglance-kill-') as directory:
        site = Site(pathlib.Path(directory) / 'site', os.path.abspath(arguments.binary),
                    arguments.images)
        rounds = Rounds(site, random.Random(arguments.seed))
        try:
            rounds.prepare()
            for command, share in SHARES.items():
                began = time.monotonic()
                rounds.kill(command, round(share * arguments.kills))
                counts = rounds.counts[command]
                print('%-8s takes %.2f s; killed %d times before its first commit, %d inside, %d times '
                      'it was done; %.0f s' % (command, rounds.seconds[command], counts['before'],
                                               counts['inside'], counts['after'],
                                               time.monotonic() - began), flush=True)
        except Failure as failure:
            print('FAILED: %s' % failure)
            return 1
    inside = sum(counts['inside'] for counts in rounds.counts.values())
    total = sum(sum(counts.values()) for counts in rounds.counts.values())
    print('%d kills, %d of them inside' % (total, inside))
    # A test whose kills all miss would show nothing.
    if inside < total // 4:
        print('FAILED: too few landed inside')
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main())
