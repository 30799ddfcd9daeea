#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The program on one site with images in files, Ceph, Swift and S3, stored by Glance's own drivers.

    stores_site_test.py BACKGLANCE [unittest's own arguments]
"""

import json
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'cli'), str(HERE.parent / 'servers')]

import program  # noqa: E402  (found by the line above)
from program import DONE, FAILED, FINDINGS  # noqa: E402
import ceph  # noqa: E402
import servers  # noqa: E402
from swift import Swift  # noqa: E402

STORES = ('files', 'fast', 'objects', 'bucket')
# 52 images, and two damaged ones in each store.
IMAGES = 13


class StoresSiteTest(program.ProgramTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        folder = pathlib.Path(tempfile.mkdtemp(prefix='bg-'))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        for name in ('c', 's'):
            servers.make_directory(folder / name)
            cls.addClassCleanup(servers.remove_from_memory, folder / name)
        cls.ceph = ceph.Ceph(folder / 'c')
        cls.addClassCleanup(cls.ceph.stop)
        cls.ceph.start(radosgw=True)
        cls.swift = Swift(folder / 's')
        cls.addClassCleanup(cls.swift.stop, signal.SIGKILL)
        cls.swift.start()
        cls.site = folder / 'site'
        made = subprocess.run(['/usr/bin/python3', '-W', 'ignore', '-B', str(HERE / 'make_stores_site.py'),
                               str(cls.site), str(cls.ceph.home), str(cls.swift.home), str(IMAGES)],
                              check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made.returncode:
            raise AssertionError(made.stdout)
        expected = json.loads((cls.site / 'expected.json').read_text())
        cls.images, cls.secrets = expected['images'], expected['secrets']
        shutil.copy(cls.site / 'glance.sqlite', cls.site / 'pristine')

    def setUp(self):
        super().setUp()
        shutil.copy(self.site / 'pristine', self.site / 'glance.sqlite')

    def on_site(self, command, *arguments, **options):
        result = self.program(command, '--config-file', self.site / 'glance-api.conf', *arguments, **options)
        for secret in self.secrets:
            self.assertNotIn(secret, result.out + result.err)
        return result

    def rows(self, statement, *values):
        with sqlite3.connect(self.site / 'glance.sqlite') as connection:
            return connection.execute(statement, values).fetchall()

    def in_store(self, store, *results):
        return {image for image, facts in self.images.items()
                if facts['store'] == store and facts['result'] in results}

    def test_every_image_gets_glances_own_hash_and_no_damage_is_blessed(self):
        self.on_site('expand')
        status = self.on_site('status').out
        for store, kind in zip(STORES, ('file', 'rbd', 'swift', 's3')):
            self.assertRegex(status, r'(?m)^Store +%s: %s  .*, 15 images without a hash' % (store, kind))
        self.assertNotIn('cannot be read', status)
        self.on_site('backfill', '--metrics', self.site / 'x.prom', code=FINDINGS)
        hashes = dict(self.rows('SELECT id, os_hash_value FROM images'))
        self.assertEqual(hashes, {image: facts['sha512'] for image, facts in self.images.items()})
        self.assertEqual(dict(self.rows('SELECT image_id, result FROM backglance_item')),
                         {image: facts['result'] for image, facts in self.images.items()})
        report = self.on_site('report', '--json').object['stores']
        self.assertEqual({store['id']: (store['images'], store['images_with_hash'], store['findings'])
                          for store in report}, dict.fromkeys(STORES, (IMAGES + 2, IMAGES, 2)))
        for kind, store in zip(('file', 'rbd', 'swift', 's3'), STORES):
            self.assertIn('backglance_store_findings{command="backfill",store="%s",type="%s"} 2\n' % (store, kind),
                          (self.site / 'x.prom').read_text())
        # Glance erases the hash with a save of an old row: it is put back without a read.
        self.rows("UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL WHERE os_hash_value IS NOT NULL")
        self.assertIn('restored', self.on_site('backfill', '--sweep').out)
        self.assertEqual(dict(self.rows('SELECT id, os_hash_value FROM images')), hashes)
        verified = self.on_site('verify', '--json', code=FINDINGS).object
        self.assertEqual(verified['classes']['verified']['images'], 4 * IMAGES)
        for name, in self.rows("SELECT name FROM sqlite_master WHERE name LIKE 'backglance%' AND type = 'table'"):
            text = str(self.rows('SELECT * FROM %s' % name))
            for secret in self.secrets:
                self.assertNotIn(secret, text, name)

    def test_a_store_that_is_away_keeps_its_images_and_shuts_the_gate(self):
        self.on_site('expand')
        self.on_site('migrate', '--grace', '0s')
        self.swift.stop()
        self.addCleanup(self.swift.start)
        result = self.on_site('backfill', code=FAILED)
        self.assertIn('of store objects', result.err)
        recorded = {image for image, in self.rows('SELECT image_id FROM backglance_item WHERE result IS NOT NULL')}
        self.assertEqual(recorded, set(self.images) - self.in_store('objects', 'hashed', 'missing', 'checksum_differs'))
        self.on_site('contract', '--yes', code=FAILED)
        dry = self.on_site('contract', '--dry-run', '--without-store', 'objects', code=(DONE, FAILED))
        self.assertIn('left out by --without-store: 15 images\n', dry.out)
        self.assertIn('cannot be read here', self.on_site('status').out)


if __name__ == '__main__':
    program.main()
