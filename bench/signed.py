# SPDX-License-Identifier: Apache-2.0
"""(8) What it costs a backfill to verify the signatures of all that it reads. On SQLite, from the page cache."""

import contextlib
import hashlib
import shutil
import sqlite3
import statistics
import sys

from cryptography.hazmat.primitives.asymmetric import padding, rsa, utils

import hashers
import whole_run
from table import ROOT

sys.path.insert(0, str(ROOT / 'tests' / 'site'))

import signing  # noqa: E402  (found by the line above)

GIB = 1 << 30
IMAGES = 100
# The second is a digest besides those of the site.
METHODS = ('SHA-512', 'SHA-256')


class Signed(whole_run.WholeRun):
    def __init__(self, bench):
        super().__init__(bench)
        self.bytes = GIB if bench.quick else 8 * GIB
        self.images = 40 if bench.quick else IMAGES
        self.title = '8  signatures verified: %d GiB in %d images, page cache, 2 cores' % (self.bytes // GIB, self.images)
        self.directory = bench.scratch / 'signed'
        self.values = {}

    def run(self, table):
        store = self.directory / 'files'
        store.mkdir(parents=True)
        certificates = self.directory / 'certificates'
        certificates.mkdir()
        try:
            files = self.write(store)
            signer = signing.Signer(certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
            self.values = {method: {str(file): self.sign(signer, file, method) for file in files} for method in METHODS}
            self.compare_signed(files, certificates, table)
        finally:
            shutil.rmtree(self.directory)

    @staticmethod
    def sign(signer, file, name):
        """The four properties of an image, made as Signer makes them and without a copy in memory."""
        method = signing.HASHES[name]
        with open(file, 'rb') as stream:
            digest = hashlib.file_digest(stream, name.replace('-', '').lower()).digest()
        pss = padding.PSS(padding.MGF1(method), padding.PSS.MAX_LENGTH)
        return signing.text(signer.key.sign(digest, pss, utils.Prehashed(method))), name, signer.key_type, signer.id

    def enter(self, database, method):
        with contextlib.closing(sqlite3.connect(database)) as db, db:
            for image_id, value in db.execute('SELECT image_id, value FROM image_locations').fetchall():
                db.executemany(
                    'INSERT INTO image_properties (image_id, name, value, created_at, deleted)'
                    " VALUES (?, ?, ?, '2018-01-02 03:04:05', 0)",
                    [(image_id, 'img_' + name, text) for name, text in zip(
                        signing.NAMES, self.values[method][value[len('file://'):]])])

    def one(self, files, name, method, certificates):
        options = ('--certificates', certificates) if certificates else ()
        site = self.site(files, name)
        if method:
            self.enter(site.database, method)
        for command in ('expand', 'migrate'):
            site.measure(command)
        run = site.measure('backfill', '--priority', 'normal', *map(str, options))
        with contextlib.closing(sqlite3.connect(site.database)) as db:
            valid, = db.execute("SELECT COUNT(*) FROM backglance_signature WHERE verdict = 'valid'").fetchone()
        if valid != (len(files) if certificates else 0):
            raise RuntimeError('%d of %d signatures are valid' % (valid, len(files)))
        shutil.rmtree(site.directory)
        return run

    def compare_signed(self, files, certificates, table):
        total = sum(file.stat().st_size for file in files)
        hashers.run([['cat', *map(str, files)]])
        kinds = {'not verified': ('SHA-512', None), 'SHA-512, which the site has': ('SHA-512', certificates),
                 'SHA-256, a third digest': ('SHA-256', certificates)}
        found = {kind: [] for kind in kinds}
        for number in range(self.bench.rounds):
            for place, (kind, (method, directory)) in enumerate(kinds.items()):
                found[kind].append(self.one(files, '%d-%d' % (number, place), method, directory))
        walls = {kind: statistics.median(run['seconds'] for run in runs) for kind, runs in found.items()}
        for kind, runs in found.items():
            table.here(self, '%s: MiB/s, CPU seconds' % kind,
                       (total / whole_run.MIB / walls[kind], statistics.median(run['cpu_seconds'] for run in runs)),
                       '%.0f, %.1f')
            table.here(self, '%s: bytes read over bytes stored' % kind,
                       statistics.median(run['read_bytes'] / total for run in runs), '%.4f', '1.000')
        plain, same, third = walls.values()
        table.here(self, 'wall time, SHA-512 over not verified', same / plain, '%.3f', '< 1.05')
        table.here(self, 'wall time, SHA-256 over not verified', third / plain, '%.3f')
