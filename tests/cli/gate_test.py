#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The gate of contract: what it has not seen, it does not take for gone."""

import json
import shutil
import uuid

import program
from program import FAILED, FINDINGS, USAGE
from contract_test import ContractTest
import sites


class NotSeenIsNotGone(ContractTest):
    """What contract could not look at blocks it, as an image that can be read does."""

    def setUp(self):
        if sites.ON_SERVER and 'glance_may_serve' not in self.id():
            self.skipTest('only that statement differs')
        super().setUp()
        self.late = self.site.add(b'late')
        self.away = self.site.store.with_name('away')
        self.before = self.properties()

    def assert_blocked(self, words, *arguments):
        result = self.on_site('contract', '--yes', *arguments, code=FAILED)
        self.assert_one_line(result, ['contract is blocked', *words])
        dry = self.on_site('contract', '--dry-run', *arguments, code=FAILED)
        self.assertIn('may still be readable: 1 image, for example %s' % self.late, dry.out)
        self.assertEqual(self.properties(), self.before)
        self.assertEqual(self.files('backglance-*'), [])

    def replace_store(self, names=()):
        """What lies there when nothing, or something else, is mounted."""
        self.site.store.rename(self.away)
        self.site.store.mkdir()
        for name in names:
            (self.site.store / name).write_bytes(b'x')

    def restore_store(self):
        shutil.rmtree(self.site.store)
        self.away.rename(self.site.store)

    def point_to(self, location, **columns):
        for name, value in {'value': location, **columns}.items():
            self.site.database.execute(
                'UPDATE image_locations SET %s = ? WHERE image_id = ?' % name, value, self.late)

    def test_an_unmounted_store_blocks_contract(self):
        for names in ((), ('lost+found',), ('of-another-use',), (str(uuid.uuid4()),)):
            with self.subTest(names=names):
                self.replace_store(names)
                self.assert_blocked(['none of the 5 image files that should be there is there', 'mounted', '--dry-run'])
                self.restore_store()

    def test_a_mount_that_is_gone_below_the_store_blocks_contract(self):
        mount = self.site.store / 'mount'
        mount.mkdir()
        self.point_to('file://%s/%s' % (mount, self.late))
        self.assert_blocked(['none of the 1 image file that should be there is there', str(mount), 'mounted'])
        mount.rmdir()
        self.assert_blocked(['none of the 1 image file that should be there is there', str(mount), 'mounted'])
        self.on_site('contract', '--dry-run', '--without-store', self.site.store)

    def test_a_link_into_a_mount_that_is_gone_blocks_contract(self):
        mount = self.site.store / 'mount'
        mount.mkdir()
        file = self.site.path_of(self.late)
        file.unlink()
        file.symlink_to('mount/%s' % self.late)
        self.assert_blocked(['is that mounted?'])

    def test_an_old_copy_of_the_store_blocks_contract(self):
        names = sorted(path.name for path in self.site.store.iterdir())
        locations = dict(self.site.database.rows(
            'SELECT image_id, value FROM image_locations ORDER BY id'))
        late = locations[self.late].rpartition('/')[2]
        self.replace_store()
        for name in [name for name in names if name != late][:2]:
            shutil.copy(self.away / name, self.site.store / name)
        self.assert_blocked(['only 2 of the 5 image files that should be there are there'])

    def test_other_files_under_the_same_names_block_contract(self):
        self.replace_store([path.name for path in self.site.store.iterdir()
                            if path.read_bytes() != b'late'])
        self.assert_blocked(['none of the 5 image files that should be there is there'])

    def test_another_store_dir_blocks_contract(self):
        self.assert_blocked(['outside the configured store directories (1)'],
                            '--store-dir', self.scratch())

    def test_a_link_out_of_the_store_blocks_contract(self):
        outside = self.scratch() / 'outside'
        for path in self.site.store.iterdir():
            if path.read_bytes() == b'late':
                path.rename(outside)
                path.symlink_to(outside)
        self.assert_blocked(['leads out of the store directory (1)'])

    def test_a_location_that_cannot_be_understood_blocks_contract(self):
        self.point_to('\x01 garbage')
        self.assert_blocked(['the location is not a URI'])

    def test_a_location_that_glance_may_serve_blocks_contract(self):
        self.point_to('file://%s/none' % self.site.store, status='pending_delete')
        self.assert_blocked(['a location is neither active nor deleted'])

    def test_what_backfill_once_called_missing_blocks_contract_all_the_same(self):
        self.point_to('file://%s/none' % self.site.store)
        self.on_site('backfill', code=FINDINGS)
        self.replace_store(['none-of-them'])
        self.assert_blocked(['none of the 5 image files that should be there is there'])

    def test_a_store_that_cannot_be_read_blocks_contract_until_it_is_named(self):
        for scheme, name in (('rbd', 'rbd'), ('swift+https', 'swift'), ('https', 'http'),
                             ('vsphere', 'vmware')):
            with self.subTest(scheme=scheme):
                self.point_to(scheme + '://secret@somewhere/image', meta_data='{"store": "far"}')
                self.assert_blocked(['in a store of type %s' % name, '--without-store ' + name])
                self.assert_blocked(['--without-store ' + name], '--without-store', 'file')
                for command in ('--yes', '--dry-run'):
                    self.refused('contract', *self.site.options, command, '--without-store', 'near', '--without-store',
                                 name, code=USAGE,
                                 words=['--without-store near: ', 'known names are', ' far, file, ', name])
                for named in (name, scheme, 'far'):
                    dry = self.on_site('contract', '--dry-run', '--without-store', named)
                    self.assertIn('left out by --without-store: 1 image\n', dry.out)
        self.on_site('contract', '--yes', '--without-store', 'far')
        self.assert_removed()

    def test_naming_a_store_hides_no_image_that_can_be_read(self):
        result = self.on_site('contract', '--yes', '--without-store', 'file', code=FAILED)
        self.assert_one_line(result, ['1 readable image has no hash', self.late])
        self.on_site('contract', '--yes', '--without-store', '', code=USAGE)

    def test_one_readable_location_is_enough_to_block_and_one_unknown_one_too(self):
        self.site.add_location(self.late, 'rbd://pool/image')
        result = self.on_site('contract', '--yes', '--without-store', 'rbd', code=FAILED)
        self.assert_one_line(result, ['1 readable image has no hash'])
        self.point_to('file://%s/none' % self.site.store)
        self.on_site('contract', '--dry-run')
        self.site.add_location(self.late, 'rbd://pool/image')
        self.assert_blocked(['in a store of type rbd'])

    def test_an_image_that_loses_its_hash_meanwhile_ends_contract(self):
        self.on_site('backfill')
        first, second, third = sorted(self.signed)
        self.site.database.execute(
            'CREATE TRIGGER glance_saves AFTER INSERT ON backglance_removed BEGIN'
            " UPDATE images SET os_hash_value = NULL WHERE id = '%s'; END" % second)
        result = self.on_site('contract', '--yes', code=FAILED)
        self.assert_one_line(result, ['the properties of 1 image are removed', second])
        self.assertEqual(self.live_names(first), {'os_type'})
        for image_id in (second, third):
            self.assertEqual(self.live_names(image_id), {*sites.LEGACY, 'os_type'})
        [archive] = self.files('backglance-removed-*')
        lines = archive.read_text().splitlines()
        self.assertEqual((len(lines), json.loads(lines[4])['lines']), (5, 4))


if __name__ == '__main__':
    program.main()
