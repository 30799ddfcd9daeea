#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a Glance site in an empty directory whose images lie in files, Ceph (rbd), Swift and S3, stored there by
Glance's own drivers (glance_store), and some damage in each store.

    make_stores_site.py DIR CEPH SWIFT [IMAGES]

CEPH and SWIFT are the directories of a running tests/servers/ceph.py (with radosgw) and tests/servers/swift.py.
IMAGES: how many images each store gets (5).

DIR/glance-api.conf    what Glance and backglance read
DIR/glance.sqlite      Glance's schema of the Queens release, and the rows
DIR/expected.json      "images": id -> {store, result, sha512}; "secrets": texts that may appear nowhere
"""

import contextlib
import hashlib
import io
import json
import pathlib
import random
import sqlite3
import sys
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'site'), str(HERE.parent / 'servers')]

import boto3  # noqa: E402
import glance_store  # noqa: E402
from oslo_config import cfg  # noqa: E402
import rados  # noqa: E402
import rbd  # noqa: E402

import ceph as ceph_server  # noqa: E402  (found by the line above)
import glance_schema  # noqa: E402
from swift import Swift  # noqa: E402

MOMENT = '2018-03-04 05:06:07.000000'
BUCKET = 'images'
MIB = 1 << 20
# The last is a large object in Swift, and has several parts in S3.
SIZES = (1, 65_537, MIB, 3 * MIB + 5, 7 * MIB + 1)
ACCOUNTS = '''[ref1]
auth_address = {auth}
user = test:tester
key = {key}
auth_version = 1
'''


def store_options(directory, ceph, swift):
    """id -> type and the options of Glance's driver."""
    facts = ceph.facts
    (directory / 'swift-accounts.conf').write_text(ACCOUNTS.format(
        auth=swift.auth_url, key=json.loads(swift.state_file.read_text())['users']['test:tester']))
    return {
        'files': ('file', {'filesystem_store_datadir': str(directory / 'images')}),
        'fast': ('rbd', {'rbd_store_ceph_conf': facts['conf'], 'rbd_store_user': facts['writer'],
                         'rbd_store_pool': facts['pool']}),
        'objects': ('swift', {'swift_store_config_file': str(directory / 'swift-accounts.conf'),
                              'swift_store_container': 'glance', 'swift_store_create_container_on_put': True,
                              'swift_store_large_object_size': 4, 'swift_store_large_object_chunk_size': 1}),
        'bucket': ('s3', {'s3_store_host': facts['s3']['url'], 's3_store_bucket': BUCKET,
                          's3_store_access_key': facts['s3']['access_key'],
                          's3_store_secret_key': facts['s3']['secret_key'],
                          's3_store_bucket_url_format': 'path', 's3_store_large_object_size': 6,
                          's3_store_large_object_chunk_size': 5}),
    }


class Glance:
    """Glance's drivers, with a configuration of several stores. Once for each process."""

    def __init__(self, stores):
        self.conf = cfg.CONF
        with contextlib.suppress(cfg.DuplicateOptError):  # Glance itself was there before
            self.conf.register_opt(cfg.DictOpt('enabled_backends'))
        self.conf([], default_config_files=[], default_config_dirs=[])
        self.conf.set_override('enabled_backends', {name: kind for name, (kind, _) in stores.items()})
        glance_store.register_store_opts(self.conf)
        self.conf.set_override('default_backend', next(iter(stores)), group='glance_store')
        for name, (_, options) in stores.items():
            for option, value in options.items():
                self.conf.set_override(option, value, group=name)
        glance_store.create_multi_stores(self.conf)

    def add(self, store, image_id, data):
        """Location, size, MD5, SHA-512 and metadata, as they get into Glance's database."""
        return glance_store.add_with_multihash(self.conf, image_id, io.BytesIO(data), len(data), store, 'sha512')


class Damage:
    """Objects that others have replaced or deleted."""

    def __init__(self, ceph, swift):
        self.ceph, self.swift = ceph, swift
        self.s3 = s3_client(ceph.facts)

    def replace(self, store, location, data):
        """With other bytes of the same length."""
        if store == 'files':
            pathlib.Path(location.removeprefix('file://')).write_bytes(data)
        elif store == 'bucket':
            self.s3.put_object(Bucket=BUCKET, Key=location.rpartition('/')[2], Body=data)
        elif store == 'objects':
            self._swift('PUT', location, data)
        else:
            with self._images() as io_context:
                name = location.split('/')[-2]
                self._delete(io_context, name)
                rbd.RBD().create(io_context, name, len(data), old_format=False, features=1)
                with rbd.Image(io_context, name) as image:
                    image.write(data, 0)
                    image.create_snap('snap')

    def delete(self, store, location):
        if store == 'files':
            pathlib.Path(location.removeprefix('file://')).unlink()
        elif store == 'bucket':
            self.s3.delete_object(Bucket=BUCKET, Key=location.rpartition('/')[2])
        elif store == 'objects':
            self._swift('DELETE', location)
        else:
            with self._images() as io_context:
                self._delete(io_context, location.split('/')[-2])

    def _swift(self, method, location, data=None):
        status, _, answer = self.swift.call(method, 'glance/' + location.rpartition('/')[2], data)
        if status // 100 != 2:
            raise SystemExit('Swift answers %d: %r' % (status, answer))

    def _images(self):
        cluster = rados.Rados(conffile=self.ceph.facts['conf'], rados_id=self.ceph.facts['writer'])
        cluster.connect()
        return cluster.open_ioctx(self.ceph.facts['pool'])

    @staticmethod
    def _delete(io_context, name):
        with rbd.Image(io_context, name) as image:
            if image.is_protected_snap('snap'):
                image.unprotect_snap('snap')
            image.remove_snap('snap')
        rbd.RBD().remove(io_context, name)


def s3_client(facts):
    return boto3.client('s3', endpoint_url=facts['s3']['url'], region_name='us-east-1',
                        aws_access_key_id=facts['s3']['access_key'], aws_secret_access_key=facts['s3']['secret_key'])


def insert(connection, table, row):
    connection.execute('INSERT INTO %s (%s) VALUES (%s)' % (table, ', '.join(row), ', '.join('?' * len(row))),
                       list(row.values()))


def add_image(connection, image_id, stored, store, with_checksum=True):
    location, size, checksum, _, meta_data = stored
    times = {'created_at': MOMENT, 'updated_at': MOMENT, 'deleted': False}
    insert(connection, 'images', {
        'id': image_id, 'name': 'image in ' + store, 'size': size, 'status': 'active', 'visibility': 'private',
        'disk_format': 'raw', 'container_format': 'bare', 'checksum': checksum if with_checksum else None,
        'owner': '1f0b5e0c6d3a4c7f8a52f0cf5b1a9d01', 'min_disk': 0, 'min_ram': 0, 'protected': False, **times})
    insert(connection, 'image_locations', {
        'image_id': image_id, 'value': location, 'meta_data': json.dumps(meta_data), 'status': 'active', **times})


def make_site(directory, ceph, swift, images):
    stores = store_options(directory, ceph, swift)
    (directory / 'images').mkdir()
    url = 'sqlite:///%s/glance.sqlite' % directory
    lines = ['# Images in four stores, for trying backglance out.', '[DEFAULT]',
             'enabled_backends = ' + ', '.join('%s:%s' % (name, kind) for name, (kind, _) in stores.items()),
             '[database]', 'connection = ' + url, '[glance_store]', 'default_backend = files']
    for name, (_, options) in stores.items():
        lines.append('[%s]' % name)
        lines += ['%s = %s' % (option, str(value).replace('$', '$$')) for option, value in options.items()]
    (directory / 'glance-api.conf').write_text('\n'.join(lines) + '\n')
    glance_schema.make_schema_in_subprocess(url, 'queens_contract01')

    s3_client(ceph.facts).create_bucket(Bucket=BUCKET)
    glance, damage = Glance(stores), Damage(ceph, swift)
    chance = random.Random(1)
    expected = {}
    with sqlite3.connect(directory / 'glance.sqlite') as connection:
        for store in stores:
            for i in range(images):
                data = chance.randbytes(SIZES[i % len(SIZES)])
                image_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
                stored = glance.add(store, image_id, data)
                # As Nova's direct snapshots: some images have no checksum.
                add_image(connection, image_id, stored, store, with_checksum=i % 3 != 1)
                expected[image_id] = {'store': store, 'result': 'hashed', 'sha512': stored[3]}
            for result in ('checksum_differs', 'missing'):
                data = chance.randbytes(65_537)
                image_id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
                stored = glance.add(store, image_id, data)
                add_image(connection, image_id, stored, store)
                expected[image_id] = {'store': store, 'result': result, 'sha512': None}
                if result == 'missing':
                    damage.delete(store, stored[0])
                else:
                    damage.replace(store, stored[0], hashlib.sha512(data).digest() + data[64:])
    facts = ceph.facts
    (directory / 'expected.json').write_text(json.dumps({
        'images': expected,
        'secrets': [facts['s3']['secret_key'], json.loads(swift.state_file.read_text())['users']['test:tester']],
    }, indent=1) + '\n')


def main(arguments):
    if len(arguments) not in (3, 4):
        raise SystemExit(__doc__)
    directory = pathlib.Path(arguments[0]).absolute()
    directory.mkdir(parents=True, exist_ok=True)
    make_site(directory, ceph_server.Ceph(pathlib.Path(arguments[1]).absolute()),
              Swift(pathlib.Path(arguments[2]).absolute()), int((arguments + ['5'])[3]))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
