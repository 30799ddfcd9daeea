#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads images out of a real Swift with tempauth (version 1 of its authentication).

    swift_tempauth_test.py STORE_READER

Comments that begin with "Row:" name a hazard of the acceptance table of stores.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import threading
import unittest
import urllib.parse

from swift_cases import MIB, GlanceDriver, Objects, config_text, digests, lose_on_disk, meta, pattern

from faults import FaultServer
from reader import Reader, set_binary
from servers import make_directory_until_exit
from swift import USERS, Swift

ACCOUNTS = '''
[ref1]
auth_address = {auth}
user = test:tester
key = testing
auth_version = 1
[odd]
auth_address = {auth}/
user = glance:store
key = "k%%y/w@th:signs+"
[wrong]
auth_address = {auth}
user = test:tester
key = plantedwrongkey
[reader]
auth_address = {auth}
user = test:reader
key = reading
[admin]
auth_address = {auth}
user = admin:admin
key = administering
[deaf]
auth_address = http://127.0.0.1:1/auth/v1.0
user = test:tester
key = testing
[faults]
auth_address = {faults}/auth/v1.0
user = test:tester
key = testing
'''
SEGMENT = 64 << 10


def silent_server():
    """A port on which nobody answers, and the connections that came."""
    listener = socket.create_server(('127.0.0.1', 0))
    came = []

    def accept():
        with contextlib.suppress(OSError):
            while True:
                came.append(listener.accept())
    threading.Thread(target=accept, daemon=True).start()
    return listener, came


class SwiftTempauth(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        home = pathlib.Path(tempfile.mkdtemp(prefix='backglance-swift-'))
        cls.home = home
        cls.addClassCleanup(shutil.rmtree, home, ignore_errors=True)
        make_directory_until_exit(home / 'server')
        cls.swift = Swift(home / 'server')
        cls.addClassCleanup(cls.swift.stop, signal.SIGKILL)
        cls.swift.start()
        cls.faults = FaultServer()
        cls.addClassCleanup(cls.faults.close)
        (home / 'accounts.conf').write_text(ACCOUNTS.format(auth=cls.swift.auth_url,
                                                            faults=cls.faults.url('').rstrip('/')))
        common = {'swift_store_config_file': 'accounts.conf', 'swift_store_container': 'images'}
        cls.config = home / 'glance-api.conf'
        cls.config.write_text(config_text({
            'fast': common,
            'none': {**common, 'swift_store_container': 'none'},
            'tenants': {**common, 'default_swift_reference': 'admin', 'swift_store_multi_tenant': 'True'},
            'weak': {**common, 'default_swift_reference': 'reader', 'swift_store_multi_tenant': 'True'},
            'reader': {**common, 'default_swift_reference': 'reader'},
            'wrong': {**common, 'default_swift_reference': 'wrong'},
            'absent': {**common, 'swift_store_config_file': 'absent.conf'},
            'deaf': {**common, 'default_swift_reference': 'deaf'}}))
        cls.objects = Objects(cls.swift.call)
        cls.objects.put('images')
        cls.reader = Reader(cls.config)
        cls.reader.survey()  # it has asked every store

    @classmethod
    def tearDownClass(cls):
        cls.reader.__exit__()
        cls.check_secrets(cls.reader.said)

    # Row: all | secret in row or config | in no output
    @classmethod
    def check_secrets(cls, said):
        for _, (key, _) in USERS.items():
            assert key not in said and urllib.parse.quote(key) not in said, said
        for secret in ('planted', 'AUTH_tk', '127.0.0.1', 'tester'):
            assert secret not in said, (secret, said)

    def read(self, name, container='images', reference='ref1', store='fast', **more):
        return self.reader.read('swift+config://%s/%s/%s' % (reference, container, name), meta(store), **more)

    def begin(self, name, pause_after, reference='ref1', container='images'):
        self.reader.begin('swift+config://%s/%s/%s' % (reference, container, name), pause_after, meta('fast'))

    def assert_read(self, answer, expected):
        self.assertEqual((answer['result'], answer['reason']), ('hashed', None))
        for name, value in expected.items():
            self.assertEqual(answer[name], value, name)
        self.assertRegex(answer['identity'], '^swift:[0-9a-f]{64}$')

    def assert_failed(self, answer, result, kind, words):
        self.assertEqual((answer['result'], answer['kind']), (result, kind), answer['reason'])
        self.assertIn(words, answer['reason'])
        self.assertIsNone(answer['identity'])

    def gets(self, name):
        """The requests for data of an object."""
        return [entry for entry in self.swift.requests()
                if entry['method'] == 'GET' and entry['path'].endswith('/' + name)]

    # What is read.

    def test_plain_objects(self):
        for number, size in enumerate((0, 1, MIB, 3 * MIB + 17)):
            data = pattern(size, number)
            expected = self.objects.plain('images', 'plain%d' % number, data)
            answer = self.read('plain%d' % number)
            self.assert_read(answer, expected)
            self.assertEqual(answer['place'], 'container images of store fast')
        self.assert_read(self.read('plain3', **{'from': 2 * MIB}),
                         {**digests(data[2 * MIB:]), 'length': len(data)})

    def test_names_that_need_encoding(self):
        for name in ('a b', 'per%20cent', 'gr\u00fc\u00df+&=;,:@$!*\'()~', '%', 'x' * 900):
            expected = self.objects.plain('images', name, name.encode())
            self.assert_read(self.read(name), expected)

    def test_credentials_in_the_location(self):
        expected = self.objects.plain('images', 'old', b'old' * 1000)
        host = self.swift.auth_url.partition('://')[2]
        for store in ('fast', '', 'no-such-store'):
            answer = self.reader.read('swift+http://test%%3Atester:testing@%s/images/old' % host, meta(store))
            self.assert_read(answer, expected)
            # The configured user: the same place as by reference.
            self.assertEqual(answer['place'], 'container images of store fast')
        other = Objects(lambda *arguments: self.swift.call(*arguments, user='admin:admin'))
        other.put('own')
        expected = other.plain('own', 'image', b'of another account')
        answer = self.reader.read('swift+http://admin%%3Aadmin:administering@%s/own/image' % host, '')
        self.assert_read(answer, expected)
        # A user whom only the location names has a place of its own until the server refuses it.
        stranger = 'swift+http://test%%3Astranger:plantedkey@%s/images/old' % host
        self.assertRegex(self.reader.read(stranger)['place'],
                         '^container images of account [0-9a-f]{8} of store fast$')
        self.assertEqual(self.reader.read(stranger)['place'], '')

    def test_keys_with_signs(self):
        other = Objects(lambda *arguments: self.swift.call(*arguments, user='glance:store'))
        other.put('images')
        expected = other.plain('images', 'odd', b'odd')
        answer = self.read('odd', reference='odd')
        self.assert_read(answer, expected)
        self.assertEqual(answer['place'], 'container images of reference odd of store fast')

    def test_objects_that_glance_has_stored(self):
        """Locations that glance_store's own driver has written: by reference, and with credentials in them."""
        common = {'swift_store_container': 'stored', 'swift_store_create_container_on_put': True,
                  'swift_store_large_object_size': 1, 'swift_store_large_object_chunk_size': 1}
        stores = {
            'reference': {**common, 'swift_store_config_file': str(self.home / 'accounts.conf')},
            'credentials': {**common, 'swift_store_auth_address': self.swift.auth_url,
                            'swift_store_auth_version': '1', 'swift_store_user': 'test:tester',
                            'swift_store_key': 'testing'}}
        (self.home / 'stored.conf').write_text(config_text(stores))
        driver = GlanceDriver(stores)
        segment = 1000 * 1024
        with Reader(self.home / 'stored.conf') as reader:
            for store, scheme in (('reference', 'swift+config'), ('credentials', 'swift+http')):
                # The last is a dynamic large object of 12 segments.
                for size in (1, 200_000, 11 * segment + 3):
                    location, stored, checksum, multihash, meta_data = driver.add(store, pattern(size, size))
                    self.assertEqual(location.partition('://')[0], scheme)
                    self.assert_read(reader.read(location, meta_data), {
                        'bytes': stored, 'length': size, 'md5': checksum, 'sha512': multihash})
        self.check_secrets(reader.said)

    def test_static_large_object(self):
        data = pattern(12 * MIB // 4, 3)
        expected = self.objects.static('images', 'slo', data, MIB // 2)
        self.assert_read(self.read('slo'), expected)
        self.assert_read(self.read('slo', **{'from': MIB + 5}), {**digests(data[MIB + 5:]), 'length': len(data)})

    # Row: swift | DLO > 10 segments | hashed
    def test_dynamic_large_object_in_windows_of_ten_segments(self):
        data = pattern(24 * SEGMENT + 9, 4)
        expected = self.objects.dynamic('images', 'dlo', data, SEGMENT)
        self.assert_read(self.read('dlo'), expected)
        ranges = [entry['range'] for entry in self.gets('dlo')]
        self.assertEqual(ranges, ['bytes=%d-%d' % (begin, min(begin + 10 * SEGMENT, len(data)) - 1)
                                  for begin in range(0, len(data), 10 * SEGMENT)])
        for entry in self.gets('dlo'):
            self.assertEqual((entry['status'], entry['if_match'] is None), (206, False))
        begin = 13 * SEGMENT + 1
        self.assert_read(self.read('dlo', **{'from': begin}), {**digests(data[begin:]), 'length': len(data)})

    def test_reading_by_a_read_acl_alone(self):
        self.objects.put('shared', X_Container_Read='test:reader')
        expected = self.objects.plain('shared', 'image', b'shared')
        self.assert_read(self.read('image', container='shared', reference='reader'), expected)
        expected = self.objects.dynamic('shared', 'large', pattern(12 * SEGMENT, 5), SEGMENT)
        self.assert_read(self.read('large', container='shared', reference='reader'), expected)

    # Row: swift | multi-tenant row, no rights | unreadable; token sent to no host but the catalog's
    def test_multi_tenant_locations(self):
        expected = self.objects.plain('images', 'tenant', b'of a tenant')
        storage = self.swift.storage_url().partition('://')[2]
        value = 'swift+http://%s/images/tenant' % storage
        self.assert_read(self.reader.read(value, meta('tenants')), expected)
        self.assert_failed(self.reader.read(value, meta('weak')), 'unreadable', 'image', 'ResellerAdmin')
        self.assert_failed(self.reader.read(value, meta('fast')), 'unreadable', 'image', 'multi_tenant is off')
        listener, came = silent_server()
        self.addCleanup(listener.close)
        for scheme in ('swift+http', 'swift+https'):
            value = '%s://127.0.0.1:%d/v1/AUTH_test/images/tenant' % (scheme, listener.getsockname()[1])
            self.assert_failed(self.reader.read(value, meta('tenants')), 'unreadable', 'image', 'no token was sent')
        self.assertEqual(came, [])

    def test_an_auth_server_that_only_a_location_names(self):
        expected = self.objects.plain('images', 'foreign', b'foreign')
        (self.home / 'foreign.conf').write_text(config_text({
            'fast': {'swift_store_auth_address': 'http://keystone.invalid/v3', 'swift_store_user': 'test:tester',
                     'swift_store_key': 'plantedkey'}}))
        host = self.swift.auth_url.partition('://')[2]
        value = 'swift+http://test%%3Atester:testing@%s/images/foreign' % host
        with Reader(self.home / 'foreign.conf') as off:
            before = len(self.swift.requests())
            self.assert_failed(off.read(value), 'store_not_supported', 'image', '--allow-http')
            self.assertEqual(len(self.swift.requests()), before)
        with Reader(self.home / 'foreign.conf', '--allow-http', '127.0.0.1/32:%d' % self.swift.ports['proxy']) as on:
            self.assert_read(on.read(value), expected)
        for reader in (off, on):
            self.check_secrets(reader.said)

    # What is not there.

    # Row: all | object gone at open | missing
    def test_object_that_is_not_there(self):
        self.assert_failed(self.read('nothing'), 'missing', 'image', 'no such object')
        # Only the newest replica can say so.
        self.assertEqual([entry['x_newest'] for entry in self.swift.requests()
                          if entry['path'].endswith('/images/nothing')], [None, 'true', 'true'])

    # Row: swift | container gone | place
    def test_container_that_is_not_there(self):
        self.assert_failed(self.read('image', container='nowhere'), 'unreadable', 'place', 'no such container')

    def test_segments_whose_container_is_not_there(self):
        self.objects.put('images/orphan', X_Object_Manifest='nowhere/orphan-')
        self.assert_failed(self.read('orphan'), 'unreadable', 'image', 'container of its segments')

    # Row: swift | reference of swift+config unknown, config file absent | place
    def test_references_and_files_that_are_not_there(self):
        self.assert_failed(self.read('plain1', reference='ref9'), 'unreadable', 'place', "no reference 'ref9'")
        answer = self.read('plain1', store='absent')
        self.assert_failed(answer, 'unreadable', 'place', 'cannot be read: No such file')

    # Row: all | 401/403 for all | place
    def test_refused_users(self):
        self.assert_failed(self.read('plain1', reference='wrong'), 'unreadable', 'place',
                           'refuses the configured user (HTTP 401)')
        self.objects.put('private')
        self.objects.plain('private', 'image', b'private')
        self.assert_failed(self.read('image', container='private', reference='reader'), 'unreadable', 'place',
                           'refuses the configured user (HTTP 403)')
        # The key of one location is of that location alone; it is not replaced by the configured one.
        host = self.swift.auth_url.partition('://')[2]
        for user in ('other', 'tester'):
            answer = self.reader.read('swift+http://test%%3A%s:plantedkey@%s/images/plain1' % (user, host))
            self.assert_failed(answer, 'unreadable', 'image', 'refuses the user in the location (HTTP 401)')

    # Row: all | connection refused | place; run error names store id and reason, no URL
    def test_server_that_refuses_connections(self):
        answer = self.read('plain1', reference='deaf')
        self.assertEqual((answer['kind'], answer['place']),
                         ('place', 'container images of reference deaf of store fast'))

    def test_survey_names_each_store_and_why_it_is_away(self):
        away = self.reader.survey()
        self.assertEqual(away.pop('container images of store fast'), '')
        self.assertEqual(away.pop('account of store tenants'), '')
        self.assertIn('HTTP 403', away.pop('account of store weak'))
        self.assertIn('no container of this name', away.pop('container none of store none'))
        self.assertIn('HTTP 403', away.pop('container images of store reader'))
        self.assertIn('HTTP 401', away.pop('container images of store wrong'))
        self.assertIn('No such file', away.pop('container images of store absent'))
        self.assertTrue(away.pop('container images of store deaf'))
        self.assertEqual(away, {})

    # Row: all | row cannot be parsed | unreadable
    def test_location_that_is_none(self):
        for value in ('swift+config://ref1/images', 'swift://plantedkey', 'swift+http://a:b@c@d/e/f'):
            self.assert_failed(self.reader.read(value), 'unreadable', 'image', 'not one of Glance')

    # What changes during the read.

    # Row: all | object gone or replaced during the read | changed_while_read
    def test_plain_object_that_is_replaced_or_deleted(self):
        for number, (method, words) in enumerate((('PUT', 'replaced'), ('DELETE', 'deleted'))):
            name = 'change%d' % number
            data = pattern(2 * MIB, 6)
            self.objects.plain('images', name, data)
            self.begin(name, MIB)
            self.swift.call(method, 'images/' + name, data[::-1] if method == 'PUT' else None)
            self.assert_failed(self.reader.end(), 'changed_while_read', 'image', words)

    # Row: swift | DLO segment replaced between windows | changed_while_read (412)
    def test_segment_that_is_replaced_between_windows(self):
        self.objects.dynamic('images', 'moving', pattern(24 * SEGMENT, 7), SEGMENT)
        self.begin('moving', SEGMENT)
        self.objects.put('images/moving-00023', pattern(SEGMENT, 8))
        self.assert_failed(self.reader.end(), 'changed_while_read', 'image', 'replaced')
        # Refused with the condition; then without it, for radosgw, and refused by the headers.
        self.assertEqual([entry['status'] for entry in self.gets('moving')][1:], [412, 206])

    # Row: swift | DLO with a middle segment missing | size_differs (listing) or unreadable (409, cut); never hashed
    def test_segment_that_is_missing(self):
        data = pattern(14 * SEGMENT, 9)
        self.objects.dynamic('images', 'holes', data, SEGMENT)
        self.swift.call('DELETE', 'images/holes-00007')
        # The length is not images.size, which the reader compares before the first byte.
        self.assertEqual(self.read('holes')['length'], 13 * SEGMENT)
        self.objects.dynamic('images', 'lost', data, SEGMENT)
        lose_on_disk(self.swift.home, '/AUTH_test/images/lost-00007')
        answer = self.read('lost')
        self.assert_failed(answer, 'unreadable', 'image', 'segment of the object (HTTP 409)')
        self.assertEqual((answer['length'], answer['bytes']), (14 * SEGMENT, 0))

    # Row: swift | token expires between windows | renewed, one more POST, hashed
    def test_token_that_ends_between_windows(self):
        expected = self.objects.dynamic('images', 'token', pattern(24 * SEGMENT, 10), SEGMENT)
        self.read('token')
        self.begin('token', SEGMENT)
        self.swift.forget_tokens()
        before = len(self.swift.requests())
        self.assert_read(self.reader.end(), expected)
        since = self.swift.requests()[before:]
        self.assertEqual(len([entry for entry in since if entry['path'] == '/auth/v1.0/']), 1)
        self.assertEqual([entry['status'] for entry in since if entry['path'].endswith('/token')][:2], [401, 206])

    # Row: all | body cut, retried with Range + validators | hashed
    def test_proxy_that_is_restarted_in_the_middle(self):
        expected = self.objects.plain('images', 'restart', pattern(40 * MIB, 11))
        self.begin('restart', MIB)
        self.swift.stop_one('proxy', signal.SIGKILL)
        self.swift.start()
        self.assert_read(self.reader.end(), expected)
        last = self.gets('restart')[-1]
        self.assertEqual((last['status'], last['if_match'] is None), (206, False))
        self.assertRegex(last['range'], r'^bytes=[1-9]\d*-%d$' % (40 * MIB - 1))

    # Row: all | SIGTERM during a stalled read | ends
    def test_stop_during_a_stalled_read(self):
        self.objects.plain('images', 'stall', pattern(40 * MIB, 12))
        with Reader(self.config) as reader:
            reader.begin('swift+config://ref1/images/stall', MIB, meta('fast'))
            os.kill(self.swift.pid('proxy'), signal.SIGSTOP)
            try:
                reader.begin_to_end()
                reader.ask_to_stop()
                self.assertEqual(reader._answer()['kind'], 'stopped')
            finally:
                os.kill(self.swift.pid('proxy'), signal.SIGCONT)

    # What only a broken server answers.

    def fault(self, *answers, size=3 * MIB, **more):
        """An object of the fault server, and the digests of what it should be."""
        head = {'size': size, 'seed': 5, 'etag': '"5d41402abc4b2a76b9719d911017c592"', 'ranges': 'honour',
                'headers': {'X-Timestamp': '1796074881.28421'}}
        self.faults.reset()
        self.faults.on('/auth/v1.0/', {'body': '', 'headers': {
            'X-Auth-Token': 'AUTH_tkplanted', 'X-Storage-Url': self.faults.url('/v1/AUTH_x')}})
        self.faults.on('/v1/AUTH_x/images/fault', *[{**head, **answer} for answer in answers], head)
        return self.read('fault', reference='faults', **more)

    # Row: all | 429/498/5xx beyond the retries | transient; within: hashed
    def test_overloaded_server(self):
        for status in (429, 498, 503):
            answer = self.fault({'status': status, 'headers': {'Retry-After': '1'}, 'methods': ['GET']})
            self.assertEqual((answer['result'], answer['bytes']), ('hashed', 3 * MIB))

    def test_answers_that_are_cut_or_of_another_object(self):
        whole = self.fault()
        self.assertEqual(whole['result'], 'hashed')
        cut = self.fault({'cut': MIB + 7, 'methods': ['GET']})
        self.assertEqual((cut['result'], cut['sha512']), ('hashed', whole['sha512']))
        self.assertEqual(self.faults.seen('/v1/AUTH_x/images/fault')[-2]['method'], 'GET')
        shifted = self.fault({'cut': MIB, 'methods': ['GET']}, {'ranges': 'shifted', 'methods': ['GET']})
        self.assertEqual((shifted['result'], shifted['sha512']), ('hashed', whole['sha512']))
        for other in ({'etag': '"another"'}, {'headers': {'X-Timestamp': '1796074882.0'}}, {'ranges': 'total'}):
            answer = self.fault({'cut': MIB, 'methods': ['GET']}, {**other, 'methods': ['GET']})
            self.assert_failed(answer, 'changed_while_read', 'image', 'replaced')


if __name__ == '__main__':
    set_binary(sys.argv.pop(1))
    unittest.main(warnings='ignore')  # of the libraries
