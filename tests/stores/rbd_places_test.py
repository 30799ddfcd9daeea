#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Which store of a site has an image in Ceph, and what is said of a store that cannot be used.

    /usr/bin/python3 tests/stores/rbd_places_test.py STORE_READER [unittest's own arguments]

The tests name the row of the table of hazards that they show. Needs: scripts/install ceph glance.
"""

import json
import shutil
import sys
import unittest

import rbd_site
import reader
from rbd_cases import RbdTest, start_ceph
from rbd_site import MIB, ceph_server, pattern
from reader import Reader

setUpModule = start_ceph


class Places(RbdTest):
    def test_row_other_fsid(self):
        """rbd | other fsid | unreadable"""
        data, _ = self.images.plant('here', MIB, [(0, pattern(MIB))])
        uri = self.images.uri('here', fsid='00000000-0000-4000-8000-000000000000')
        self.assert_failed(self.read(uri), 'unreadable', 'image', 'another Ceph cluster')
        self.assert_hashed(self.read(self.images.uri('here', fsid=self.ceph.fsid.upper())), data)

    def test_pool_that_no_store_names(self):
        self.ceph.make_pool('volumes')
        _, uri = self.images.plant('volume', MIB, [(0, pattern(MIB))], pool='volumes')
        admin = self.conf_with({'fast': self.options(rbd_store_user='admin')})
        answer = self.read(uri, admin)
        self.assert_failed(answer, 'unreadable', 'image', 'its pool is not')
        self.assertEqual(answer['place'], '')

    def test_two_stores_in_one_cluster(self):
        self.ceph.make_pool('slow')
        one_data, one_uri = self.images.plant('both', MIB, [(0, pattern(MIB, 21))])
        other_data, other_uri = self.images.plant('both', MIB, [(0, pattern(MIB, 22))], pool='slow')
        conf = self.conf_with({'fast': self.options(),
                               'slow': self.options(rbd_store_user='admin', rbd_store_pool='slow')})
        with Reader(conf) as one:
            self.assertEqual(one.survey(), {'pool images of store fast': '', 'pool slow of store slow': ''})
            for meta_data in ('', '{"store": "fast"}', '{"store": "slow"}', '{"store": "gone"}'):
                with self.subTest(meta_data):
                    self.assert_hashed(one.read(one_uri, meta_data), one_data)
                    answer = one.read(other_uri, meta_data)
                    self.assert_hashed(answer, other_data)
                    self.assertEqual(answer['place'], 'pool slow of store slow')
            # a location of one part is in the store of its row; without one, in the first that has it
            self.images.set_modified('both', 3600)
            self.assert_hashed(one.read('rbd://both'), one_data)
            self.images.plant('only-slow', MIB, pool='slow', snapshot=None)
            answer = one.read('rbd://only-slow')
            self.assertEqual((answer['result'], answer['length']), ('changed_while_read', MIB))
            self.assertEqual(one.read('rbd://only-slow', '{"store": "fast"}')['result'], 'missing')

    def test_old_style_store(self):
        data, uri = self.images.plant('old-style', MIB + 1, [(0, pattern(MIB + 1))])
        answer = self.read(uri, self.conf_with({'': self.options()}))
        self.assert_hashed(answer, data)
        self.assertEqual(answer['place'], 'pool images of the rbd store')

    def test_row_no_pool(self):
        """rbd | no pool, no keyring, mon down | place, within client_mount_timeout"""
        conf = self.conf_with({'fast': self.options(rbd_store_pool='none')})
        place = 'pool none of store fast'
        self.assertIn('no pool of this name', self.survey(conf)[place])
        answer = self.read(self.images.uri('any', pool='none'), conf)
        self.assert_failed(answer, 'unreadable', 'place', 'no pool of this name')

    def test_pool_that_is_deleted_in_a_run(self):
        self.ceph.make_pool('brief')
        data, uri = self.images.plant('brief', 2 * MIB, [(0, pattern(2 * MIB))], pool='brief')
        conf = self.conf_with({'brief': self.options(rbd_store_user='admin', rbd_store_pool='brief')})
        with Reader(conf) as one:
            self.assert_hashed(one.read(uri), data)
            self.ceph.ceph('osd', 'pool', 'delete', 'brief', 'brief', '--yes-i-really-really-mean-it')
            # not "missing": nobody has seen that the image alone is gone
            self.assert_failed(one.read(uri), 'unreadable', 'place', 'no pool of this name')

    def test_row_no_keyring(self):
        """rbd | no pool, no keyring, mon down | place, within client_mount_timeout"""
        self.ceph.add_user('stranger', {'mon': 'allow r', 'osd': 'profile rbd-read-only pool=elsewhere'})
        self.ceph.add_user('replaced', ceph_server.READER_CAPS)
        self.ceph.keyring('replaced').write_text(ceph_server.keyring_text('client.replaced', ceph_server.new_key()))
        for user, words in {'nobody': 'no key was found', 'stranger': 'refuses the cephx user',
                            'replaced': 'refuses the cephx user'}.items():
            with self.subTest(user):
                conf = self.conf_with({'fast': self.options(rbd_store_user=user)})
                with Reader(conf) as one:
                    self.assertIn(words, one.survey()[self.place])
                    self.assert_failed(one.read(self.images.uri('any')), 'unreadable', 'place', words)
                self.assertNotIn(self.ceph.home.as_posix(), one.said)

    def test_ceph_conf_that_cannot_be_read(self):
        broken = self.scratch / 'broken.conf'
        broken.write_text('[global]\nmon host = [v2:\n')
        for path, words in {self.scratch / 'none.conf': 'No such file', broken: 'cannot be used'}.items():
            with self.subTest(str(path)):
                conf = self.conf_with({'fast': self.options(rbd_store_ceph_conf=path)})
                # librados itself writes to standard error too
                said = self.run_alone(conf, {'survey': True})
                self.assertIn(words, json.loads(said.splitlines()[-1])['survey'][0]['away'])

    def test_row_mon_down(self):
        """rbd | no pool, no keyring, mon down | place, within client_mount_timeout"""
        by_glance = rbd_site.glance_conf(self.scratch / 'by-glance.conf',
                                         {'fast': self.options(rados_connect_timeout=2)})
        conf = self.conf_with({'fast': self.options(rbd_store_ceph_conf=self.ceph_conf_with(client_mount_timeout=2))})
        self.ceph.suspend('mon')
        try:
            self.assertIn('no Ceph monitor answered', self.survey(by_glance)[self.place])
            with Reader(conf) as one:
                self.assertIn('no Ceph monitor answered', one.survey()[self.place])
                answer = one.read(self.images.uri('any'))
                self.assert_failed(answer, 'unreadable', 'place', 'no Ceph monitor answered')
        finally:
            self.ceph.resume('mon')
        # what was away is not remembered for ever
        data, uri = self.images.plant('back', MIB, [(0, pattern(MIB))])
        self.assert_hashed(self.read(uri, conf), data)

    def test_parent_that_may_not_be_read(self):
        self.ceph.make_pool('parents')
        self.images.plant('parent', 2 * MIB, [(0, pattern(2 * MIB))], pool='parents')
        uri = self.images.clone('parents', 'parent', 'orphan')
        self.assert_failed(self.read(uri), 'unreadable', 'image', 'its parent')

    def test_pool_of_the_data_that_is_deleted_in_mid_read(self):
        """The image itself stays, and so do all others."""
        self.ceph.make_pool('bulk')
        data, uri = self.images.plant('bulky', 48 * MIB, [(0, pattern(48 * MIB))], data_pool='bulk')
        whole, other = self.images.plant('not-bulky', MIB, [(0, pattern(MIB))])
        conf = self.conf_with({'fast': self.options(rbd_store_user='admin')})
        with Reader(conf) as one:
            self.assert_hashed(one.read(uri), data)
            one.begin(uri, MIB)
            self.ceph.ceph('osd', 'pool', 'delete', 'bulk', 'bulk', '--yes-i-really-really-mean-it')
            self.assert_failed(one.end(), 'unreadable', 'image', 'the pool of its data')
            self.assert_failed(one.read(uri), 'unreadable', 'image', 'the pool of its data')
            self.assert_hashed(one.read(other), whole)

    def test_pool_of_the_data_that_may_not_be_read(self):
        self.ceph.make_pool('closed')
        _, uri = self.images.plant('closed', 2 * MIB, [(0, pattern(2 * MIB))], data_pool='closed')
        self.assert_failed(self.read(uri), 'unreadable', 'image', 'the pool of its data')

    def test_program_without_the_module(self):
        alone = self.scratch / 'alone' / 'tests'
        alone.mkdir(parents=True)
        program = shutil.copy(reader.binary(), alone)
        kept = reader.binary()
        reader.set_binary(program)
        try:
            with Reader(self.conf) as one:
                self.assertIn('the module for Ceph is not installed', one.survey()[self.place])
                answer = one.read(self.images.uri('any'))
                self.assert_failed(answer, 'unreadable', 'place', 'install the component rbd')
        finally:
            reader.set_binary(kept)


if __name__ == '__main__':
    reader.set_binary(sys.argv.pop(1))
    unittest.main(verbosity=2)
