#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Images that a real Glance has stored in every store get the hashes that Glance itself has made, and a real client
verifies its downloads by them. What others did to an object is never published.

    real_glance_test.py BACKGLANCE [unittest's own arguments]
"""

import hashlib
import pathlib
import shutil
import tempfile
import time
import unittest

import glance_stores
import glanceclient
import program
import sites
from glance_stores import MIB, STORES, content
from program import DONE, FAILED, FINDINGS

IMAGES = 50
SITE = None


def setUpModule():
    global SITE
    home = pathlib.Path(tempfile.mkdtemp(prefix='bg-'))
    unittest.addModuleCleanup(shutil.rmtree, home, ignore_errors=True)
    SITE = glance_stores.GlanceStores(home)
    unittest.addModuleCleanup(SITE.stop)
    SITE.start()


def images_of(store):
    """50 contents: most are small; some are zeros, or have holes; four are several MiB, and large objects in Swift."""
    seeds = ['%s-%d' % (store, number) for number in range(IMAGES)]
    sizes = [1 + number * 1499 for number in range(IMAGES - 8)]
    found = [content(size, seed) for size, seed in zip(sizes, seeds)]
    found += [bytes(3 * MIB + 1), bytes(65536), content(MIB, seeds[44]) + bytes(4 * MIB) + b'end',
              bytes(2 * MIB) + content(5, seeds[45])]
    found += [content(size, seed) for size, seed in
              zip((6_144_000, 7 * MIB + 1, 9 * MIB, 12 * MIB + 4097), seeds[46:])]
    return found


class RealGlanceTest(program.ProgramTest):
    def run_on_site(self, command, *arguments, code=DONE):
        result = SITE.run(command, *arguments)
        self.assert_code(result, code)
        for secret in SITE.secrets():
            self.assertNotIn(secret, result.out + result.err)
        return result

    def tearDown(self):
        for image in SITE.hashes():
            SITE.database.execute('DELETE FROM images WHERE id = ?', image)
            SITE.database.execute('DELETE FROM image_locations WHERE image_id = ?', image)

    @staticmethod
    def client():
        return glanceclient.Client('2', endpoint='http://127.0.0.1:%d' % SITE.api.port, token='none')

    def download(self, image):
        """By python-glanceclient, which compares with the hash that Glance shows."""
        digest = hashlib.sha512()
        for piece in self.client().images.data(image, do_checksum=True):
            digest.update(piece)
        return digest.hexdigest()

    def test_digests_are_glances_own_and_clients_verify_them(self):
        wanted = {}
        for store in STORES:
            for data in images_of(store):
                wanted[SITE.add(store, data)] = (store, hashlib.sha512(data).hexdigest())
        own = SITE.hashes()
        own = {image: own[SITE.twin(image)] for image in own}
        self.assertEqual({store: sum(1 for kept, _ in wanted.values() if kept == store) for store in STORES},
                         {store: IMAGES for store in STORES})
        self.assertEqual({image: hashes[1:] for image, hashes in own.items() if image in wanted},
                         {image: ('sha512', digest) for image, (_, digest) in wanted.items()})
        for store in ('reference', 'inrow'):
            large = [image for image, (kept, _) in wanted.items() if kept == store and SITE.segments(store, image)]
            self.assertEqual(len(large), 4, store)
        for checksum in (True, False):
            SITE.erase(own, checksum)
            self.assertEqual({hashes[1:] for hashes in SITE.hashes().values()}, {(None, None)})
            if not checksum:  # what the ledger knows would be restored without a read
                SITE.database.execute('DELETE FROM backglance_item')
            for command in (('expand',), ('migrate',), ('backfill',)):
                self.run_on_site(*command)
            # also the checksum, of which Glance had none for locations that were registered
            self.assertEqual(SITE.hashes(), own)
        for image, (_, digest) in wanted.items():
            self.assertEqual(self.download(image), digest)
        # The client does compare.
        image = next(iter(wanted))
        SITE.database.execute('UPDATE images SET os_hash_value = ? WHERE id = ?', '0' * 128, image)
        with self.assertRaises(IOError):
            self.download(image)
        self.assertIn('verified', self.run_on_site('verify', code=FINDINGS).out)

    def test_what_was_done_to_an_object_is_never_published(self):
        expected, good = {}, {}
        for checksum in (True, False):
            for store in STORES:
                data = content(7 * MIB, store)

                def add(result, harm, *arguments, store=store, data=data, checksum=checksum):
                    image = SITE.add(store, data)
                    SITE.leave_one(image)
                    # Glance has none of a location that was registered.
                    known = hashlib.md5(data, usedforsecurity=False).hexdigest() if checksum else None
                    SITE.database.execute('UPDATE images SET checksum = ? WHERE id = ?', known, image)
                    if harm:
                        harm(store, image, *arguments)
                    (expected if harm else good)[image] = (store, checksum, result)

                add(('hashed',), None)
                add(('missing',), SITE.remove)
                add(('size_differs',), SITE.replace, data[:-1])
                add(('size_differs',), SITE.replace, data + b'x')
                add(('size_differs', 'missing'), SITE.replace, b'')
                if checksum:  # without one, nothing is known of the old bytes
                    add(('checksum_differs',), SITE.replace, data[::-1])
                if store in ('reference', 'inrow'):
                    add(('size_differs', 'unreadable'), SITE.remove_segment)
                if store == 'fast':
                    add(('missing',), lambda store, image: SITE.remove_snapshot(image))
        SITE.erase([*expected, *good], checksum=False)
        for command in (('expand',), ('migrate',)):
            self.run_on_site(*command)
        self.assert_nothing_was_read(lambda: self.run_on_site('contract', '--dry-run', code=FAILED))
        self.run_on_site('backfill', code=FINDINGS)
        hashes = SITE.hashes()
        self.assertEqual({hashes[image][1] for image in good}, {'sha512'})
        for image, (store, checksum, results) in expected.items():
            with self.subTest(store=store, checksum=checksum, results=results):
                result, reason = SITE.result_of(image)
                self.assertIn(result, results, reason)
                self.assertEqual(hashes[image][1:], (None, None))
                self.assertEqual(hashes[image][0] is not None, checksum)

    def assert_nothing_was_read(self, look):
        """Row: verify, contract gate | same openers | is_readable by HEAD/open only, never by streaming"""
        before, asked = len(SITE.swift.requests()), len(SITE.web.asked())
        look()
        # GET of a container is a listing, that of an object has a body. S3 in Swift has the paths /BUCKET/KEY, and is
        # asked for one byte, because an answer to HEAD does not say why.
        swift = [(one['method'], one['path'].strip('/').split('/')) for one in SITE.swift.requests()[before:]
                 if one['status'] // 100 == 2 and one['range'] != 'bytes=0-0']
        self.assertIn('HEAD', [method for method, _ in swift])
        self.assertEqual([path for method, path in swift if method == 'GET' and path[0] != 'auth' and
                          len(path) == (4 if path[0] == 'v1' else 2)], [])
        # A length that HEAD has and Glance has not is confirmed by a GET, whose body is not read; here of empty files.
        web = [line.split() for line in SITE.web.asked()[asked:]]
        self.assertIn('HEAD', [line[0] for line in web])
        self.assertEqual([line for line in web if line[0] == 'GET' and line[2] == '200' and
                          (SITE.api.home / 'fs1' / line[1][1:]).stat().st_size > 0], [])

    def start_slow(self, megabytes_each_second, site=None):
        process = SITE.run('backfill', '--bandwidth', '%dM' % megabytes_each_second, '--checkpoint-every', '2M',
                           site=site, begin=program.start)
        self.addCleanup(sites._kill_if_alive, process)
        program.wait_for(lambda: SITE.database.value('SELECT count(*) FROM backglance_checkpoint') > 0
                         or process.poll() is not None)
        self.assertIsNone(process.poll(), 'the backfill was too quick, or failed')
        return process

    def test_user_deletes_an_image_of_ceph_in_mid_read(self):
        # Row: rbd | user deletes the image in mid-read | the delete succeeds at once; nothing is published
        image = SITE.add('fast', content(48 * MIB, 1))
        kept = SITE.add('fast', content(1000, 2))
        SITE.erase([image, kept])
        for command in (('expand',), ('migrate',)):
            self.run_on_site(*command)
        process = self.start_slow(4)
        began = time.monotonic()
        self.client().images.delete(image)
        seconds = time.monotonic() - began
        with SITE.images() as there:
            self.assertNotIn(image, glance_stores.rbd.RBD().list(there))
        self.assertIsNone(process.poll(), 'the read was over before the delete')
        self.assert_code(program.finish(process), DONE)
        print('delete of an image that is read: %.2f s' % seconds)
        self.assertLess(seconds, 30)  # one that is blocked ends with a failure after minutes
        self.assertEqual(SITE.database.rows('SELECT status, os_hash_value FROM images WHERE id = ?', image),
                         [('deleted', None)])
        self.assertEqual(SITE.hashes()[kept][1], 'sha512')
        report = self.run_on_site('report', '--json').object
        self.assertEqual([row for row in report['backfill']['classes'] if row['finding']], [])

    def test_object_replaced_in_mid_read(self):
        """Without a checksum too: no hash is made of two objects."""
        # Row: all | object gone or replaced during the read | changed_while_read
        for store in STORES:
            with self.subTest(store):
                data, other = content(32 * MIB, 1), content(32 * MIB, 2)
                image = SITE.add(store, data)
                SITE.leave_one(image)
                SITE.erase([image])
                for command in (('expand',), ('migrate',)):
                    self.run_on_site(*command)
                process = self.start_slow(8)
                SITE.replace(store, image, other)
                result = program.finish(process)
                self.assert_code(result, (DONE, FINDINGS))
                # What is there now may be read again, from its start.
                self.assertIn(SITE.hashes()[image][2], (None, hashlib.sha512(other).hexdigest()))
                self.assertIn('changed while read', result.out)
                self.tearDown()


if __name__ == '__main__':
    program.main()
