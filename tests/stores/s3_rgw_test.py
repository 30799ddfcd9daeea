#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""S3 locations, read from a real Ceph through radosgw.

    s3_rgw_test.py STORE_READER [unittest's own arguments]
"""

import io
import json
import pathlib
import shutil
import sys
import tempfile
import unittest
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'servers')]

import glance_store  # noqa: E402
from oslo_config import cfg  # noqa: E402
import ceph  # noqa: E402  (found by the line above)
import forwarder  # noqa: E402
import reader  # noqa: E402
import s3_cases  # noqa: E402
import s3_network_cases  # noqa: E402
import servers  # noqa: E402

CEPH = None


def setUpModule():
    global CEPH
    folder = pathlib.Path(tempfile.mkdtemp(prefix='bg-ceph-')) / 'c'
    unittest.addModuleCleanup(shutil.rmtree, folder.parent)
    servers.make_directory(folder)
    unittest.addModuleCleanup(servers.remove_from_memory, folder)
    CEPH = ceph.Ceph(folder)
    unittest.addModuleCleanup(CEPH.stop)
    CEPH.start(radosgw=True)


class GatewayTest(s3_network_cases.S3NetworkCases, s3_cases.S3Cases, unittest.TestCase):
    secrets = (ceph.S3_ACCESS_KEY, ceph.S3_SECRET_KEY, 'dead/secret', 'deadkey', 'other/secret')

    @classmethod
    def setUpClass(cls):
        url = urllib.parse.urlsplit(CEPH.facts['s3']['url'])
        cls.address = (url.hostname, url.port)
        cls.keys = (ceph.S3_ACCESS_KEY, ceph.S3_SECRET_KEY)
        super().setUpClass()
        CEPH.run('radosgw-admin', 'user', 'create', '--uid', 'other', '--display-name', 'other', '--access-key',
                 'OTHER', '--secret-key', 'other/secret', user='radosgw')

    def test_secret_with_slash_and_plus(self):
        """s3: secret with '/' or '+'"""
        self.assertTrue({'/', '+', '='} <= set(ceph.S3_SECRET_KEY))
        self.put('slash', b'slash')
        with self.reader(access_key='', secret_key='') as reading:
            self.assert_hashed(reading.read(self.row('slash')), b'slash')

    def test_redirect_to_a_region(self):
        """Signed again for the region that the answer tells, and sent to the same host."""
        with forwarder.Forwarder(self.address) as forward, self.reader(host='http://' + forward.host) as reading:
            reading.survey()
            forward.requests.clear()
            forward.answers = [forwarder.s3_error(301, 'PermanentRedirect', '<Region>eu-west-9</Region>',
                                                  Location='http://127.0.0.1:1/')]
            self.assert_hashed(reading.read(self.row('plain')), s3_cases.content(s3_cases.MIB + 1))
            scopes = [request.split('/s3/aws4_request')[0].rsplit('/', 1)[1] for request in forward.requests]
            self.assertEqual(scopes, ['us-east-1', 'eu-west-9', 'eu-west-9', 'eu-west-9'])

    def test_objects_that_glance_has_stored(self):
        """Locations that glance_store's own driver has written, with its own parts."""
        conf = cfg.CONF  # glance_store reads no other
        conf.register_opt(cfg.DictOpt('enabled_backends'))
        conf([], default_config_files=[])
        conf.set_override('enabled_backends', {'fast': 's3'})
        glance_store.register_store_opts(conf)
        conf.set_override('default_backend', 'fast', group='glance_store')
        options = {**self.options(), 's3_store_large_object_size': 6, 's3_store_large_object_chunk_size': 5}
        for name, value in options.items():
            conf.set_override(name, value, group='fast')
        glance_store.create_multi_stores(conf)
        with self.reader() as reading:
            for size in (1, 1000, 3 * s3_cases.MIB, 6 * s3_cases.MIB, 17 * s3_cases.MIB + 3):
                data = s3_cases.content(size, size)
                location, stored, checksum, multihash, meta_data = glance_store.add_with_multihash(
                    conf, str(uuid.uuid4()), io.BytesIO(data), size, 'fast', 'sha512')
                answer = reading.read(location, json.dumps(meta_data))
                self.assert_hashed(answer, data)
                self.assertEqual((answer['bytes'], answer['md5'], answer['sha512']), (stored, checksum, multihash))
                # The ETag is the MD5 only of what was stored in one part.
                etag = self.client.head_object(Bucket=s3_cases.BUCKET, Key=location.rsplit('/', 1)[1])['ETag']
                self.assertEqual(etag.strip('"') == checksum, size < 6 * s3_cases.MIB)

    def test_access_denied(self):
        """s3: AccessDenied: the place; with the row's keys, the configured ones are tried"""
        other = ('OTHER', 'other/secret')
        self.put('denied', b'denied')
        with self.reader(access_key=other[0], secret_key=other[1]) as reading:
            self.assert_failed(reading.read(self.row('denied', keys=())), 'place', reason='s3:GetObject')
            self.assertEqual(reading.survey(), {'bucket images of store fast': ''})
            self.assert_hashed(reading.read(self.row('denied')), b'denied')
        with self.reader() as reading:
            self.assert_hashed(reading.read(self.row('denied', keys=other)), b'denied')

    def test_suspended_user(self):
        """The keys of a user that the operator has suspended are refused like unknown ones."""
        CEPH.run('radosgw-admin', 'user', 'create', '--uid', 'gone', '--display-name', 'gone', '--access-key',
                 'GONE', '--secret-key', 'dead/secret', user='radosgw')
        CEPH.run('radosgw-admin', 'user', 'suspend', '--uid', 'gone', user='radosgw')
        self.put('suspended', b'suspended')
        with self.reader() as reading:
            self.assert_hashed(reading.read(self.row('suspended', keys=('GONE', 'dead/secret'))), b'suspended')
        with self.reader(access_key='GONE', secret_key='dead/secret') as reading:
            self.assert_failed(reading.read(self.row('suspended', keys=())), 'place')


if __name__ == '__main__':
    reader.set_binary(sys.argv.pop(1))
    unittest.main(warnings='ignore')  # of the libraries
