# SPDX-License-Identifier: Apache-2.0
"""(9) A site of a million images and three million properties: how long the commands that only look at it take, and
their memory. On SQLite and on servers."""

import contextlib
import json
import shutil
import sqlite3
import statistics
import subprocess

import databases
import glance_schema
import sites
import workers
from table import ROOT

IMAGES = 1_000_000
QUICK_IMAGES = 20_000
# Each image has these; one in 256 is signed under the old names.
PROPERTIES = ('os_distro', 'hw_disk_bus', 'architecture')
SIGNATURE = ('signature', 'signature_hash_method', 'signature_key_type', 'signature_certificate_uuid')
LOOKS = (('check',), ('status',), ('plan',), ('backfill', '--dry-run'), ('report',), ('report', '--json'),
         ('report', '--html', '{scratch}/report.html'))
GOAL_SECONDS = {'check': '<= 5', 'status': '<= 5', 'plan': '<= 5', 'report': '<= 60'}
SQLITE_CACHE_KIB = 1 << 20
MEASURED = ROOT / 'tests' / 'scale' / 'measured.py'
# check and plan answer with what is due.
ANSWERS = (0, 3, 4, 5)
MIB = 1 << 20

OF_IMAGES = """
INSERT INTO image_properties (image_id, name, value, created_at, deleted)
SELECT id, '{name}', 'x', '2018-01-02 03:04:05', {false} FROM images {which}
"""
SQLITE_IMAGES = """
INSERT INTO images (id, name, size, status, checksum, owner, visibility, disk_format, container_format, min_disk,
                    min_ram, protected, deleted, created_at, updated_at)
VALUES (?, 'an image of a large site', 36, 'active', '0123456789abcdef0123456789abcdef', 'an owner', 'private', 'qcow2',
        'bare', 0, 0, 0, 0, '2018-01-02 03:04:05', '2018-01-02 03:04:05')
"""
SQLITE_LOCATIONS = """
INSERT INTO image_locations (image_id, value, meta_data, status, created_at, deleted)
SELECT id, 'file:///nowhere/' || id, '{}', 'active', '2018-01-02 03:04:05', 0 FROM images
"""


def property_statements(false):
    for name in PROPERTIES:
        yield OF_IMAGES.format(name=name, false=false, which='')
    for name in SIGNATURE:
        yield OF_IMAGES.format(name=name, false=false, which="WHERE id LIKE '00%'")


def make_sqlite(path, images):
    """The ids come in no order, as Glance's do."""
    glance_schema.make_schema_in_subprocess('sqlite:///%s' % path, 'queens_contract01')
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute('PRAGMA synchronous = OFF')
        db.execute('PRAGMA cache_size = -%d' % SQLITE_CACHE_KIB)
        db.executemany(SQLITE_IMAGES, ((sites.image_id(number),) for number in range(1, images + 1)))
        db.execute(SQLITE_LOCATIONS)
        for statement in property_statements('0'):
            db.execute(statement)


class LargeSite:
    title = '9  looking at a large site'
    rounds = 3

    def __init__(self, bench):
        self.bench = bench
        self.images = bench.images or (QUICK_IMAGES if bench.quick else IMAGES)
        self.store = bench.scratch / 'large-store'

    def run(self, table):
        self.store.mkdir()
        path = self.bench.scratch / 'large.sqlite'
        make_sqlite(path, self.images)
        self.look('sqlite:///%s' % path, lambda what, *figure: table.here(self, 'SQLite, %s' % what, *figure))
        path.unlink()
        for engine in self.bench.engines:
            databases.use(engine)
            name = sites.make('large', self.images, self.store)
            for statement in property_statements(sites.WORDS[engine]['false']):
                databases.rows(name, statement)
            sites.settle(name)
            self.look(databases.url(name), lambda what, *figure, at=engine: table.add(self, what, at, *figure))
            databases.drop(name)
        shutil.rmtree(self.store)

    def look(self, url, add):
        for command in ('expand', 'migrate'):
            self.measure(url, command)
        for words in LOOKS:
            measured = [self.measure(url, *words) for _ in range(self.bench.rounds)]
            name = ' '.join(words[:2])
            add('%s, s' % name, statistics.median(run['seconds'] for run in measured), '%.1f',
                GOAL_SECONDS.get(words[0], ''))
            add('%s, peak MiB' % name, max(run['peak_bytes'] for run in measured) / MIB, '%.0f')

    def measure(self, url, command, *options):
        figures = self.bench.scratch / 'figures.json'
        words = [option.format(scratch=self.bench.scratch) for option in options]
        subprocess.run(['/usr/bin/python3', '-B', '-S', str(MEASURED), str(figures), str(self.bench.binary), command,
                        '--database', url, '--store-dir', str(self.store), *words], check=True,
                       stdout=subprocess.DEVNULL)
        measured = json.loads(figures.read_text())
        if measured['code'] not in ANSWERS:
            raise workers.Failed('%s: exit code %d' % (command, measured['code']))
        return measured
