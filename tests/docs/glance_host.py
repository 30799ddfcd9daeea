# SPDX-License-Identifier: Apache-2.0
"""A directory that stands for a host with a small Glance of the Queens release, for documents to work on."""

import contextlib
import json
import os
import pathlib
import shlex
import shutil
import socket
import sqlite3
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / 'site'))

TIMEOUT = 600
# The images of the site, by their names in the tables of tests/site.
KEPT = ('plain', 'public', 'deactivated', 'second file store', 'snapshot without checksum',
        'registered by URL: no checksum, no size', 'big', 'import task at work',
        'missing file', 'one byte flipped', 'http',
        'legacy signature', 'legacy signature without certificate',
        'legacy signature that a snapshot inherited', 'both signatures', 'new signature')
CHILDREN = ('image_properties', 'image_locations', 'image_tags', 'image_members')


class GlanceHost:
    """Paths in documents are those of a real host; each is a path below our directory here."""

    make_options = ()  # of make_site.py, more than all hosts have

    def __init__(self, directory, binary):
        self.directory = pathlib.Path(directory)
        self.site = self.directory / 'var/lib/glance'
        self.database = self.site / 'glance.sqlite'
        self.paths = {path: str(self.directory / path.lstrip('/')) for path in (
            '/var/lib/glance', '/var/backups', '/var/log/glance', '/var/www/html', '/etc/glance',
            '/var/lib/prometheus/node-exporter')}
        for path in self.paths.values():
            pathlib.Path(path).mkdir(parents=True)
        self._make_site()
        self._configure()
        self.environment = dict(os.environ, HOME=str(self.directory / 'home'), LC_ALL='C.UTF-8',
                                PATH='%s:/usr/bin:/bin' % pathlib.Path(binary).resolve().parent)
        for name in ('PYTHONPATH', 'PYTHONHOME'):
            self.environment.pop(name, None)

    def _make_site(self):
        subprocess.run(['/usr/bin/python3', '-B', str(TESTS / 'site/make_site.py'), str(self.site),
                        '--no-garbage', '--big-mib', '8', *self.make_options], check=True, timeout=TIMEOUT)
        self.expected = json.loads((self.site / 'expected.json').read_text())['images']
        kept = [image_id for image_id, image in self.expected.items() if image['case'] in KEPT]
        if len(kept) != len(KEPT):
            raise RuntimeError('make_site.py no longer makes every one of the images KEPT')
        self.expected = {image_id: self.expected[image_id] for image_id in kept}
        marks = ','.join('?' * len(kept))
        with self.open() as db:
            for table in CHILDREN:
                db.execute('DELETE FROM %s WHERE image_id NOT IN (%s)' % (table, marks), kept)
            db.execute('DELETE FROM images WHERE id NOT IN (%s)' % marks, kept)
        for path in [*self.site.glob('images/*'), *self.site.glob('images-cold/*')]:
            if path.name not in kept:
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def _configure(self):
        """Where glance-api and glance-manage look first, so that this host's own files are not read."""
        home = self.directory / 'home/.glance'
        home.mkdir(parents=True)
        text = (self.site / 'glance-api.conf').read_text()
        text = '\n'.join(line for line in text.split('\n') if 'metadata_encryption_key' not in line)
        config = self.directory / 'etc/glance/glance-api.conf'
        config.write_text(text)
        (home / 'glance-api.conf').symlink_to(config)
        for name in ('glance', 'glance-manage'):
            (home / (name + '.conf')).touch()
        for name in ('glance', 'glance-api', 'glance-manage'):
            (home / (name + '.conf.d')).mkdir()

    @contextlib.contextmanager
    def open(self):
        with contextlib.closing(sqlite3.connect(self.database)) as db, db:
            yield db

    def id_of(self, name):
        return next(image_id for image_id, image in self.expected.items() if image['case'] == name)

    def run(self, text):
        """Runs a command of a document; its exit code, and its output with a real host's paths."""
        for path, here in self.paths.items():
            text = text.replace(path, here)
        done = subprocess.run(['bash', '-c', text], check=False, env=self.environment,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=TIMEOUT, cwd=self.directory)
        output = done.stdout.decode('utf-8', 'replace')
        for path, here in self.paths.items():
            output = output.replace(here, path)
        return done.returncode, output.replace(' on %s:' % socket.gethostname(), ' on controller:')

    # What a person, Glance or time does between two commands.

    def step(self, words):
        name, *arguments = shlex.split(words)
        steps = {'delete': self.delete, 'save': self.save,
                 'import-done': self.import_done, 'time-passes': self.time_passes}
        if name not in steps:
            raise ValueError('no such step: %s' % words)
        steps[name](*arguments)

    def delete(self, name):
        """Deletes an image as Glance does."""
        image_id, now = self.id_of(name), '2026-03-08 09:00:00.000000'
        with self.open() as db:
            for table in CHILDREN:
                db.execute('UPDATE %s SET deleted = 1, deleted_at = ? WHERE image_id = ?' % table,
                           (now, image_id))
            db.execute("UPDATE images SET status = 'deleted', deleted = 1, deleted_at = ?, size = NULL"
                       ' WHERE id = ?', (now, image_id))

    def import_done(self):
        """Glance ends the import that it was busy with, and a minute or ten go by."""
        with self.open() as db:
            db.execute('UPDATE image_properties SET deleted = 1 WHERE name = ?',
                       ('os_glance_import_task',))
            db.execute('UPDATE backglance_item SET next_try_at = 0')

    def save(self, name):
        """A rename through a Glance that read the row before the hash was published."""
        with self.open() as db:
            db.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL WHERE id = ?',
                       (self.id_of(name),))

    def time_passes(self):
        """Half a year: every grace period ends."""
        with self.open() as db:
            db.execute('UPDATE backglance_signature SET deadline_at = flagged_at - 1'
                       ' WHERE deadline_at IS NOT NULL')
