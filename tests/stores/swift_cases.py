# SPDX-License-Identifier: Apache-2.0
"""What the tests of the swift store share: objects of each kind, a configuration of Glance, and the secrets that no
output may have."""

import io
import json
import os
import pathlib
import pickle
import random
import sys
import urllib.parse
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'servers')]

from reader import digests  # noqa: E402  (found by the line above)

MIB = 1 << 20


def pattern(size, seed):
    return random.Random(seed).randbytes(size)


class Objects:
    """Saves images in an account as Glance and others do. `call` is Swift.call() or the same for another account."""

    def __init__(self, call):
        self.call = call

    def put(self, path, body=b'', **headers):
        status, _, answer = self.call('PUT', path, body, {name.replace('_', '-'): value
                                                          for name, value in headers.items()})
        assert status in (201, 202), (status, path, answer)

    def plain(self, container, name, data):
        self.put('%s/%s' % (container, urllib.parse.quote(name)), data)
        return digests(data)

    def dynamic(self, container, name, data, segment):
        """As Glance's driver saves a large image."""
        for number, begin in enumerate(range(0, len(data), segment), 1):
            self.put('%s/%s-%05d' % (container, name, number), data[begin:begin + segment])
        self.put('%s/%s' % (container, name), X_Object_Manifest='%s/%s-' % (container, name))
        return digests(data)

    def static(self, container, name, data, segment):
        """As `swift upload --use-slo` does."""
        manifest = []
        for number, begin in enumerate(range(0, len(data), segment), 1):
            part = '%s/parts/%s-%05d' % (container, name, number)
            self.put(part, data[begin:begin + segment])
            manifest.append({'path': '/' + part})
        self.put('%s/%s?multipart-manifest=put' % (container, name), json.dumps(manifest).encode())
        return digests(data)


class GlanceDriver:
    """glance_store itself, with options of each swift store by id. Once for each process: it has one configuration."""

    def __init__(self, stores):
        import glance_store  # pylint: disable=import-outside-toplevel
        from oslo_config import cfg  # pylint: disable=import-outside-toplevel
        self.store, self.conf = glance_store, cfg.CONF
        self.conf.register_opt(cfg.DictOpt('enabled_backends'))
        self.conf([], default_config_files=[])
        self.conf.set_override('enabled_backends', dict.fromkeys(stores, 'swift'))
        glance_store.register_store_opts(self.conf)
        self.conf.set_override('default_backend', next(iter(stores)), group='glance_store')
        for name, options in stores.items():
            for option, value in options.items():
                self.conf.set_override(option, value, group=name)
        glance_store.create_multi_stores(self.conf)

    def add(self, store, data):
        """Location, size, MD5, SHA-512 and meta_data, as they get into Glance's database."""
        *row, meta_data = self.store.add_with_multihash(self.conf, str(uuid.uuid4()), io.BytesIO(data), len(data), store,
                                                        'sha512')
        return (*row, json.dumps(meta_data))


def lose_on_disk(home, path):
    """Removes an object from the only disk, which its container does not notice. `path`: /account/container/object."""
    for file in pathlib.Path(home, 'devices').rglob('*.data'):
        metadata = pickle.loads(os.getxattr(file, 'user.swift.metadata'), encoding='bytes')
        if metadata.get(b'name') == path.encode():
            file.unlink()
            return
    raise AssertionError('no file for ' + path)


def config_text(stores, connection='sqlite:////nowhere'):
    """A configuration of Glance: options of each swift store by id."""
    lines = ['[DEFAULT]', 'enabled_backends = ' + ','.join('%s:swift' % name for name in stores),
             '[database]', 'connection = ' + connection]
    for name, options in stores.items():
        lines.append('[%s]' % name)
        lines += ['%s = %s' % (option, str(value).replace('$', '$$')) for option, value in options.items()]
    return '\n'.join(lines) + '\n'


def meta(store):
    return json.dumps({'store': store})
