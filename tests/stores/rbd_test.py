#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Images in a real Ceph, stored and deleted by Glance's own driver.

    /usr/bin/python3 tests/stores/rbd_test.py STORE_READER [unittest's own arguments]

The tests name the row of the table of hazards that they show. Needs: scripts/install ceph glance.
"""

import os
import pathlib
import sys
import unittest

import rbd_site
import reader
from rbd_cases import RbdTest, start_ceph
from rbd_site import MIB, pattern
from reader import Reader, digests

setUpModule = start_ceph


class Reading(RbdTest):
    def test_image_that_glance_stored(self):
        data = pattern(21 * MIB + 4097)
        uri = self.images.upload('stored-by-glance', data)
        with Reader(self.conf) as one:
            self.assertEqual(one.survey(), {self.place: ''})
            first = one.read(uri, '{"store": "fast"}')
            self.assert_hashed(first, data)
            self.assertEqual(first['place'], self.place)
            self.assertRegex(first['identity'], '^rbd:[0-9a-f]{64}$')
            # the identity of a snapshot stays, also for a row that names no store
            self.assertEqual(one.read(uri)['identity'], first['identity'])

    def test_row_thin_image_holes_odd_sizes(self):
        """rbd | thin image, holes, size not a multiple of 512 or object | hashed = hash of the upload"""
        cases = {
            'empty': (0, [], 23),
            'one-byte': (1, [(0, b'x')], 23),
            'all-hole': (9 * MIB + 1, [], 22),
            'holes': (70 * MIB + 777, [(3, pattern(MIB, 2)), (8 * MIB - 1, b'ab'), (33 * MIB, pattern(9 * MIB, 3)),
                                       (70 * MIB + 770, b'the end')], 23),
            'small-objects': (5 * MIB + 511, [(MIB, pattern(2 * MIB + 5, 4))], 16),
            'large-objects': (40 * MIB + 1, [(31 * MIB, pattern(5 * MIB, 5))], 25),
        }
        with Reader(self.conf) as one:
            for name, (size, pieces, order) in cases.items():
                with self.subTest(name):
                    data, uri = self.images.plant(name, size, pieces, order)
                    self.assert_hashed(one.read(uri), data)
            with self.subTest('striped'):
                data, uri = self.images.plant('striped', 10 * MIB + 3, [(0, pattern(10 * MIB + 3, 6))], 22,
                                              stripe_unit=65536, stripe_count=4)
                self.assert_hashed(one.read(uri), data)

    def test_read_that_begins_in_the_middle(self):
        data, uri = self.images.plant('middle', 30 * MIB + 5, [(0, pattern(30 * MIB + 5, 7))])
        with Reader(self.conf) as one:
            for begin in (1, 8 * MIB, 13 * MIB + 17, 30 * MIB + 4, 30 * MIB + 5):
                with self.subTest(begin=begin):
                    answer = one.read(uri, **{'from': begin})
                    self.assertEqual(answer['sha512'], digests(data[begin:])['sha512'])
                    self.assertEqual(answer['bytes'], len(data) - begin)

    def test_names_that_need_encoding(self):
        data, uri = self.images.plant('a b%41/c@d', 3 * MIB, [(0, pattern(3 * MIB, 8))], snapshot='s/n@p')
        self.assertIn('a%20b%2541%2Fc%40d', uri)
        self.assert_hashed(self.read(uri), data)

    def test_row_one_part(self):
        """rbd | one-part row | hashed, no checkpoint"""
        data, _ = self.images.plant('head', 9 * MIB, [(0, pattern(9 * MIB, 9))], snapshot=None)
        with Reader(self.conf) as one:
            # written a moment ago: a further write would not show
            self.assert_failed(one.read('rbd://head'), 'changed_while_read', 'image', 'shortly before')
            self.images.set_modified('head', 3600)
            first, second = one.read('rbd://head'), one.read('rbd://head')
            self.assert_hashed(first, data)
            self.assertNotEqual(first['identity'], second['identity'])
            one.begin('rbd://head', MIB)
            self.images.set_modified('head', 600)
            self.assert_failed(one.end(), 'changed_while_read', 'image', 'written to')

    def test_row_many_images_memory(self):
        """rbd | 1,000 images, memory | flat: <= 32 MiB per stream + a fixed part"""
        data, uri = self.images.plant('memory', 96 * MIB, [(0, pattern(96 * MIB, 10))])
        small = [self.images.plant('small-%d' % i, MIB + i, [(0, pattern(MIB + i, i))]) for i in range(20)]

        def peak(process):
            status = pathlib.Path('/proc/%d/status' % process.pid).read_text()
            return int(status.split('VmHWM:')[1].split()[0]) << 10

        with Reader(self.conf) as one:
            self.assert_hashed(one.read(uri), data)
            for content, location in small:
                self.assert_hashed(one.read(location), content)
            before = peak(one.process)
            for _ in range(3):
                self.assert_hashed(one.read(uri), data)
            for _ in range(5):
                for content, location in small:
                    self.assert_hashed(one.read(location), content)
            after = peak(one.process)
        print('rbd: peak memory %.1f MiB after 21 images, %.1f MiB after 124' % (before / MIB, after / MIB))
        if not os.environ.get('BACKGLANCE_TEST_SANITIZED'):
            self.assertLess(after, 112 * MIB)
            # The allocator keeps a piece or two for another thread; a leak of one for each image would be 800 MiB.
            self.assertLess(after - before, 24 * MIB)


class Deleting(RbdTest):
    def test_row_user_deletes_in_mid_read(self):
        """rbd | user deletes the image in mid-read | the delete succeeds at once; ours: changed_while_read"""
        data = pattern(90 * MIB + 5, 11)
        uri = self.images.upload('deleted-in-mid-read', data)
        with Reader(self.conf) as one:
            one.begin(uri, 10 * MIB)
            self.images.delete(uri)
            with self.images.ioctx() as there:
                self.assertNotIn('deleted-in-mid-read', rbd_site.rbd.RBD().list(there))
            answer = one.end()
            self.assert_failed(answer, 'changed_while_read', 'image', 'deleted while it was read')
            # what was read after the delete were zeros, without an error
            self.assertEqual(answer['bytes'], len(data))
            self.assertNotEqual(answer['sha512'], digests(data)['sha512'])
            self.assert_failed(one.read(uri), 'missing', 'image', 'no image of this name')

    def test_row_object_gone_at_open(self):
        """all | object gone at open | missing (after the place was seen)"""
        self.assert_failed(self.read(self.images.uri('never-there')), 'missing', 'image', 'no image of this name')

    def test_row_snapshot_gone(self):
        """rbd | snapshot gone, image there | missing ("its snapshot is gone")"""
        _, uri = self.images.plant('half-deleted', 3 * MIB, [(0, pattern(3 * MIB))])
        with Reader(self.conf) as one:
            one.begin(uri, MIB)
            self.images.remove_snapshot('half-deleted')
            self.assert_failed(one.end(), 'changed_while_read', 'image', 'deleted while it was read')
            self.assert_failed(one.read(uri), 'missing', 'image', 'its snapshot is gone')

    def test_row_name_reused(self):
        """rbd | name reused by a new image | changed_while_read / not resumed"""
        data = pattern(20 * MIB, 12)
        uri = self.images.upload('reused', data)
        with Reader(self.conf) as one:
            first = one.read(uri)
            self.assert_hashed(first, data)
            one.begin(uri, 5 * MIB)
            self.images.delete(uri)
            self.assertEqual(self.images.upload('reused', data), uri)
            self.assert_failed(one.end(), 'changed_while_read', 'image', 'another image got its name')
            again = one.read(uri)
            self.assert_hashed(again, data)
            # so that a checkpoint of the first is of no use
            self.assertNotEqual(again['identity'], first['identity'])

    def test_snapshot_that_is_made_anew(self):
        _, uri = self.images.plant('resnapped', 20 * MIB, [(0, pattern(20 * MIB))])
        with Reader(self.conf) as one:
            one.begin(uri, 5 * MIB)
            self.images.remove_snapshot('resnapped')
            with self.images.ioctx() as there, rbd_site.rbd.Image(there, 'resnapped') as image:
                image.write(b'other', 19 * MIB)
                image.create_snap('snap')
            self.assert_failed(one.end(), 'changed_while_read', 'image', 'another snapshot')

    def test_clone_keeps_the_parent_readable(self):
        """A volume that Cinder cloned from the image, and wrote to, does not change the image."""
        data, uri = self.images.plant('parent', 12 * MIB, [(0, pattern(12 * MIB, 13))])
        with self.images.ioctx() as there:
            rbd_site.rbd.RBD().clone(there, 'parent', 'snap', there, 'child')
            with rbd_site.rbd.Image(there, 'child') as child:
                child.write(b'child', MIB)
        self.assert_hashed(self.read(uri), data)
        # and one that is such a clone itself, read through to its parent
        child = self.images.clone('images', 'parent', 'child-2')
        self.assert_hashed(self.read(child), data)


if __name__ == '__main__':
    reader.set_binary(sys.argv.pop(1))
    unittest.main(verbosity=2)
