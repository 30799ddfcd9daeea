#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""backglance beside a real, running glance-api.

    /usr/bin/python3 tests/glance_api/beside_test.py [BINARY] [unittest's own arguments]

Needs Debian's glance-api. On SQLite, or on the server that the environment names (tests/servers/databases.py).
"""

import concurrent.futures
import contextlib
import functools
import hashlib
import json
import pathlib
import subprocess
import threading
import unittest

from cryptography.hazmat.primitives.asymmetric import rsa

from served_site import WRITERS, Reader, ServedSite, program

import databases
import glance_api
import lost_hashes
import operations
import signing
import sites

HASHES = ('os_hash_algo', 'os_hash_value', 'checksum')
LEGACY = {name: 'value of %s' % name for name in sites.LEGACY}


def sha512(data):
    return hashlib.sha512(data).hexdigest()


def without(fields, *names):
    return {name: value for name, value in fields.items() if name not in names}


@functools.cache
def served_at(revision):
    """One for all tests."""
    served = ServedSite(revision)
    unittest.addModuleCleanup(served.close)
    return served


class ServedTest(unittest.TestCase):
    maxDiff = None
    revision = 'head'

    def setUp(self):
        self.served = served_at(self.revision)
        self.client = self.served.client
        self.addCleanup(self.served.delete_images)

    def look(self, image_ids):
        """All that the API shows of each image, hashes left out, and its bytes."""
        seen = {}
        for image_id in image_ids:
            image = self.client.show(image_id)
            has_data = image['status'] in ('active', 'deactivated')
            seen[image_id] = (without(image, *HASHES), self.client.download(image_id) if has_data else None)
        return seen

    def assert_hashed(self, data):
        """`data`: id -> bytes."""
        for image_id, content in data.items():
            image = self.client.show(image_id)
            self.assertEqual((image['os_hash_algo'], image['os_hash_value'], image['checksum']),
                             ('sha512', sha512(content), hashlib.md5(content, usedforsecurity=False).hexdigest()))


class Upgrade(ServedTest):
    def test_the_same_images_are_served_through_every_step(self):
        client = self.client
        self.served.require('contract', '--uninstall', '--yes')
        data = {client.add(b'some bytes'): b'some bytes',
                client.add(b'', visibility='community'): b'',
                client.add(b'x' * 3000000, os_hidden=True): b'x' * 3000000,
                client.add(b'properties', a='property', tags=['a tag'], protected=True): b'properties',
                client.add(b'deactivated'): b'deactivated',
                client.add(b'signed', **LEGACY): b'signed'}
        signed, deactivated = list(data)[-1], list(data)[-2]
        client.action(deactivated, 'deactivate')
        empty = client.create(name='no data yet')
        with operations.web_server() as web:
            elsewhere = client.create(name='elsewhere')
            client.patch(elsewhere, ('add', '/locations/-', {'url': web + '/image', 'metadata': {}}))
            self.served.erase(*data)
            images = [*data, empty, elsewhere]
            before = self.look(images)
            with Reader(self.served, without(data, deactivated)) as reader:
                for arguments in (('expand',), ('expand', '--guard'), ('migrate', '--grace', '0s'),
                                  ('backfill', '--jobs', '2'), ('verify',),
                                  ('contract', '--dry-run', '--without-store', 'http')):
                    # 10: an image in a store that is not read
                    self.served.require(*arguments, codes=(0, 10))
                    self.assertEqual(self.look(images), before, arguments)
                self.assert_hashed(data)
                self.assertIsNone(client.show(elsewhere)['os_hash_value'])
                self.served.require('contract', '--yes', '--without-store', 'http')
                fields, content = before[signed]
                self.assertLessEqual(LEGACY.keys(), fields.keys())
                before[signed] = (without(fields, *LEGACY), content)
                self.assertEqual(self.look(images), before)
                # A save of Glance deletes once more what is deleted, and takes nothing from a revert.
                client.patch(signed, ('replace', '/name', 'renamed'))
                self.served.require('contract', '--revert')
                fields = client.show(signed)
                self.assertEqual({name: fields.get(name) for name in LEGACY}, LEGACY)
                self.served.require('contract', '--yes', '--without-store', 'http')
                client.patch(signed, ('replace', '/name', before[signed][0]['name']))
                before[signed] = (self.look([signed])[signed][0], content)
                self.assertTrue(LEGACY.keys().isdisjoint(before[signed][0]))
                self.assertEqual(self.look(images), before)
                self.served.require('contract', '--uninstall', '--yes')
                self.assertEqual(self.look(images), before)
            self.assertEqual(reader.failures, [])
            self.assertGreater(reader.reads, 2 * len(data))
        self.assert_hashed(data)


class Liberty(ServedTest):
    def test_signatures_over_the_md5_that_glance_has_stored(self):
        certificates = pathlib.Path(self.served.api.home) / 'certificates'
        certificates.mkdir(exist_ok=True)
        signer = signing.Signer(certificates, 'RSA-PSS', rsa.generate_private_key(65537, 2048))
        wanted = {}
        for number, method in enumerate(signing.HASHES):
            for is_right in (True, False):
                image_id = self.client.add(b'bytes of image %d' % number * 1000)
                checksum = self.client.show(image_id)['checksum']
                over = checksum if is_right else checksum.upper()
                self.client.patch(image_id, *(('add', '/' + name, value) for name, value in zip(
                    signing.NAMES, signer.values(over.encode(), method))))
                wanted[image_id] = 'valid' if is_right else 'invalid'
        self.served.require('expand')
        self.served.require('migrate')
        self.served.require('verify', '--signatures', '--certificates', certificates)
        images = json.loads(self.served.require('report', '--json').out)['signatures']['images']
        self.assertEqual({image['image_id']: image['legacy_verdict'] for image in images
                          if image['image_id'] in wanted}, wanted)


class NewGlanceOnAnOldSchema(ServedTest):
    revision = 'queens_contract01'

    def test_it_answers_from_expand_on_and_goes_on_through_its_own_upgrade(self):
        contents = [b'bytes of image %d' % number for number in range(3)]
        data = {}
        for number, content in enumerate(contents):
            path = self.served.api.home / 'fs1' / ('image-%d' % number)
            path.write_bytes(content)
            data[self.served.site.add(content, location='file://%s' % path)] = content
        image_id = next(iter(data))
        with self.assertRaises(glance_api.Refused) as refused:
            self.client.show(image_id)
        self.assertEqual(refused.exception.status, 500)
        self.served.require('expand', '--guard')
        self.look(data)  # where a location names no store, Glance enters it now, and saves the image
        before = self.look(data)
        self.assertEqual({image: content for image, (_, content) in before.items()}, data)
        with Reader(self.served, data) as reader:
            self.served.require('migrate')
            self.served.require('backfill')
            done = self.served.glance_manage('sync')
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(self.look(data), before)
        self.assertEqual(reader.failures, [])
        self.assert_hashed(data)
        self.client.patch(image_id, ('replace', '/name', 'renamed'))
        self.assert_hashed(data)
        self.assertIn('guard installed', self.served.require('check').out)


class Saves(ServedTest):
    def setUp(self):
        super().setUp()
        self.served.require('expand')

    @contextlib.contextmanager
    def guard(self, wanted):
        if wanted:
            self.served.require('expand', '--guard')
        try:
            yield
        finally:
            if wanted:
                self.served.require('expand', '--revert', '--guard')

    def publish(self, image_id):
        self.served.require('backfill', '--image', image_id)

    def after(self, image_id):
        """What an operation has left, but for what differs from image to image."""
        columns = ('name', 'size', 'virtual_size', 'status', 'visibility', 'os_hidden', 'deleted', 'checksum',
                   'os_hash_algo', 'os_hash_value')
        row = self.served.database.rows('SELECT %s FROM images WHERE id = ?' % ', '.join(columns), image_id)[0]
        properties = self.served.database.rows(
            "SELECT name, value, deleted FROM image_properties WHERE image_id = ? AND name <> "
            "'os_glance_import_task' ORDER BY name", image_id)
        locations = self.served.database.rows(
            'SELECT status, deleted, meta_data FROM image_locations WHERE image_id = ? ORDER BY id', image_id)
        return dict(zip(columns, row)), properties, locations

    def test_each_operation_leaves_the_same_with_and_without_the_guard(self):
        results = {}
        with operations.web_server() as web:
            todo = operations.Operations(self.served.api, self.client, web, self.publish, self.served.erase).all()
            for guard in (False, True):
                with self.guard(guard):
                    results[guard] = {name: self.after(operation()) for name, operation in todo}
        for name, _ in todo:
            with self.subTest(name):
                self.assertEqual(results[True][name], results[False][name])
        # They have done what they are there for.
        rows = {name: row for name, (row, _, _) in results[True].items()}
        for name in ('upload', 'import_of_staged_data', 'copy_of_an_image_with_our_hash', 'change_to_deactivated'):
            self.assertEqual(rows[name]['os_hash_value'], operations.SHA512, name)
        cleared = rows['import_whose_second_store_fails']
        self.assertEqual([cleared[name] for name in ('size', *HASHES)], [None] * 4)

    def test_a_save_of_what_was_read_before_a_publish(self):
        data = b'published while Glance had it in memory'
        for guard in (False, True):
            with self.subTest(guard=guard), self.guard(guard):
                image_id = self.client.add(data)
                self.served.erase(image_id)
                done = subprocess.run(
                    ['/usr/bin/python3', '-B', pathlib.Path(__file__).with_name('stale_save.py'),
                     self.served.api.config, image_id, 'renamed', program.binary(), 'backfill', '--config-file',
                     self.served.api.config, '--image', image_id], check=False, stdout=subprocess.PIPE,
                    stderr=subprocess.STDOUT, text=True)
                self.assertEqual(done.returncode, 0, done.stdout)
                self.assert_saved(image_id, data, guard)

    def assert_saved(self, image_id, data, guard):
        shown = self.client.show(image_id)
        self.assertEqual(shown['name'], 'renamed')
        self.assertEqual(shown['os_hash_value'], sha512(data) if guard else None)
        sweep = self.served.require('backfill', '--sweep', '--json').object
        self.assertEqual(sweep['classes'], {} if guard else {'restored': {'images': 1, 'bytes': 0}})
        self.assert_hashed({image_id: data})

    @unittest.skipIf(databases.engine() is None, 'SQLite has one lock: Glance would not get to its save')
    def test_a_request_that_was_under_way_at_a_publish(self):
        data = b'published while a request was under way'
        for guard in (False, True):
            with self.subTest(guard=guard), self.guard(guard):
                image_id = self.client.add(data)
                self.served.erase(image_id)
                self.publish(image_id)
                self.served.erase(image_id)
                with self.published_between_read_and_save(image_id, sha512(data)):
                    self.client.patch(image_id, ('replace', '/name', 'renamed'))
                self.assert_saved(image_id, data, guard)

    @contextlib.contextmanager
    def published_between_read_and_save(self, image_id, digest):
        """What the caller saves through the API meanwhile was read before the publish, and is written after it: the
        publish holds the row's lock until Glance waits for it."""
        md5 = self.served.database.value('SELECT md5 FROM backglance_item WHERE image_id = ?', image_id)
        holds = threading.Event()

        def publish():
            with self.served.database.batch():
                self.served.database.execute(
                    "UPDATE images SET os_hash_algo = 'sha512', os_hash_value = ?, checksum = ? WHERE id = ?",
                    digest, md5, image_id)
                holds.set()
                program.wait_for(self.somebody_waits)

        with concurrent.futures.ThreadPoolExecutor() as pool:
            published = pool.submit(publish)
            self.assertTrue(holds.wait(60))
            yield
            published.result()

    def somebody_waits(self):
        if databases.is_postgresql():
            return databases.rows(self.served.database.name,
                                  "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                                  ' AND datname = current_database()')
        # InnoDB's own list of waits is a copy that is not renewed while it is asked for.
        return databases.rows(self.served.database.name,
                              "SELECT 1 FROM information_schema.processlist WHERE state = 'Updating'"
                              " AND info LIKE 'UPDATE images%%' AND time_ms > 200 AND db = DATABASE()")

    def test_backfill_and_sweep_converge_while_images_are_changed_without_pause(self):
        for guard in (False, True):
            with self.subTest(guard=guard), self.guard(guard):
                data = {self.client.add(b'image %d' % number): b'image %d' % number for number in range(12)}
                self.served.erase(*data)
                with glance_api.Writers(self.served.api, list(data), WRITERS) as writers:
                    for _ in range(2):
                        self.served.require('backfill')
                    begun = writers.writes
                    program.wait_for(lambda: writers.writes > begun + 5 or writers.failures)
                runs = 0
                while self.served.run('check').code != program.DONE:
                    self.served.require('backfill')
                    runs += 1
                    self.assertLess(runs, 3)
                print('%d API writes, guard %s: %d more runs to converge' % (writers.writes, guard, runs))
                self.assert_hashed(data)
                self.assertEqual(writers.lost(self.client), [])
                self.assert_refused_for_a_lock_alone(writers)

    def assert_refused_for_a_lock_alone(self, writers):
        """SQLite refuses Glance's save at once if somebody else writes: Glance has read in the same transaction."""
        self.assertEqual([failure for failure in writers.failures
                          if databases.engine() is not None or ': 500 ' not in failure], [])

    def test_the_guard_loses_neither_hashes_nor_writes(self):
        for guard in (False, True):
            figures = lost_hashes.measure(self.served, guard, rounds=2, images=WRITERS)
            print(lost_hashes.line(figures))
            self.assertGreater(figures['api_writes'], 0)
            self.assertEqual(figures['api_writes_lost'], 0)
            self.assertLessEqual(figures['runs_to_converge'], 1)
            if guard:
                self.assertEqual(figures['hashes_lost'], 0)


if __name__ == '__main__':
    program.main()
