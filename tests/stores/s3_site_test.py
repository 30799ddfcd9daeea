#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The program on a site whose images lie in S3: a real Ceph with radosgw.

    s3_site_test.py BACKGLANCE [unittest's own arguments]
"""

import pathlib
import random
import shutil
import signal
import sys
import tempfile
import time
import unittest
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'cli'), str(HERE.parent / 'servers')]

import boto3  # noqa: E402
import botocore.client  # noqa: E402
import program  # noqa: E402  (found by the line above)
from program import DONE, FAILED, FINDINGS  # noqa: E402
import ceph  # noqa: E402
from forwarder import Forwarder  # noqa: E402
import servers  # noqa: E402
import sites  # noqa: E402

MIB = 1 << 20
INTERVAL = 8 * MIB
# Of the block before the checkpoint, which is read again to know the object by.
TAIL_BYTES = MIB
BUCKET = 'images'
SECRETS = (ceph.S3_ACCESS_KEY, ceph.S3_SECRET_KEY, 'DEADKEY', 'dead/secret+', '127.0.0.1', 'gateway.example.org')
KEYS = '%s:%s@' % (ceph.S3_ACCESS_KEY, ceph.S3_SECRET_KEY)
CEPH = None
CLIENT = None


def setUpModule():
    global CEPH, CLIENT
    folder = pathlib.Path(tempfile.mkdtemp(prefix='bg-ceph-')) / 'c'
    unittest.addModuleCleanup(shutil.rmtree, folder.parent)
    servers.make_directory(folder)
    unittest.addModuleCleanup(servers.remove_from_memory, folder)
    CEPH = ceph.Ceph(folder)
    unittest.addModuleCleanup(CEPH.stop)
    CEPH.start(radosgw=True)
    CLIENT = boto3.client('s3', endpoint_url=CEPH.facts['s3']['url'], region_name='us-east-1',
                          aws_access_key_id=ceph.S3_ACCESS_KEY, aws_secret_access_key=ceph.S3_SECRET_KEY,
                          config=botocore.client.Config(s3={'addressing_style': 'path'}))
    CLIENT.create_bucket(Bucket=BUCKET)


def content(size, seed=1):
    return random.Random(seed).randbytes(size)


class S3SiteTest(sites.SmallSiteTest):
    def setUp(self):
        super().setUp()
        self.configure(CEPH.facts['s3']['url'])

    def configure(self, url):
        self.site.config.write_text(
            '[DEFAULT]\nenabled_backends = fast:s3\n[database]\nconnection = %s\n[glance_store]\n'
            'default_backend = fast\n[fast]\ns3_store_host = %s\ns3_store_bucket = %s\n'
            's3_store_access_key = %s\ns3_store_secret_key = %s\n'
            % (self.site.database.url, url, BUCKET, ceph.S3_ACCESS_KEY, ceph.S3_SECRET_KEY))

    def add(self, data, keys=KEYS, stored=None, bucket=BUCKET, **columns):
        """An image whose object has the bytes `stored`, or `data`; b'' for no object."""
        image = str(uuid.uuid4())
        stored = data if stored is None else stored
        if stored:
            CLIENT.put_object(Bucket=BUCKET, Key=image, Body=stored)
        self.site.add(data, id=image, location='s3://%sgateway.example.org/%s/%s' % (keys, bucket, image), **columns)
        return image

    def prepare(self):
        self.site.database.execute('UPDATE image_locations SET meta_data = ?', '{"store": "fast"}')
        self.assert_code(self.on_site('expand'), DONE)
        self.assert_code(self.on_site('migrate'), DONE)

    def result_of(self, image):
        return self.site.database.value('SELECT result FROM backglance_item WHERE image_id = ?', image)

    def assert_no_secret(self, *texts):
        for secret in SECRETS:
            for text in (*texts, self.site.database.all_text('backglance')):
                self.assertNotIn(secret, text)

    def test_each_image_gets_its_hash_or_its_result(self):
        good = {self.add(content(1000 + seed, seed)): content(1000 + seed, seed) for seed in range(5)}
        data = content(3 * MIB + 1, 9)
        good[self.add(data, keys='')] = data
        good[self.add(data, keys='DEADKEY:dead/secret+@')] = data
        good[self.add(data, checksum=None)] = data
        expected = {
            self.add(data, stored=b''): 'missing',
            self.add(data, stored=content(len(data), 10)): 'checksum_differs',
            self.add(data, stored=data[:-1]): 'size_differs',
            self.add(data, keys='', bucket='backups'): 'unreadable',
            self.site.add(data, location='s3://%s%s' % (KEYS, BUCKET)): 'unreadable',
        }
        self.prepare()
        said = [self.on_site('plan'), self.on_site('status'),
                self.on_site('backfill', '--log', '/dev/stderr', code=FINDINGS), self.on_site('report')]
        hashes = self.site.hashes()
        self.assertEqual({image: hashes[image][:2] for image in good},
                         {image: ('sha512', sites.sha512(stored)) for image, stored in good.items()})
        self.assertEqual({image: self.result_of(image) for image in expected}, expected)
        self.assertEqual({hashes[image][:2] for image in expected}, {(None, None)})
        verified = self.on_site('verify', code=FINDINGS)
        self.assert_no_secret(*(result.out + result.err for result in (*said, verified)))

    def test_wrong_keys_are_no_findings(self):
        """401/403 for all: the place: the run ends with an error and gives all images back."""
        images = [self.add(content(1000, seed), keys='') for seed in range(3)]
        self.prepare()
        self.site.config.write_text(self.site.config.read_text().replace(ceph.S3_SECRET_KEY, 'dead/secret+'))
        result = self.on_site('backfill', code=FAILED)
        self.assertIn('store fast', result.err)
        self.assert_no_secret(result.out + result.err)
        self.assertEqual({self.result_of(image) for image in images}, {None})
        self.configure(CEPH.facts['s3']['url'])
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
        result = program.finish(process)
        self.assertEqual(result.code, -signal.SIGKILL, str(result))
        return self.offset()

    def test_killed_run_is_resumed(self):
        data = content(96 * MIB)
        image = self.add(data)
        self.prepare()
        offset = self.kill_beyond(self.kill_beyond(0))
        self.assertGreaterEqual(offset, 2 * INTERVAL)
        result = self.on_site('backfill', '--json')
        self.assert_code(result, DONE)
        self.assertEqual(self.site.hashes()[image][:2], ('sha512', sites.sha512(data)))
        self.assertLessEqual(result.object['bytes_read'], len(data) - offset + TAIL_BYTES)

    def test_replaced_object_is_read_from_its_start(self):
        data = content(48 * MIB)
        image = self.add(data, checksum=None)
        self.prepare()
        self.kill_beyond(INTERVAL)
        replaced = content(len(data), 2)
        CLIENT.put_object(Bucket=BUCKET, Key=image, Body=replaced)
        result = self.on_site('backfill', '--json')
        self.assert_code(result, DONE)
        self.assertEqual(self.site.hashes()[image][:2], ('sha512', sites.sha512(replaced)))
        self.assertGreaterEqual(result.object['bytes_read'], len(data))

    def test_outage_leaves_no_finding(self):
        images = {self.add(data): data for data in (content(6 * MIB, seed) for seed in range(6))}
        url = urllib.parse.urlsplit(CEPH.facts['s3']['url'])
        with Forwarder((url.hostname, url.port)) as forwarder:
            self.configure('http://' + forwarder.host)
            self.prepare()
            process = program.start('backfill', *self.site.options, '--bandwidth', '12M', cwd=self.site.directory)
            self.addCleanup(sites._kill_if_alive, process)
            program.wait_for(lambda: forwarder.accepted > 2 or process.poll() is not None)
            time.sleep(0.5)
            forwarder.close()
            time.sleep(2)
            forwarder.open()
            self.assert_code(program.finish(process), DONE)
        hashes = self.site.hashes()
        self.assertEqual({image: hashes[image][:2] for image in images},
                         {image: ('sha512', sites.sha512(data)) for image, data in images.items()})


if __name__ == '__main__':
    program.main()
