# SPDX-License-Identifier: Apache-2.0
"""What the tests of the store rbd share: one Ceph for each file of tests, and how to compare what was read."""

import json
import pathlib
import select
import shutil
import subprocess
import tempfile
import unittest

import rbd_site
import reader
from rbd_site import ceph_server, servers
from reader import Reader, digests


def start_ceph():
    """For setUpModule."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix='backglance-rbd-'))
    unittest.addModuleCleanup(shutil.rmtree, folder, ignore_errors=True)
    home = folder / 'ceph'
    servers.make_directory(home)
    unittest.addModuleCleanup(servers.remove_from_memory, home)
    RbdTest.scratch = folder
    RbdTest.ceph = ceph_server.Ceph(home)
    unittest.addModuleCleanup(RbdTest.ceph.stop)
    RbdTest.ceph.start()
    RbdTest.images = rbd_site.Images(RbdTest.ceph)
    RbdTest.conf = rbd_site.glance_conf(folder / 'glance.conf', {'fast': RbdTest.options()})


class RbdTest(unittest.TestCase):
    scratch = ceph = images = conf = None
    place = 'pool images of store fast'

    @classmethod
    def options(cls, **more):
        """Of a store that reads as docs/store-rbd.md says: by a user who may only read."""
        return {'rbd_store_ceph_conf': cls.ceph.conf, 'rbd_store_user': ceph_server.READER,
                'rbd_store_pool': ceph_server.POOL, **more}

    def conf_with(self, stores):
        return rbd_site.glance_conf(self.scratch / ('%s.conf' % self.id()), stores)

    def ceph_conf_with(self, **client):
        """A ceph.conf whose clients have these options too."""
        lines = ['%s = %s' % (name.replace('_', ' '), value) for name, value in client.items()]
        path = self.scratch / ('%s.ceph.conf' % self.id())
        path.write_text(self.ceph.conf.read_text().replace('\n[client]\n', '\n[client]\n' + '\n'.join(lines) + '\n'))
        return path

    def read(self, uri, conf=None, **more):
        with Reader(conf or self.conf) as one:
            return one.read(uri, **more)

    def survey(self, conf):
        with Reader(conf) as one:
            return one.survey()

    @staticmethod
    def run_alone(conf, asked):
        done = subprocess.run([reader.binary(), str(conf)], input=json.dumps(asked), text=True, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60)
        return done.stdout

    def assert_hashed(self, answer, data):
        self.assertEqual(answer['result'], 'hashed', answer['reason'])
        self.assertEqual({name: answer[name] for name in digests(data)}, digests(data))

    def assert_failed(self, answer, result, kind, words):
        self.assertEqual((answer['result'], answer['kind']), (result, kind), answer)
        self.assertIn(words, answer['reason'])
        self.assertIsNone(answer['identity'])


def one_is_ready(one, seconds):
    """Whether it has written something within this time."""
    return bool(select.select([one.process.stdout], [], [], seconds)[0])
