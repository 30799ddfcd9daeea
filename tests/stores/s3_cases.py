# SPDX-License-Identifier: Apache-2.0
"""What an S3 store must do with a real server, whichever it is: s3_swift_test.py and s3_rgw_test.py run these."""

import contextlib
import pathlib
import random
import shutil
import socket
import tempfile
import time

import boto3
import botocore.client

from forwarder import Forwarder
from reader import Reader
from reader import digests

WINDOW = 64 << 20  # of S3Object
MIB = 1 << 20
BUCKET = 'images'
VERSIONED = 'versioned'


def content(size, seed=1):
    return random.Random(seed).randbytes(size)


class S3Cases:
    """A test class has besides: `address` (host, port) of the server, `keys` (access key and secret of a user who may
    do everything; fit for a location), `secrets` (texts that must show nowhere)."""

    # 64 MiB are one window: of this there are two.
    big = content(WINDOW + 3 * MIB + 5)

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix='backglance-s3-'))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.url = 'http://%s:%d' % cls.address
        cls.client = boto3.client(
            's3', endpoint_url=cls.url, region_name='us-east-1', aws_access_key_id=cls.keys[0],
            aws_secret_access_key=cls.keys[1],
            config=botocore.client.Config(s3={'addressing_style': 'path'}, retries={'max_attempts': 2}))
        cls.client.create_bucket(Bucket=BUCKET)
        cls.put('plain', content(MIB + 1))
        cls.put('big', cls.big)

    def setUp(self):
        self.readers = []

    def tearDown(self):
        # "secret in row or config: in no output"
        for reader in self.readers:
            # nor what servers say
            for secret in (*self.secrets, '127.0.0.1', 'localhost', 'AWS4', 'MESSAGE', 'RESOURCE'):
                self.assertNotIn(secret, reader.said)

    @classmethod
    def put(cls, key, data, bucket=BUCKET):
        cls.client.put_object(Bucket=bucket, Key=key, Body=data)

    @classmethod
    def put_in_parts(cls, key, parts):
        upload = cls.client.create_multipart_upload(Bucket=BUCKET, Key=key)['UploadId']
        made = []
        for number, part in enumerate(parts, 1):
            answer = cls.client.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=number, Body=part)
            made.append({'PartNumber': number, 'ETag': answer['ETag']})
        cls.client.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={'Parts': made})

    def row(self, key, keys=None, host=None, bucket=BUCKET, scheme='s3'):
        """A location as Glance writes it; keys: (access, secret), or () for none."""
        access = '%s:%s@' % (keys or self.keys) if keys != () else ''
        return '%s://%s%s/%s/%s' % (scheme, access, host or '%s:%d' % self.address, bucket, key)

    def options(self, **changes):
        return {'s3_store_host': self.url, 's3_store_access_key': self.keys[0], 's3_store_secret_key': self.keys[1],
                's3_store_bucket': BUCKET, **{'s3_store_' + name: value for name, value in changes.items()}}

    @contextlib.contextmanager
    def reader(self, stores=None, before=(), **changes):
        """With one store, "fast", or these: options by id."""
        stores = stores or {'fast': self.options(**changes)}
        text = '[DEFAULT]\nenabled_backends = %s\n[database]\nconnection = sqlite:////nowhere\n' % ','.join(
            name + ':s3' for name in stores)
        for name, options in stores.items():
            text += '[%s]\n' % name + ''.join('%s = %s\n' % (option, value.replace('$', '$$'))
                                              for option, value in options.items())
        file = self.folder / 'glance-api.conf'
        file.write_text(text)
        with Reader(file, before=before) as reader:
            self.readers.append(reader)
            yield reader

    def assert_hashed(self, answer, data):
        self.assertEqual({name: answer[name] for name in ('result', 'bytes', 'length', 'md5', 'sha512')},
                         {'result': 'hashed', **digests(data)}, answer)

    def assert_failed(self, answer, kind, result='unreadable', reason=''):
        self.assertEqual((answer['kind'], answer['result']), (kind, result), answer)
        self.assertIn(reason, answer['reason'])
        self.assertIsNone(answer['sha512'])

    def test_ten_objects_are_hashed(self):
        """s3: multipart object; key that needs encoding"""
        objects = {'empty': b'', 'one': b'x', 'a b+c~d': content(1000, 2), '\u00e9\u4e2d;=&,:!*()\'': content(1001, 3),
                   'x%20y%2F': content(1002, 4), 'exactly-1-mib': content(MIB, 5),
                   '1f0c9a3e-0000-4000-8000-000000000001': content(3 * MIB + 17, 6)}
        for key, data in objects.items():
            self.put(key, data)
        parts = [content(5 * MIB, 7), content(5 * MIB, 8), content(12345, 9)]
        self.put_in_parts('parts', parts)
        objects['parts'] = b''.join(parts)
        # Parts that end elsewhere than windows.
        parts = [self.big[i:i + 10 * MIB] for i in range(0, len(self.big), 10 * MIB)]
        self.put_in_parts('big-parts', parts)
        objects['big-parts'] = self.big
        self.put('exactly-a-window', self.big[:WINDOW])
        objects['exactly-a-window'] = self.big[:WINDOW]
        identities = set()
        with self.reader() as reader:
            for number, (key, data) in enumerate(objects.items()):
                answer = reader.read(self.row(key, scheme=('s3', 's3+http', 's3+https')[number % 3]))
                self.assert_hashed(answer, data)
                self.assertEqual(answer['place'], 'bucket images of store fast')
                self.assertRegex(answer['identity'], r'^s3:[0-9a-f]{64}$')
                identities.add(answer['identity'])
        self.assertEqual(len(identities), 10)

    def test_read_begins_anywhere(self):
        with self.reader() as reader:
            for begin in (WINDOW - 1, WINDOW, len(self.big) - 65536, len(self.big)):
                answer = reader.read(self.row('big'), **{'from': begin})
                data = self.big[begin:]
                self.assert_hashed({**answer, 'length': len(data)}, data)
                self.assertEqual(answer['length'], len(self.big))

    def test_row_keys_dead_config_keys_good(self):
        """s3: row keys dead, config keys good"""
        with self.reader() as reader:
            self.assert_hashed(reader.read(self.row('plain', keys=('deadkey', 'dead/secret'))), content(MIB + 1))
            # the right user, and the secret of before a rotation
            self.assert_hashed(reader.read(self.row('plain', keys=(self.keys[0], 'dead/secret'))), content(MIB + 1))
        with self.reader(secret_key='dead/secret') as reader:
            self.assert_hashed(reader.read(self.row('plain')), content(MIB + 1))
            self.assert_failed(reader.read(self.row('plain', keys=('deadkey', 'dead/secret'))), 'place',
                               reason='secret key')

    def test_row_without_credentials(self):
        """s3: row without credentials: by the keys of meta_data.store"""
        stores = {'slow': self.options(secret_key='dead/secret'), 'fast': self.options(),
                  'other': self.options(bucket='else')}
        with self.reader(stores) as reader:
            row = self.row('plain', keys=())
            self.assert_hashed(reader.read(row, '{"store": "fast"}'), content(MIB + 1))
            self.assertEqual(reader.read(row, '{"store": "fast"}')['place'], 'bucket images of store fast')
            self.assert_failed(reader.read(row, '{"store": "slow"}'), 'place')
            # An id that is not configured: those with the row's host and bucket, one after the other.
            answer = reader.read(row, '{"store": "gone"}')
            self.assert_hashed(answer, content(MIB + 1))
            self.assertEqual(answer['place'], 'bucket images of one of the s3 stores')
            # The configured keys are for the configured bucket alone.
            self.assert_failed(reader.read(row, '{"store": "other"}'), 'image', reason='s3_store_bucket')
        with self.reader(access_key='', secret_key='') as reader:
            self.assert_hashed(reader.read(self.row('plain')), content(MIB + 1))
            self.assert_failed(reader.read(row), 'place', reason='s3_store_access_key')

    def test_row_host_is_not_config_host(self):
        """s3: row host is not config host: the row's is never asked"""
        with socket.socket() as trap:
            trap.bind(('127.0.0.1', 0))
            trap.listen()
            trap.setblocking(False)
            host = '127.0.0.1:%d' % trap.getsockname()[1]
            with self.reader() as reader:
                self.assert_hashed(reader.read(self.row('plain', host=host)), content(MIB + 1))
                self.assert_hashed(reader.read(self.row('plain', host=host, keys=())), content(MIB + 1))
                self.assert_failed(reader.read(self.row('gone', host=host)), 'image', 'missing')
            self.assertRaises(BlockingIOError, trap.accept)

    def test_what_the_store_says(self):
        """s3: NoSuchKey / NoSuchBucket / AccessDenied; object gone at open; place"""
        with self.reader() as reader:
            self.assert_failed(reader.read(self.row('gone')), 'image', 'missing', 'no such object')
            self.assert_failed(reader.read(self.row('gone', keys=())), 'image', 'missing')
            self.assert_failed(reader.read(self.row('plain', bucket='no-such-bucket')), 'place',
                               reason='no such bucket')
            self.assert_failed(reader.read('s3://%s:%s@bucket/key' % self.keys), 'image', reason='a host, a bucket')
            self.assertEqual(reader.survey(), {'bucket images of store fast': ''})
        with self.reader(bucket='no-such-bucket') as reader:
            self.assertEqual(reader.survey(), {'bucket no-such-bucket of store fast': 'the store has no such bucket'})
        with self.reader(secret_key='dead/secret') as reader:
            self.assertIn('secret key', reader.survey()['bucket images of store fast'])

    def test_other_region(self):
        """The region that the answer tells."""
        with self.reader(region_name='eu-west-9') as reader:
            self.assert_hashed(reader.read(self.row('plain')), content(MIB + 1))
            self.assertEqual(reader.survey(), {'bucket images of store fast': ''})

    def test_bucket_in_the_host_name(self):
        url = 'http://localhost:%d' % self.address[1]
        with self.reader(host=url, bucket_url_format='virtual') as reader:
            self.assert_hashed(reader.read(self.row('plain')), content(MIB + 1))
            self.assertEqual(reader.survey(), {'bucket images of store fast': ''})
        with Forwarder(self.address) as forwarder:
            url = 'http://localhost:%d' % forwarder.port
            with self.reader(host=url, bucket_url_format='virtual') as reader:
                self.assert_hashed(reader.read(self.row('plain')), content(MIB + 1))
            self.assertIn('GET /plain HTTP/1.1\r\nHost: images.localhost:%d\r\n' % forwarder.port,
                          forwarder.requests[-1])

    def test_overwritten_between_windows(self):
        """s3: overwritten between windows: changed_while_read (412)"""
        self.put('overwritten', self.big)
        with self.reader() as reader:
            reader.begin(self.row('overwritten'), MIB)
            self.put('overwritten', content(len(self.big), 2))
            self.assert_failed(reader.end(), 'image', 'changed_while_read', 'another object')

    def test_overwritten_by_the_same_bytes(self):
        """The ETag is that of the bytes, and the time is another: not called the same object."""
        self.put('again', content(2 * MIB))
        with self.reader() as reader:
            reader.begin(self.row('again'), MIB)
            time.sleep(1.1)  # Last-Modified has seconds
            self.put('again', content(2 * MIB))
            self.assert_failed(reader.end(), 'image', 'changed_while_read', 'another object')

    def test_shorter_between_windows(self):
        self.put('shorter', self.big)
        with self.reader() as reader:
            reader.begin(self.row('shorter'), MIB)
            self.put('shorter', self.big[:WINDOW - 1])
            self.assert_failed(reader.end(), 'image', 'changed_while_read')

    def test_removed_in_mid_read(self):
        """all: object gone during the read"""
        self.put('removed', self.big)
        self.put('removed-small', content(2 * MIB))
        with self.reader() as reader:
            for key in ('removed', 'removed-small'):
                reader.begin(self.row(key), MIB)
                self.client.delete_object(Bucket=BUCKET, Key=key)
                self.assert_failed(reader.end(), 'image', 'changed_while_read', 'removed')

    def test_versions(self):
        """s3: overwritten between windows, with versioning: the version that was opened"""
        self.client.create_bucket(Bucket=VERSIONED)
        self.client.put_bucket_versioning(Bucket=VERSIONED, VersioningConfiguration={'Status': 'Enabled'})
        self.put('image', self.big, bucket=VERSIONED)
        row = self.row('image', bucket=VERSIONED)
        with self.reader(bucket=VERSIONED) as reader:
            first = reader.read(row)
            self.assert_hashed(first, self.big)
            reader.begin(row, MIB)
            self.put('image', content(1000), bucket=VERSIONED)
            answer = reader.end()
            # Every byte was of the first version, and Glance would now serve the second one.
            self.assert_failed(answer, 'image', 'changed_while_read', 'another object')
            self.assertEqual(answer['bytes'], len(self.big))
            self.assert_hashed(reader.read(row), content(1000))
            self.client.delete_object(Bucket=VERSIONED, Key='image')
            self.assert_failed(reader.read(row), 'image', 'missing')
