#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads images through the Swift interface of a real radosgw, which differs from Swift in what its ETags cover.

    swift_rgw_test.py STORE_READER

Comments that begin with "Row:" name a hazard of the acceptance table of stores.
"""

import pathlib
import shutil
import sys
import tempfile
import unittest

from swift_cases import MIB, Objects, config_text, digests, meta, pattern

import ceph
from reader import Reader, set_binary
from servers import make_directory_until_exit
from swift import Swift

SEGMENT = 64 << 10


class SwiftOfRadosgw(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        home = pathlib.Path(tempfile.mkdtemp(prefix='bg-rgw-'))
        cls.addClassCleanup(shutil.rmtree, home, ignore_errors=True)
        make_directory_until_exit(home / 'ceph')
        server = ceph.Ceph(home / 'ceph')
        cls.addClassCleanup(server.stop)
        server.start(radosgw=True)
        facts = server.facts['swift']
        status, headers, _ = Swift.request('GET', facts['auth_url'], headers={'X-Auth-User': facts['user'],
                                                                              'X-Auth-Key': facts['key']})
        assert status in (200, 204), status
        cls.call = staticmethod(lambda method, path, body=None, more=(): Swift.request(
            method, headers['X-Storage-Url'] + '/' + path, body,
            {'X-Auth-Token': headers['X-Auth-Token'], **dict(more)}))
        cls.objects = Objects(cls.call)
        cls.objects.put('images')
        options = {'swift_store_auth_address': facts['auth_url'], 'swift_store_user': facts['user'],
                   'swift_store_key': facts['key'], 'swift_store_auth_version': '1',
                   'swift_store_container': 'images'}
        (home / 'glance-api.conf').write_text(config_text({'fast': options}))
        cls.reader = Reader(home / 'glance-api.conf')
        cls.addClassCleanup(cls.reader.__exit__)

    def read(self, name, container='images', **more):
        return self.reader.read('swift+config://ref1/%s/%s' % (container, name), meta('fast'), **more)

    def assert_read(self, answer, expected):
        self.assertEqual((answer['result'], answer['reason']), ('hashed', None))
        for name, value in expected.items():
            self.assertEqual(answer[name], value, name)

    def assert_failed(self, answer, result, kind, words):
        self.assertEqual((answer['result'], answer['kind']), (result, kind), answer['reason'])
        self.assertIn(words, answer['reason'])

    def test_survey(self):
        self.assertEqual(self.reader.survey(), {'container images of store fast': ''})

    def test_plain_objects(self):
        for number, name in enumerate(('empty', 'a b%20c', 'large')):
            data = pattern(number * 3 * MIB, number)
            expected = self.objects.plain('images', name, data)
            self.assert_read(self.read(name), expected)
        self.assert_read(self.read('large', **{'from': MIB + 1}), {**digests(data[MIB + 1:]), 'length': len(data)})

    # Row: swift | DLO > 10 segments | hashed
    def test_dynamic_large_object(self):
        data = pattern(24 * SEGMENT + 9, 4)
        expected = self.objects.dynamic('images', 'dlo', data, SEGMENT)
        self.assert_read(self.read('dlo'), expected)
        self.assert_read(self.read('dlo', **{'from': 13 * SEGMENT + 1}),
                         {**digests(data[13 * SEGMENT + 1:]), 'length': len(data)})

    # Row: swift | DLO segment replaced between windows | changed_while_read
    def test_segment_that_is_replaced_between_windows(self):
        self.objects.dynamic('images', 'moving', pattern(24 * SEGMENT, 7), SEGMENT)
        self.reader.begin('swift+config://ref1/images/moving', SEGMENT, meta('fast'))
        self.objects.put('images/moving-00023', pattern(SEGMENT, 8))
        self.assert_failed(self.reader.end(), 'changed_while_read', 'image', 'replaced')

    def test_static_large_object_proves_nothing(self):
        self.objects.static('images', 'slo', pattern(2 * MIB, 3), MIB)
        self.assert_failed(self.read('slo'), 'unreadable', 'image', 'does not cover its segments')

    # Row: all | object gone or replaced during the read | changed_while_read
    def test_plain_object_that_is_replaced_or_deleted(self):
        for method, words in (('PUT', 'replaced'), ('DELETE', 'deleted')):
            data = pattern(2 * MIB, 6)
            self.objects.plain('images', 'change', data)
            self.reader.begin('swift+config://ref1/images/change', MIB, meta('fast'))
            self.call(method, 'images/change', data[::-1] if method == 'PUT' else None)
            self.assert_failed(self.reader.end(), 'changed_while_read', 'image', words)

    # Rows: all | object gone at open | missing; swift | container gone | place
    def test_what_is_not_there(self):
        self.assert_failed(self.read('nothing'), 'missing', 'image', 'no such object')
        self.assert_failed(self.read('image', container='nowhere'), 'unreadable', 'place', 'no such container')


if __name__ == '__main__':
    set_binary(sys.argv.pop(1))
    unittest.main()
