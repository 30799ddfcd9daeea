# SPDX-License-Identifier: Apache-2.0
"""A site of tests/cli/sites.py with a glance-api before it, for the tests and the measurement of this directory."""

import pathlib
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / 'cli'), str(TESTS / 'servers')]

import program  # noqa: E402  (found by the line above)
import databases  # noqa: E402
import sites  # noqa: E402

import glance_api  # noqa: E402

# Glance's greenlets share one thread: on SQLite one that waits for the lock keeps the one that holds it from going on.
WRITERS = 1 if databases.engine() is None else 6


class ServedSite:
    """A database at `revision`, a glance-api on it, and the program for both by that server's configuration."""

    def __init__(self, revision='head', anonymous=False):
        self._directory = tempfile.TemporaryDirectory(dir=program.scratch())
        home = pathlib.Path(self._directory.name)
        self.site = sites.SmallSite(home / 'site', revision)
        self.database = self.site.database
        self.api = glance_api.GlanceApi(home / 'api', self.database.url, anonymous=anonymous)
        try:
            self.api.start()
        except BaseException:
            self.database.drop()
            raise
        self.client = self.api.client()

    def close(self):
        self.client.close()
        self.api.stop()
        self.database.drop()
        self._directory.cleanup()

    def run(self, command, *arguments):
        return program.run(command, '--config-file', self.api.config, *arguments, cwd=self.api.home)

    def require(self, command, *arguments, codes=(0,)):
        result = self.run(command, *arguments)
        if result.code not in codes:
            raise AssertionError(str(result))
        return result

    def glance_manage(self, *arguments):
        return subprocess.run(
            ['/usr/bin/python3', '/usr/bin/glance-manage', '--config-file', str(self.api.config), 'db', *arguments],
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def erase(self, *image_ids):
        """Takes hash and checksum away, as if the images were from before hashes. The guard takes another hash for
        one that Glance has begun, and lets it through."""
        for image_id in image_ids:
            with self.database.batch():
                self.database.execute("UPDATE images SET os_hash_algo = 'none', os_hash_value = NULL WHERE id = ?",
                                      image_id)
                self.database.execute('UPDATE images SET os_hash_algo = NULL, checksum = NULL WHERE id = ?', image_id)

    def delete_images(self):
        self.database.execute('UPDATE images SET protected = ?', False)
        for (image_id,) in self.database.rows('SELECT id FROM images WHERE deleted = 0'):
            self.client.delete(image_id)

    def without_hash(self):
        return [row[0] for row in self.database.rows(
            "SELECT id FROM images WHERE os_hash_value IS NULL AND deleted = 0 AND status = 'active'")]


class Reader:
    """Reads images through the API all the while, and keeps what it got otherwise than `wanted`: id -> bytes."""

    def __init__(self, served, wanted):
        self.reads = 0
        self.failures = []
        self._client = served.api.client()
        self._wanted = wanted
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._client.close()

    def _read(self):
        while not self._ended.is_set():
            for image_id, data in self._wanted.items():
                try:
                    shown = self._client.show(image_id)
                    if shown['status'] != 'active' or self._client.download(image_id) != data:
                        self.failures.append('%s is not what it was' % image_id)
                except (glance_api.Refused, OSError) as error:
                    self.failures.append(str(error))
                self.reads += 1
                time.sleep(0.02)  # or all that others ask for would take twice as long
