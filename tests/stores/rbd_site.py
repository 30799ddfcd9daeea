# SPDX-License-Identifier: Apache-2.0
"""Images in a private Ceph, stored and deleted by Glance's own driver (glance_store), and planted by hand."""

import contextlib
import io
import os
import struct
import sys
import time
import urllib.parse

import glance_store
import rados
import rbd
from oslo_config import cfg

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'servers'))
import ceph as ceph_server
import servers

MIB = 1 << 20


def pattern(length, seed=1):
    """Bytes that differ from piece to piece, so that no piece can stand for another."""
    words = bytearray()
    while len(words) < length:
        words += struct.pack('<QQ', len(words), seed) * 4096
    return bytes(words[:length])


def glance_conf(path, stores, database='sqlite:////nowhere/glance.sqlite'):
    """A glance-api.conf with these rbd stores: options by id; {'': options} is an old-style store."""
    lines = ['[DEFAULT]']
    if '' not in stores:
        lines.append('enabled_backends = ' + ','.join(name + ':rbd' for name in stores))
    lines += ['[database]', 'connection = ' + database]
    for name, options in stores.items():
        lines.append('[%s]' % (name or 'glance_store'))
        if not name:
            lines += ['stores = rbd', 'default_store = rbd']
        lines += ['%s = %s' % option for option in options.items()]
    path.write_text('\n'.join(lines) + '\n')
    return path


class Images:
    """What is stored in one pool, by Glance's user."""

    def __init__(self, server, pool=ceph_server.POOL):
        self.server = server
        self.pool = pool
        conf = cfg.ConfigOpts()
        glance_store.register_opts(conf)
        file = glance_conf(server.home / ('glance-writer-%s.conf' % pool), {'': {
            'rbd_store_ceph_conf': server.conf, 'rbd_store_user': ceph_server.WRITER, 'rbd_store_pool': pool}})
        conf(args=[], default_config_files=[str(file)])
        glance_store.create_stores(conf)
        self.driver = glance_store.get_store_from_scheme('rbd')

    def upload(self, name, data):
        """By Glance's driver; its location."""
        return self.driver.add(name, io.BytesIO(data), len(data), 'sha512')[0]

    def delete(self, uri):
        """As `openstack image delete`: unprotects and removes the snapshot, then removes the image."""
        self.driver.delete(glance_store.location.get_location_from_uri(uri, conf=self.driver.conf))

    def uri(self, name, snapshot='snap', fsid=None, pool=None):
        parts = (fsid or self.server.fsid, pool or self.pool, name, snapshot)
        return 'rbd://' + '/'.join(urllib.parse.quote(part, '') for part in parts)

    @contextlib.contextmanager
    def ioctx(self, user=ceph_server.WRITER, pool=None):
        with rados.Rados(conffile=str(self.server.conf), rados_id=user) as cluster:
            with cluster.open_ioctx(pool or self.pool) as io_context:
                yield io_context

    def plant(self, name, size, pieces=(), order=23, snapshot='snap', pool=None, **options):
        """An image with holes: `pieces` are (offset, bytes). What a reader must see, and its location."""
        expected = bytearray(size)
        with self.ioctx('admin', pool) as there:
            rbd.RBD().create(there, name, size, order, old_format=False, **options)
            with rbd.Image(there, name) as image:
                for offset, data in pieces:
                    image.write(data, offset)
                    expected[offset:offset + len(data)] = data
                if snapshot:
                    image.create_snap(snapshot)
                    image.protect_snap(snapshot)
        return bytes(expected), self.uri(name, snapshot or 'snap', pool=pool)

    def remove_snapshot(self, name, snapshot='snap'):
        with self.ioctx() as there, rbd.Image(there, name) as image:
            image.unprotect_snap(snapshot)
            image.remove_snap(snapshot)

    def image_id(self, name):
        with self.ioctx() as there, rbd.Image(there, name, read_only=True) as image:
            return image.id()

    def set_modified(self, name, seconds_ago):
        """Makes an image look as if it had been written to so long ago."""
        when = time.time() - seconds_ago
        header = 'rbd_header.' + self.image_id(name)
        with self.ioctx('admin') as there, rados.WriteOpCtx() as operation:
            there.set_omap(operation, ('modify_timestamp',), (struct.pack('<II', int(when), 0),))
            there.operate_write_op(operation, header)

    def clone(self, parent_pool, parent, name, snapshot='snap'):
        with self.ioctx('admin', parent_pool) as source, self.ioctx('admin') as target:
            rbd.RBD().clone(source, parent, snapshot, target, name)
            with rbd.Image(target, name) as image:
                image.create_snap(snapshot)
                image.protect_snap(snapshot)
        return self.uri(name, snapshot)
