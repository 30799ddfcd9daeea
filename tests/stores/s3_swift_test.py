#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""S3 locations, read from a real Swift with s3api.

    s3_swift_test.py STORE_READER [unittest's own arguments]
"""

import pathlib
import shutil
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'servers')]

import reader  # noqa: E402  (found by the line above)
import s3_cases  # noqa: E402
import swift  # noqa: E402

SWIFT = None


def setUpModule():
    global SWIFT
    folder = tempfile.mkdtemp(prefix='backglance-swift-')
    unittest.addModuleCleanup(shutil.rmtree, folder)
    SWIFT = swift.Swift(folder)
    SWIFT.start()
    unittest.addModuleCleanup(SWIFT.stop)


class SwiftTest(s3_cases.S3Cases, unittest.TestCase):
    secrets = (swift.S3_KEY, swift.USERS[swift.S3_USER][0], swift.USERS['glance:store'][0], 'dead/secret', 'deadkey')

    @classmethod
    def setUpClass(cls):
        cls.address = ('127.0.0.1', SWIFT.ports['proxy'])
        cls.keys = (swift.S3_KEY, swift.USERS[swift.S3_USER][0])
        super().setUpClass()

    def requests_for(self, key, begin=0):
        """Status and If-Match of what was asked for the key."""
        return [(entry['status'], entry['if_match']) for entry in SWIFT.requests()[begin:]
                if entry['method'] != 'PUT' and entry['path'].endswith('/' + key)]

    def test_overwritten_between_windows(self):
        begin = len(SWIFT.requests())
        super().test_overwritten_between_windows()
        asked = self.requests_for('overwritten', begin)
        self.assertEqual([status for status, _ in asked], [206, 206, 412])
        self.assertEqual(asked[1][1], asked[2][1])
        self.assertRegex(asked[2][1], r'^"[0-9a-f]{32}"$')

    def test_refused_keys_are_not_tried_again(self):
        begin = len(SWIFT.requests())
        with self.reader() as reading:
            for _ in range(3):
                self.assert_hashed(reading.read(self.row('plain', keys=('deadkey', 'dead/secret'))),
                                   s3_cases.content(s3_cases.MIB + 1))
        self.assertEqual([status for status, _ in self.requests_for('plain', begin)], [403] + 3 * [206, 206, 206])

    def test_keys_of_the_configuration_with_any_characters(self):
        """s3: secret with '/' or '+'"""
        other = 'glance:store'  # a key of this form cannot be in a location
        secret = swift.USERS[other][0]
        self.assertTrue({'/', '+', '%', ':', '@'} <= set(secret))
        status, _, _ = SWIFT.call('PUT', 'images', user=other)
        self.assertIn(status, (201, 202))
        SWIFT.call('PUT', 'images/kept', b'of another account', user=other)
        with self.reader(access_key=other, secret_key=secret) as reading:
            self.assert_hashed(reading.read(self.row('kept', keys=())), b'of another account')

    def test_access_denied(self):
        """s3: AccessDenied: the place"""
        reader_keys = {'access_key': 'test:reader', 'secret_key': swift.USERS['test:reader'][0]}
        with self.reader(**reader_keys) as reading:
            self.assert_failed(reading.read(self.row('plain', keys=())), 'place', reason='s3:GetObject')
            # Who may not list a bucket may still be allowed to read objects.
            self.assertEqual(reading.survey(), {'bucket images of store fast': ''})

    def test_a_lost_part_is_never_hashed(self):
        parts = [s3_cases.content(5 * s3_cases.MIB, seed) for seed in (1, 2, 3)]
        self.put_in_parts('lost', parts)
        names = SWIFT.call('GET', 'images%2Bsegments?prefix=lost/')[2].decode().split()
        self.assertEqual(len(names), 3)
        with self.reader() as reading:
            self.assert_hashed(reading.read(self.row('lost')), b''.join(parts))
            self.assertEqual(SWIFT.call('DELETE', 'images%2Bsegments/' + names[1])[0], 204)
            answer = reading.read(self.row('lost'))
            self.assert_failed(answer, 'image', reason='lost a part')
            self.assertEqual(answer['length'], 15 * s3_cases.MIB)


if __name__ == '__main__':
    reader.set_binary(sys.argv.pop(1))
    unittest.main(warnings='ignore')  # of the libraries
