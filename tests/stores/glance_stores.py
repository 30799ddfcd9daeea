# SPDX-License-Identifier: Apache-2.0
"""A real glance-api that stores into, and serves from, every store that the program reads: files, Ceph, Swift by
reference and with credentials in the row, S3 of Ceph's gateway and of Swift, and a web server.

An http location cannot be stored to. Its images are files that Glance has stored as images of `fs1`, registered by
URL a second time: Glance's own hashes of the first are those of the second.
"""

import contextlib
import json
import pathlib
import random
import shutil
import signal
import sqlite3
import sys
import urllib.parse

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / name) for name in ('stores', 'cli', 'servers', 'glance_api')]

import boto3  # noqa: E402
import botocore.client  # noqa: E402
import rados  # noqa: E402
import rbd  # noqa: E402

import ceph as ceph_server  # noqa: E402  (found by the line above)
import glance_api  # noqa: E402
import program  # noqa: E402
import servers  # noqa: E402
import sites  # noqa: E402
import swift as swift_server  # noqa: E402
from web_server import Nginx  # noqa: E402

MIB = 1 << 20
STORES = ('fs1', 'fast', 'reference', 'inrow', 'gateway', 'middleware', 'web')
# What Glance makes parts of: in Swift a large object (DLO) of segments of 1 "MB", in S3 a multipart upload.
LARGE = 6
ACCOUNTS = '[ref1]\nauth_address = %s\nuser = test:tester\nkey = %s\nauth_version = 1\n'
USER = 'test:tester'


def content(size, seed):
    return random.Random(seed).randbytes(size)


class GlanceStores:
    """Everything lies below `home`, whose path must be short. `segment`: of Swift's large objects, in MB."""

    def __init__(self, home, segment=1, revision='head'):
        self.home = pathlib.Path(home)
        self.segment = segment
        self.closing = contextlib.ExitStack()
        self.site = sites.SmallSite(self.home / 'site', revision)
        self.database = self.site.database
        self.config = self.home / 'backglance.conf'

    def start(self):
        for name in ('c', 's'):
            servers.make_directory(self.home / name)
            self.closing.callback(servers.remove_from_memory, self.home / name)
        self.ceph = ceph_server.Ceph(self.home / 'c')
        self.closing.callback(self.ceph.stop)
        self.ceph.start(radosgw=True)
        self.swift = swift_server.Swift(self.home / 's')
        self.closing.callback(self.swift.stop, signal.SIGKILL)
        self.swift.start()
        self.s3 = {store: boto3.client('s3', endpoint_url=options['s3_store_host'], region_name='us-east-1',
                                       aws_access_key_id=options['s3_store_access_key'],
                                       aws_secret_access_key=options['s3_store_secret_key'],
                                       config=botocore.client.Config(s3={'addressing_style': 'path'}))
                   for store, (kind, options) in self.options().items() if kind == 's3'}
        for client in self.s3.values():
            client.create_bucket(Bucket='images')
        (self.home / 'swift-accounts.conf').write_text(ACCOUNTS % (self.swift.auth_url, self.secrets()[0]))
        self.api = glance_api.GlanceApi(self.home / 'api', self.database.url, anonymous=True, stores=self.options())
        self.closing.callback(self.api.stop)
        self.api.start()
        (self.home / 'nginx').mkdir()
        self.web = Nginx(self.api.home / 'fs1', self.home / 'nginx')
        self.closing.enter_context(self.web)
        # The program reads Ceph as a user who may not write.
        readers = {'fast': ('rbd', {'rbd_store_user': ceph_server.READER})}
        self.config.write_text(glance_api.sections(readers))

    def stop(self):
        self.closing.close()
        self.database.drop()

    def secrets(self):
        return (swift_server.USERS[USER][0], ceph_server.S3_SECRET_KEY, swift_server.S3_KEY,
                ceph_server.S3_ACCESS_KEY)

    def options(self):
        facts, large = self.ceph.facts, {'swift_store_create_container_on_put': True,
                                         'swift_store_large_object_size': LARGE,
                                         'swift_store_large_object_chunk_size': self.segment}
        multipart = {'s3_store_bucket': 'images', 's3_store_bucket_url_format': 'path',
                     's3_store_large_object_size': LARGE, 's3_store_large_object_chunk_size': 5}
        return {
            'fast': ('rbd', {'rbd_store_ceph_conf': facts['conf'], 'rbd_store_user': facts['writer'],
                             'rbd_store_pool': facts['pool'], 'rbd_thin_provisioning': True}),
            'reference': ('swift', {'swift_store_config_file': self.home / 'swift-accounts.conf',
                                    'swift_store_container': 'by_reference', **large}),
            'inrow': ('swift', {'swift_store_auth_address': self.swift.auth_url, 'swift_store_user': USER,
                                'swift_store_key': self.secrets()[0], 'swift_store_auth_version': '1',
                                'swift_store_container': 'with_credentials', **large}),
            'gateway': ('s3', {'s3_store_host': facts['s3']['url'], 's3_store_access_key': facts['s3']['access_key'],
                               's3_store_secret_key': facts['s3']['secret_key'], **multipart}),
            'middleware': ('s3', {'s3_store_host': self.swift.url, 's3_store_access_key': swift_server.S3_KEY,
                                  's3_store_secret_key': self.secrets()[0], **multipart}),
        }

    def run(self, command, *arguments, site=None, begin=program.run):
        """The program on the whole site, or on one of split()."""
        host = self.allowed()
        reads = command in ('status', 'plan', 'backfill', 'verify', 'contract')
        where = ('--database', 'sqlite:///%s' % site) if site else ()
        return begin(command, '--config-file', self.api.config, '--config-file', self.config, *where,
                     *(('--allow-http', host) if reads else ()), *arguments,
                     cwd=pathlib.Path(site).parent if site else self.home)

    def allowed(self):
        return '127.0.0.1:%d' % self.web.port

    def add(self, store, data):
        """An image that Glance has stored, by its id."""
        headers = dict(glance_api.HEADERS, **{'X-Image-Meta-Store': 'fs1' if store == 'web' else store})
        with contextlib.closing(self.api.client(headers)) as client:
            image = client.add(data)
            if store != 'web':
                return image
            twin = client.create()
            client.patch(twin, ('add', '/locations/-', {'url': self.web.url('/' + image), 'metadata': {}}))
            return twin

    def twin(self, image):
        """Whose hashes Glance has made of the bytes of `image`."""
        location = self.location(image)
        return location.rpartition('/')[2] if location.startswith('http') else image

    def leave_one(self, image):
        """The image of fs1 whose file a web server serves is no image of this site any more; its file stays."""
        if self.twin(image) != image:
            self.database.execute("UPDATE images SET status = 'deleted', deleted = 1 WHERE id = ?", self.twin(image))

    def location(self, image):
        return self.database.value("SELECT value FROM image_locations WHERE image_id = ? AND status = 'active'", image)

    def hashes(self):
        """id -> checksum, algorithm and hash, of what Glance shows."""
        return {row[0]: row[1:] for row in self.database.rows(
            'SELECT id, checksum, os_hash_algo, os_hash_value FROM images WHERE deleted = 0')}

    def erase(self, images, checksum=True):
        """As a release before Rocky left them; also before it wrote checksums. The guard takes another hash for one
        that Glance has begun, and lets it through."""
        with self.database.batch():
            for image in images:
                self.database.execute("UPDATE images SET os_hash_algo = 'none', os_hash_value = NULL WHERE id = ?", image)
                self.database.execute('UPDATE images SET os_hash_algo = NULL%s WHERE id = ?'
                                      % (', checksum = NULL' if checksum else ''), image)

    def result_of(self, image):
        rows = self.database.rows('SELECT result, reason FROM backglance_item WHERE image_id = ?', image)
        return rows[0] if rows else (None, None)

    def split(self, images):
        """A site of its own with these images alone: the path of its database."""
        path = self.home / ('only-%s' % images[0]) / 'glance.sqlite'
        path.parent.mkdir()
        shutil.copy(self.database.path, path)
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            marks = ', '.join('?' * len(images))
            connection.execute('DELETE FROM image_locations WHERE image_id NOT IN (%s)' % marks, images)
            connection.execute('DELETE FROM images WHERE id NOT IN (%s)' % marks, images)
        return path

    # What others do to the objects. `store` and `image` name one.

    def replace(self, store, image, data):
        """The object has these bytes from now on, and is another one."""
        key = self.location(image).rpartition('/')[2]
        if store in ('fs1', 'web'):
            (self.api.home / 'fs1' / 'new').write_bytes(data)
            (self.api.home / 'fs1' / 'new').rename(self.api.home / 'fs1' / key)
        elif store in self.s3:
            self.s3[store].put_object(Bucket='images', Key=key, Body=data)
        elif store == 'fast':
            self.remove(store, image)
            with self.images() as there:
                rbd.RBD().create(there, image, len(data), old_format=False, features=1)
                with rbd.Image(there, image) as new:
                    new.write(data, 0)
                    new.create_snap('snap')
        else:
            self._swift('PUT', self._container(store) + '/' + key, data)

    def remove(self, store, image):
        key = self.location(image).rpartition('/')[2]
        if store in ('fs1', 'web'):
            (self.api.home / 'fs1' / key).unlink()
        elif store in self.s3:
            self.s3[store].delete_object(Bucket='images', Key=key)
        elif store == 'fast':
            self.remove_snapshot(image)
            with self.images() as there:
                rbd.RBD().remove(there, image)
        else:
            self._swift('DELETE', self._container(store) + '/' + key)

    def remove_snapshot(self, image):
        with self.images() as there, rbd.Image(there, image) as one:
            if one.is_protected_snap('snap'):
                one.unprotect_snap('snap')
            one.remove_snap('snap')

    def remove_segment(self, store, image):
        """One from the middle of a large object."""
        segments = self.segments(store, image)
        self._swift('DELETE', self._container(store) + '/' + urllib.parse.quote(segments[len(segments) // 2]))

    def segments(self, store, image):
        _, _, body = self._swift('GET', '%s?prefix=%s-&format=json' % (self._container(store), image))
        return [entry['name'] for entry in json.loads(body)]

    @contextlib.contextmanager
    def images(self):
        with rados.Rados(conffile=str(self.ceph.conf), rados_id=ceph_server.WRITER) as cluster:
            with cluster.open_ioctx(ceph_server.POOL) as there:
                yield there

    def _container(self, store):
        return self.options()[store][1]['swift_store_container']

    def _swift(self, method, path, data=None):
        status, headers, body = self.swift.call(method, path, data)
        assert status // 100 == 2, (method, path, status, body)
        return status, headers, body
