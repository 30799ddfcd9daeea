# SPDX-License-Identifier: Apache-2.0
"""The network stores that bench/stores.py reads: what is stored in each, where Glance's rows say it is, and the store's
own tool that reads the same objects.

Each store is a context manager: its servers run on loopback, in memory, as long as the block.
"""

import contextlib
import hashlib
import json
import pathlib
import random
import shlex
import shutil
import sys
import tempfile
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'tests' / 'stores'), str(HERE.parent / 'tests' / 'servers')]

import boto3  # noqa: E402
import botocore.config  # noqa: E402
import rados  # noqa: E402
import rbd  # noqa: E402

import ceph  # noqa: E402  (found by the line above)
import swift  # noqa: E402
import web_server  # noqa: E402

MEMORY = '/dev/shm'
MIB = 1 << 20
STORE = 'store'  # its id in enabled_backends
BUCKET = 'images'
USER = 'test:tester'  # of Swift
SEGMENTS = 20
PIECE = 4 * MIB  # rbd: of a write


class Stored:
    """One object: `location` and `sha512` are those of Glance's rows, `url` is what the tool reads."""

    def __init__(self, location, data, url):
        self.location = location
        self.size = len(data)
        self.sha512 = hashlib.sha512(data).hexdigest()
        self.url = url


def contents(images, size):
    source = random.Random(5)
    for _ in range(images):
        yield b''.join(source.randbytes(min(MIB, size - start)) for start in range(0, size, MIB))


class Store:
    """What the stores have in common. `options`: of the store in glance-api.conf; `arguments`: of backfill."""

    arguments = ()

    def __init__(self):
        self.home = None
        self.options = {}
        self.stored = []

    def __enter__(self):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix='bg-bench-', dir=MEMORY))
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.stop()
        finally:
            shutil.rmtree(self.home)

    def start(self):
        raise NotImplementedError

    def stop(self):
        raise NotImplementedError

    def fill(self, images, size):
        for number, data in enumerate(contents(images, size)):
            self.stored.append(self.put('image-%02d' % number, data))

    def put(self, name, data):
        raise NotImplementedError

    def write_conf(self, path, database):
        """A glance-api.conf with this store alone."""
        lines = ['[DEFAULT]', 'enabled_backends = %s:%s' % (STORE, self.kind), '[database]', 'connection = ' + database,
                 '[%s]' % STORE]
        lines += ['%s = %s' % option for option in self.options.items()]
        path.write_text('\n'.join(lines) + '\n')

    def tool(self, streams):
        """Commands that read all objects once, `streams` at a time."""
        return [self.curl(self.stored[number::streams], number) for number in range(streams)]

    def tool_and_digests(self, streams):
        """The same, and what the tool writes goes through md5sum and sha512sum."""
        through = ' | tee >(md5sum >/dev/null) | sha512sum >/dev/null\n'
        return [['bash', '-o', 'pipefail', '-ec', ''.join(self.output(one) + through
                                                          for one in self.stored[number::streams])]
                for number in range(streams)]

    def output(self, one):
        """A command of the shell that writes the object to its standard output."""
        return shlex.join(self.curl([one], one.url.rpartition('/')[2].partition('?')[0], output='-'))

    def curl(self, objects, name, output='/dev/null'):
        """One process of curl reads them, one after the other on one connection."""
        config = self.home / ('curl-%s' % name)  # not on the command line: it has secrets
        lines = ['silent', 'fail']
        lines += ['header = "%s: %s"' % header for header in self.headers().items()]
        for one in objects:
            lines += ['url = "%s"' % one.url, 'output = "%s"' % output]
        config.write_text('\n'.join(lines) + '\n')
        return ['curl', '--disable', '--config', str(config)]

    def headers(self):
        return {}


class Rbd(Store):
    kind = 'rbd'
    name = 'rbd'
    tool_name = 'rbd export'

    def start(self):
        self.ceph = ceph.Ceph(self.home, pool_bytes=8 << 30)
        self.ceph.start()
        facts = self.ceph.facts
        self.options = {'rbd_store_ceph_conf': facts['conf'], 'rbd_store_user': facts['reader'],
                        'rbd_store_pool': facts['pool']}

    def stop(self):
        self.ceph.stop()

    def put(self, name, data):
        facts = self.ceph.facts
        with rados.Rados(conffile=facts['conf'], rados_id=facts['writer']) as cluster, \
                cluster.open_ioctx(facts['pool']) as pool:
            rbd.RBD().create(pool, name, len(data), 23, old_format=False)  # 8 MiB, as Glance's driver
            with rbd.Image(pool, name) as image:
                for offset in range(0, len(data), PIECE):
                    image.write(data[offset:offset + PIECE], offset)
                image.create_snap('snap')
                image.protect_snap('snap')
        return Stored('rbd://%s/%s/%s/snap' % (facts['fsid'], facts['pool'], name), data,
                      '%s/%s@snap' % (facts['pool'], name))

    def tool(self, streams):
        return [['sh', '-ec', '\n'.join(self.output(one) + ' >/dev/null' for one in self.stored[number::streams])]
                for number in range(streams)]

    def output(self, one):
        facts = self.ceph.facts
        return shlex.join(['rbd', '--conf', facts['conf'], '--id', facts['reader'], '--no-progress', 'export', one.url,
                           '-'])


class S3(Store):
    kind = 's3'
    name = 's3 (radosgw)'
    tool_name = 'curl, presigned URLs'

    def start(self):
        self.ceph = ceph.Ceph(self.home, pool_bytes=8 << 30)
        self.ceph.start(radosgw=True)
        facts = self.ceph.facts['s3']
        self.options = {'s3_store_host': facts['url'], 's3_store_bucket': BUCKET,
                        's3_store_access_key': facts['access_key'], 's3_store_secret_key': facts['secret_key'],
                        's3_store_bucket_url_format': 'path'}
        self.client = boto3.client('s3', endpoint_url=facts['url'], region_name='us-east-1',
                                   aws_access_key_id=facts['access_key'], aws_secret_access_key=facts['secret_key'],
                                   config=botocore.config.Config(s3={'addressing_style': 'path'}))
        self.client.create_bucket(Bucket=BUCKET)

    def stop(self):
        self.ceph.stop()

    def put(self, name, data):
        self.client.put_object(Bucket=BUCKET, Key=name, Body=data)
        facts = self.ceph.facts['s3']
        keys = '%s:%s' % (facts['access_key'], urllib.parse.quote(facts['secret_key'], ''))
        url = self.client.generate_presigned_url('get_object', Params={'Bucket': BUCKET, 'Key': name}, ExpiresIn=86400)
        host = facts['url'].removeprefix('http://')
        return Stored('s3://%s@%s/%s/%s' % (keys, host, BUCKET, name), data, url)


class Swift(Store):
    kind = 'swift'
    name = 'swift'
    tool_name = 'curl'

    def start(self):
        self.server = swift.Swift(self.home / 'swift')
        self.server.start()
        accounts = self.home / 'accounts.conf'
        accounts.write_text('[ref1]\nauth_address = %s\nuser = %s\nkey = %s\nauth_version = 1\n' % (
            self.server.auth_url, USER, json.loads(self.server.state_file.read_text())['users'][USER]))
        self.options = {'swift_store_config_file': str(accounts)}
        self.call('PUT', 'glance')

    def stop(self):
        self.server.stop()

    def call(self, method, path, body=None, headers=()):
        status, _, answer = self.server.call(method, path, body, headers)
        if status // 100 != 2:
            raise SystemExit('Swift answers %d: %r' % (status, answer))

    def put(self, name, data):
        self.call('PUT', 'glance/' + name, data)
        return Stored('swift+config://ref1/glance/' + name, data, '%s/glance/%s' % (self.server.storage_url(), name))

    def headers(self):
        return {'X-Auth-Token': self.server.token()[0]}


class SwiftLarge(Swift):
    """Dynamic large objects of SEGMENTS segments. The tool reads each with one plain GET."""
    name = 'swift, a large object of %d segments' % SEGMENTS
    tool_name = 'curl, one plain GET'

    def put(self, name, data):
        size = len(data) // SEGMENTS
        for number in range(SEGMENTS):
            self.call('PUT', 'glance/%s-%05d' % (name, number + 1), data[number * size:(number + 1) * size])
        self.call('PUT', 'glance/' + name, b'', {'X-Object-Manifest': 'glance/%s-' % name})
        return Stored('swift+config://ref1/glance/' + name, data[:size * SEGMENTS],
                      '%s/glance/%s' % (self.server.storage_url(), name))


class Http(Store):
    kind = 'http'
    name = 'http (nginx)'
    tool_name = 'curl'

    def start(self):
        (self.home / 'files').mkdir()
        self.server = web_server.Nginx(self.home / 'files', self.home)
        self.server.start()
        self.arguments = ('--allow-http', '127.0.0.1:%d' % self.server.port)

    def stop(self):
        with contextlib.suppress(AttributeError):
            self.server.stop()

    def put(self, name, data):
        (self.home / 'files' / name).write_bytes(data)
        return Stored(self.server.url('/' + name), data, self.server.url('/' + name))
