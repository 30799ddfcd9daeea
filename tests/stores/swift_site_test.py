#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The program on a site whose images lie in a real Swift.

    swift_site_test.py BACKGLANCE [unittest's own arguments]

Comments that begin with "Row:" name a hazard of the acceptance table of stores.
"""

import pathlib
import shutil
import signal
import sys
import tempfile
import unittest
import uuid

from swift_cases import MIB, Objects, pattern

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'cli'))

import program  # noqa: E402  (found by the line above)
from program import DONE, FAILED, FINDINGS  # noqa: E402
import servers  # noqa: E402
import sites  # noqa: E402
from faults import FaultServer, pattern as fault_pattern  # noqa: E402
from swift import Swift  # noqa: E402

SEGMENT = 256 << 10
INTERVAL = 8 * MIB
TAIL_BYTES = MIB  # before a checkpoint, read again to know the object by
ACCOUNTS = '''
[ref1]
auth_address = {auth}
user = test:tester
key = {key}
auth_version = 1
[faults]
auth_address = {faults}/auth/v1.0
user = planted:user
key = plantedkey
auth_version = 1
'''
SECRETS = ('testing', 'planted', 'AUTH_tk', 'AUTH_test', '127.0.0.1', 'tester')
SERVER = FAULTS = OBJECTS = None


def setUpModule():
    global SERVER, FAULTS, OBJECTS
    folder = pathlib.Path(tempfile.mkdtemp(prefix='backglance-swift-')) / 'server'
    unittest.addModuleCleanup(shutil.rmtree, folder.parent)
    servers.make_directory(folder)
    unittest.addModuleCleanup(servers.remove_from_memory, folder)
    SERVER = Swift(folder)
    unittest.addModuleCleanup(SERVER.stop, signal.SIGKILL)
    SERVER.start()
    FAULTS = FaultServer()
    unittest.addModuleCleanup(FAULTS.close)
    OBJECTS = Objects(SERVER.call)
    OBJECTS.put('images')


class SwiftSiteTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.configure()

    def configure(self, key='testing'):
        accounts = pathlib.Path(self.site.directory) / 'accounts.conf'
        accounts.write_text(ACCOUNTS.format(auth=SERVER.auth_url, faults=FAULTS.url(''), key=key))
        self.site.config.write_text(
            '[DEFAULT]\nenabled_backends = fast:swift\n[database]\nconnection = %s\n[glance_store]\n'
            'default_backend = fast\n[fast]\nswift_store_config_file = %s\nswift_store_container = images\n'
            % (self.site.database.url, accounts))

    def add(self, data, save=None, location='swift+config://ref1/images/%s', **columns):
        """An image, and what `save` makes of it in Swift: a function of its id, or the bytes of an object."""
        image = str(uuid.uuid4())
        if callable(save):
            save(image)
        else:
            OBJECTS.plain('images', image, data if save is None else save)
        self.site.add(data, id=image, location=location % image, **columns)
        return image

    def prepare(self):
        self.site.database.execute('UPDATE image_locations SET meta_data = ?', '{"store": "fast"}')
        self.assert_code(self.on_site('expand'), DONE)
        self.assert_code(self.on_site('migrate'), DONE)

    def result_of(self, image):
        return self.site.database.value('SELECT result FROM backglance_item WHERE image_id = ?', image)

    def assert_hashed(self, images):
        hashes = self.site.hashes()
        self.assertEqual({image: hashes[image][:2] for image in images},
                         {image: ('sha512', sites.sha512(data)) for image, data in images.items()})

    def assert_no_secret(self, *texts):
        for secret in SECRETS:
            for text in (*texts, self.site.database.all_text('backglance')):
                self.assertNotIn(secret, text)

    def test_each_image_gets_its_hash_or_its_result(self):
        host = SERVER.auth_url.partition('://')[2]
        own = 'swift+http://test%%3Atester:testing@' + host + '/images/%s'
        data = pattern(13 * SEGMENT + 1, 9)

        def lose_segment(image):
            OBJECTS.dynamic('images', image, data, SEGMENT)
            SERVER.call('DELETE', 'images/%s-00005' % image)

        good = {self.add(pattern(1000 + seed, seed)): pattern(1000 + seed, seed) for seed in range(5)}
        for options in ({}, {'location': own}, {'checksum': None},
                        {'save': lambda image: OBJECTS.dynamic('images', image, data, SEGMENT)},
                        {'save': lambda image: OBJECTS.static('images', image, data, SEGMENT)}):
            good[self.add(data, **options)] = data
        expected = {
            self.add(data, lambda image: None): 'missing',
            self.add(data, pattern(len(data), 10)): 'checksum_differs',
            self.add(data, data[:-1]): 'size_differs',
            # Row: swift | DLO with a middle segment missing | size_differs
            self.add(data, lose_segment): 'size_differs',
            self.add(data, location='swift+http://test%%3Astranger:plantedkey@' + host + '/images/%s'): 'unreadable',
            self.add(data, location='swift+config://ref1/%s'): 'unreadable',
        }
        self.prepare()
        said = [self.on_site('plan'), self.on_site('status'),
                self.on_site('backfill', '--log', '/dev/stderr', code=FINDINGS), self.on_site('report')]
        self.assert_hashed(good)
        self.assertEqual({image: self.result_of(image) for image in expected}, expected)
        self.assertEqual({self.site.hashes()[image][:2] for image in expected}, {(None, None)})
        verified = self.on_site('verify', code=FINDINGS)
        # Row: all | secret in row or config | in no output, ledger, core of an error, argv
        self.assert_no_secret(*(result.out + result.err for result in (*said, verified)))

    # Row: all | 401/403 for all | place; Row: swift | container gone | place
    def test_places_that_are_away_are_no_findings(self):
        images = [self.add(pattern(1000, seed)) for seed in range(3)]
        self.prepare()
        self.configure(key='plantedkey')
        result = self.on_site('backfill', code=FAILED)
        self.assertIn('store fast', result.err)
        self.assertIn('refuses the configured user', result.err)
        self.assert_no_secret(result.out + result.err)
        self.configure()
        self.site.config.write_text(self.site.config.read_text().replace('container = images', 'container = nowhere'))
        self.site.database.execute("UPDATE image_locations SET value = replace(value, '/images/', '/nowhere/')")
        result = self.on_site('backfill', code=FAILED)
        self.assertIn('no container', result.err)
        self.assertEqual({self.result_of(image) for image in images}, {None})
        self.configure()
        self.site.database.execute("UPDATE image_locations SET value = replace(value, '/nowhere/', '/images/')")
        self.assert_code(self.on_site('backfill'), DONE)
        self.assertEqual({self.result_of(image) for image in images}, {'hashed'})

    def offset(self):
        rows = self.site.database.rows('SELECT offset_bytes FROM backglance_checkpoint')
        return rows[0][0] if rows else 0

    def kill_beyond(self, offset):
        process = program.start('backfill', *self.site.options, '--bandwidth', '32M', '--checkpoint-every',
                                '%dB' % INTERVAL, cwd=self.site.directory)
        self.addCleanup(sites._kill_if_alive, process)
        program.wait_for(lambda: self.offset() > offset or process.poll() is not None)
        process.kill()
        self.assertEqual(program.finish(process).code, -signal.SIGKILL)
        return self.offset()

    def test_killed_run_is_resumed(self):
        for number, save in enumerate((OBJECTS.plain, lambda *image: OBJECTS.dynamic(*image, MIB))):
            data = pattern(48 * MIB, number)
            image = self.add(data, lambda name, save=save, data=data: save('images', name, data))
            self.prepare()
            offset = self.kill_beyond(0)
            self.assertGreaterEqual(offset, INTERVAL)
            result = self.on_site('backfill', '--json', '--checkpoint-every', '%dB' % INTERVAL)
            self.assert_code(result, DONE)
            self.assert_hashed({image: data})
            self.assertLessEqual(result.object['bytes_read'], len(data) - offset + TAIL_BYTES)

    # Row: swift | DLO segment replaced between windows | changed_while_read (412)
    def test_segment_replaced_between_two_runs(self):
        data = pattern(24 * MIB, 2)
        image = self.add(data, lambda name: OBJECTS.dynamic('images', name, data, MIB), checksum=None)
        self.prepare()
        self.kill_beyond(0)
        OBJECTS.put('images/%s-00001' % image, pattern(MIB, 3))
        result = self.on_site('backfill', '--json', '--checkpoint-every', '%dB' % INTERVAL)
        self.assert_code(result, DONE)
        self.assert_hashed({image: pattern(MIB, 3) + data[MIB:]})
        self.assertGreaterEqual(result.object['bytes_read'], len(data))

    def test_outage_leaves_no_finding(self):
        images = {self.add(data): data for data in (pattern(6 * MIB, seed) for seed in range(6))}
        self.prepare()
        process = program.start('backfill', *self.site.options, '--bandwidth', '8M', cwd=self.site.directory)
        self.addCleanup(sites._kill_if_alive, process)
        program.wait_for(lambda: self.site.database.value(
            "SELECT count(*) FROM backglance_item WHERE state = 'done'") > 0 or process.poll() is not None)
        SERVER.stop_one('proxy', signal.SIGKILL)
        SERVER.start()
        self.assert_code(program.finish(process), DONE)
        self.assert_hashed(images)

    def serve_faults(self, image, *answers):
        """The account of the reference `faults`; every path that is not named answers 404."""
        FAULTS.reset()
        FAULTS.on('/auth/v1.0/', {'body': '', 'headers': {'X-Auth-Token': 'AUTH_tkplanted',
                                                          'X-Storage-Url': FAULTS.url('/v1/AUTH_test')}})
        FAULTS.on('/v1/AUTH_test/images/' + image, *answers)

    # Row: all | length known and not images.size | size_differs before a byte (DLO: HEAD again with X-Newest after 5 s)
    def test_length_of_a_large_object_whose_listing_is_behind(self):
        """The user may not list the segments, so that nothing else tells."""
        data, expected = fault_pattern(MIB, 7), {}
        self.serve_faults('no-image')
        for whole, result in ((MIB, 'hashed'), (MIB // 2, 'size_differs')):
            image = self.add(data, lambda name: None, location='swift+config://faults/images/%s', checksum=None)
            expected[image] = result

            def version(size, number, image=image, **more):
                return {'size': size, 'seed': 7, 'etag': '"%032x"' % number, 'ranges': 'honour', 'headers': {
                    'X-Timestamp': '1796074881.28421', 'X-Object-Manifest': 'images/%s-' % image}, **more}

            FAULTS.on('/v1/AUTH_test/images/' + image, version(MIB // 2, 1, methods=['HEAD']), version(whole, 2))
        self.prepare()
        self.on_site('backfill', code=FINDINGS)
        for image, result in expected.items():
            self.assertEqual(self.result_of(image), result)
            asked = FAULTS.seen('/v1/AUTH_test/images/' + image)
            self.assertEqual([one['headers'].get('x-newest') for one in asked[:2]], [None, 'true'])
            # nothing of the wrong length is read
            self.assertEqual('GET' in [one['method'] for one in asked], result == 'hashed')
            if result == 'hashed':
                self.assert_hashed({image: data})

    # Row: swift | plain object, checksum NULL, MD5 not ETag | read again once, then unreadable
    def test_bytes_that_are_not_those_of_the_etag(self):
        image = self.add(pattern(MIB, 4), lambda name: None, location='swift+config://faults/images/%s', checksum=None)
        self.serve_faults(image, {
            'size': MIB, 'seed': 5, 'etag': '5d41402abc4b2a76b9719d911017c592', 'ranges': 'honour',
            'headers': {'X-Timestamp': '1796074881.28421'}})
        self.prepare()
        said = []
        for tries in range(1, 4):
            said.append(self.on_site('backfill', '--log', '/dev/stderr', code=tuple(range(16))))
            state = self.site.database.value('SELECT state FROM backglance_item WHERE image_id = ?', image)
            self.assertEqual(state == 'queued', tries < 3, said)
            self.site.database.execute('UPDATE backglance_item SET next_try_at = 0')
        self.assertEqual((self.result_of(image), self.site.hashes()[image][:2]), ('unreadable', (None, None)))
        self.assertIn('the MD5 of its bytes is not the one that the store keeps', ''.join(one.err for one in said))
        self.assert_no_secret(*(one.out + one.err for one in said))


if __name__ == '__main__':
    program.main()
