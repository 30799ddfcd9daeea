#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What commands say about images that are gone, that have no size, that were never served, and about findings."""

import os
import stat

import program
from program import DONE, FAILED, FINDINGS, USAGE
import sites

KIB = 1024


class Findings(sites.SmallSiteTest):
    def test_check_names_what_verify_found_and_does_not_say_that_all_is_well(self):
        image_id = self.site.add()
        self.sync()
        self.site.database.execute('UPDATE images SET os_hash_value = ?', '0' * 128)
        self.on_site('verify', code=FINDINGS)
        result = self.on_site('check', code=FINDINGS)
        self.assertIn('verify has findings for 1 image (1 hash differs)', result.out)
        self.assertIn('-- next: backglance report', result.out)
        self.assertEqual(self.on_site('check', '--json', code=FINDINGS).object['findings'], 1)
        self.assertIn('1 hash differs', self.on_site('status').out)
        # A phase that is due comes first, and hides nothing.
        other = self.site.add(b'another')
        self.assertIn('1 hash differs', self.on_site('check', code=program.MIGRATE_DUE).out)
        self.site.database.execute("UPDATE images SET deleted = 1, status = 'deleted' WHERE id IN (?, ?)",
                                   image_id, other)
        self.assertEqual(self.on_site('check', code=DONE).out, 'nothing is due\n')


class UnknownSize(sites.SmallSiteTest):
    """Four images of 300 KiB whose size Glance does not know, and one of 100 bytes."""

    def setUp(self):
        super().setUp()
        self.unknown = [self.site.add(bytes([number]) * (300 * KIB), size=None if number % 2 else 0)
                        for number in range(4)]
        self.site.add(b'x' * 100)

    def hashed(self):
        return sum(value is not None for _, value, _ in self.site.hashes().values())

    def test_max_bytes_limits_reads_of_images_without_a_size(self):
        self.on_site('expand')
        self.on_site('migrate')
        plan = self.on_site('backfill', '--dry-run', '--max-bytes', '400K')
        self.assertIn('would read 5 images, 100 B and 4 of unknown size (at most 400.0 KiB in all)', plan.out)
        self.assertEqual(self.on_site('backfill', '--dry-run', '--json').object['unknown_size'], 4)
        self.assertIn('100 B and 4 of unknown size\n', self.on_site('sync', '--dry-run').out)
        for count in (2, 3):  # the small one too, at first
            result = self.on_site('backfill', '--max-bytes', '400K', '--json').object
            self.assertLessEqual(result['bytes_read'], 400 * KIB)
            self.assertEqual((result['end'], self.hashed()), ('limit', count))
            self.assertEqual(self.site.leased(), 0)
        # None of the rest fits: none is read. Named ones neither.
        for arguments in ((), ('--image', self.unknown[0], '--image', self.unknown[1], '--image', self.unknown[2])):
            result = self.on_site('backfill', '--max-bytes', '200K', *arguments, '--json').object
            self.assertEqual((result['end'], result['bytes_read']), ('limit', 0))
        self.assertEqual(self.on_site('backfill', '--json').object['end'], 'complete')
        self.assertEqual(self.hashed(), 5)

    def test_max_bytes_limits_verify_of_images_without_a_size(self):
        self.sync()
        self.site.database.execute('UPDATE images SET size = NULL')
        self.assertIn('would read 5 images, 0 B and 5 of unknown size (at most 400.0 KiB in all)',
                      self.on_site('verify', '--dry-run', '--max-bytes', '400K').out)
        result = self.on_site('verify', '--max-bytes', '400K', '--json').object
        self.assertLessEqual(result['bytes_read'], 400 * KIB)
        self.assertGreater(result['bytes_read'], 0)
        self.assertEqual(result['end'], 'limit')

    def test_max_bytes_holds_if_the_queue_has_too_small_a_size(self):
        self.on_site('expand')
        self.on_site('migrate')
        self.site.database.execute('UPDATE backglance_item SET size_bytes = 1024 WHERE size_bytes = 0')
        result = self.on_site('backfill', '--max-bytes', '400K', '--json').object
        self.assertLessEqual(result['bytes_read'], 400 * KIB)
        self.assertEqual(result['end'], 'limit')

    def test_max_runtime_does_not_begin_an_image_without_a_size_that_cannot_end_in_time(self):
        result = self.sync('--bandwidth', '20K', '--max-runtime', '2s', '--json').object['backfill']
        self.assertEqual(result['end'], 'out_of_time')
        self.assertLess(result['bytes_read'], 20 * KIB)
        self.assertEqual(result['too_large']['size'], 300 * KIB)


class Named(sites.SmallSiteTest):
    def test_named_image_that_is_not_read_is_told_with_its_state(self):
        states = {'queued': 'no data has been uploaded', 'saving': 'still receives', 'importing': 'still receives',
                  'uploading': 'still receives', 'killed': 'upload of the image failed',
                  'pending_delete': 'is being deleted', 'deleted': 'is deleted in Glance',
                  'strange': 'does not serve the image'}
        images = {state: self.site.add(state.encode(), status=state, deleted=state == 'deleted') for state in states}
        self.sync()
        for state, words in states.items():
            for command in ('verify', 'backfill'):
                result = self.on_site(command, '--image', images[state])
                self.assertRegex(result.err, r'(?m)^%s: not live: .*%s.* \(status %s\)$' % (images[state], words, state))
                self.assertNotIn('no longer', result.out + result.err)
        purged = self.refused('verify', *self.site.options, '--image', 'gone-for-good', code=USAGE)
        self.assertIn("there is no image 'gone-for-good'", purged.err)

    def test_named_image_without_hash_or_location_is_told_what_it_lacks(self):
        plain = self.site.add(checksum=None)
        bare = self.site.add(b'bare')
        self.site.database.execute('UPDATE image_locations SET deleted = 1 WHERE image_id = ?', bare)
        self.on_site('expand')
        self.on_site('migrate')
        self.assertIn('neither os_hash_value nor checksum to compare with; backglance backfill gives it',
                      self.on_site('verify', '--image', plain).err)
        self.assertIn('no location: the image has no live location', self.on_site('verify', '--image', bare).err)
        self.on_site('backfill', '--image', plain)
        self.assertIn('already done: the image has a hash already', self.on_site('backfill', '--image', plain).err)


class Owners(sites.SmallSiteTest):
    def test_pages_for_owners_can_be_read_by_a_web_server_whatever_the_umask(self):
        self.site.add_legacy_signature(self.site.add())
        self.sync()
        for umask in (0o077, 0o777):
            directory = self.site.directory / ('pages-%o' % umask)
            before = os.umask(umask)
            try:
                self.on_site('report', '--owners', directory)
            finally:
                os.umask(before)
            self.assertEqual(stat.S_IMODE(directory.stat().st_mode), 0o750)
            self.assertEqual({stat.S_IMODE(page.stat().st_mode) for page in directory.iterdir()}, {0o640})


class ReadOnly(sites.SmallSiteTest):
    def test_plan_and_dry_runs_say_that_the_database_cannot_be_written(self):
        self.site.add_legacy_signature(self.site.add(b'signed'))
        self.sync('--grace', '0s')
        commands = (('expand', '--guard'), ('migrate',), ('backfill',), ('verify',), ('sync',), ('contract',),
                    ('contract', '--settled'), ('contract', '--revert'), ('contract', '--uninstall'), ('pause',),
                    ('stop',))
        user = () if os.getuid() == 0 else ('--map-root-user',)
        for path, words in ((self.site.database.path, 'the database file '), (self.site.directory, 'SQLite cannot make')):
            script = 'mount --bind "%s" "%s" && mount -o remount,bind,ro "%s" && exec "$@"' % ((path,) * 3)
            prefix = ('unshare', '--mount', *user, 'sh', '-c', script, 'sh')
            with self.subTest(words):
                for command in commands:
                    result = self.on_site(*command, '--dry-run', prefix=prefix)
                    self.assertIn('warning: the run itself may fail: ' , result.err, str(result))
                    self.assertIn(words, result.err)
                    self.assertIn('Read-only file system', result.err)
                self.assertRegex(self.on_site('plan', prefix=prefix).out, '(?m)^note: %s.*Read-only' % words)
                self.assertNotEqual(self.on_site('migrate', prefix=prefix, code=FAILED).err, '')
        for command in commands:
            self.assertEqual(self.on_site(*command, '--dry-run').err, '')

    def test_check_names_the_store_to_mount_where_no_store_opens(self):
        image = self.site.add(b'to read')
        self.on_site('expand')
        away = self.site.store.rename(self.site.store.with_name('away'))
        next_step = 'mount the store directory %s on this host, then backglance backfill' % self.site.store
        self.assertTrue(self.on_site('migrate').out.splitlines()[0].endswith(' -- next: ' + next_step))
        result = self.on_site('check', code=program.MIGRATE_DUE)
        self.assertTrue(result.out.endswith(' -- next: %s\n' % next_step), result.out)
        self.assertEqual(self.on_site('check', '--json', code=program.MIGRATE_DUE).object['next'], next_step)
        self.assertIn('Next        %s\n' % next_step, self.on_site('status').out)
        away.rename(self.site.store)
        self.assertIn('Next        backglance backfill\n', self.on_site('status').out)
        self.assertIn(image, self.site.hashes())

    def test_status_lists_runs_of_one_second_in_their_order(self):
        self.site.add(b'some bytes')
        commands = ['expand', 'migrate', 'backfill', 'verify']
        for command in commands:
            self.on_site(command)
        self.site.database.execute('UPDATE backglance_run SET started_at = 1796000000, finished_at = 1796000000,'
                                   ' heartbeat_at = 1796000000')
        runs = [line.split()[2] for line in self.on_site('status').out.splitlines() if line.startswith('Run ')]
        self.assertEqual(runs, commands[::-1])


class Reverted(sites.SmallSiteTest):
    def test_revert_counts_properties_of_images_that_are_gone_by_themselves(self):
        images = [self.site.add(bytes([number])) for number in range(3)]
        for image_id in images:
            self.site.add_legacy_signature(image_id)
        self.sync('--grace', '0s')
        self.on_site('contract', '--yes')
        self.site.database.execute("UPDATE images SET deleted = 1, status = 'deleted' WHERE id = ?", images[0])
        for table, column in (('image_properties', 'image_id'), ('image_locations', 'image_id'), ('images', 'id')):
            self.site.database.execute('DELETE FROM %s WHERE %s = ?' % (table, column), images[1])
        archive = next(self.site.directory.glob('backglance-removed*.jsonl'))
        dry = self.on_site('contract', '--revert', '--dry-run')
        self.assertEqual(dry.out, 'would put back 4 legacy signature properties; 8 of images that no longer exist\n')
        of_file = self.on_site('contract', '--revert', '--archive', archive, '--unsigned', '--dry-run', '--json').object
        self.assertEqual((of_file['restored'], of_file['kept'], of_file['gone']), (4, 8, 8))
        self.assertEqual(self.on_site('contract', '--revert').out, 'put back 4 legacy signature properties; kept 0 that '
                         'were changed since; 8 of images that no longer exist\n')


if __name__ == '__main__':
    program.main()
