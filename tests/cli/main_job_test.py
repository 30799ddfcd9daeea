#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The whole job on the demo site, compared image by image with what the site's maker expects."""

import program
from program import CONTRACT_DUE, DONE, EXPAND_DUE, FAILED, FINDINGS, MIGRATE_DUE
import sites

POSTPONED = 'busy_in_glance'  # the one result after which an image stays queued


class MainJob(sites.MadeSiteTest):
    def test_every_image_gets_the_result_that_its_case_asks_for(self):
        before = self.glance_rows()
        self.on_site('expand')
        self.on_site('migrate')
        result = self.on_site('backfill', '--json', code=FINDINGS)
        self.assert_results(result.object)
        self.assert_hashes(before)
        self.assert_schemes()
        self.assert_no_secret(self.database.all_text('backglance_'), 'the ledger')
        self.assertTrue(self.database.is_sound())

    def test_sync_does_the_same_in_one_go(self):
        before = self.glance_rows()
        result = self.on_site('sync', '--json', code=FINDINGS)
        self.assert_results(result.object['backfill'])
        self.assert_hashes(before)
        self.assert_schemes()

    def test_one_reader_finds_what_many_find(self):
        before = self.glance_rows()
        result = self.on_site('sync', '--json', '--jobs', '1', code=FINDINGS)
        self.assert_results(result.object['backfill'])
        self.assert_hashes(before)

    def test_second_backfill_reads_nothing_and_changes_no_hash(self):
        self.on_site('sync', code=FINDINGS)
        hashes = self.glance_rows('id, os_hash_algo, os_hash_value, checksum, updated_at')
        again = self.on_site('backfill', '--json').object
        self.assertEqual(again['bytes_read'], 0)
        self.assertEqual(again['classes'], {})
        self.assertEqual(hashes, self.glance_rows(
            'id, os_hash_algo, os_hash_value, checksum, updated_at'))

    def test_retry_failed_finds_the_same_failures_again(self):
        first = self.on_site('sync', '--json', code=FINDINGS).object['backfill']['classes']
        again = self.on_site('backfill', '--retry-failed', '--json', code=FINDINGS).object['classes']
        for name in ('hashed', POSTPONED):
            first.pop(name)
        self.assertEqual({name: total['images'] for name, total in again.items()},
                         {name: total['images'] for name, total in first.items()})

    def test_check_walks_through_the_upgrade(self):
        self.on_site('check', code=EXPAND_DUE)
        self.on_site('expand')
        self.on_site('check', code=MIGRATE_DUE)
        self.on_site('migrate', '--grace', '0s')
        self.on_site('check', code=MIGRATE_DUE)
        self.on_site('backfill', code=FINDINGS)
        # Three images are Glance's for the moment; once it lets go of them they are read.
        self.on_site('check', code=MIGRATE_DUE)
        self.database.execute("UPDATE image_properties SET deleted = 1 WHERE name LIKE 'os_glance%'")
        self.database.execute('UPDATE backglance_item SET next_try_at = 0')
        self.on_site('backfill')
        self.on_site('check', code=CONTRACT_DUE)
        # Damaged images, or those of a later location, can be read and have no hash: somebody must decide first.
        damaged = [image_id for image_id, image in self.images.items()
                   if image['result'] in ('size_differs', 'checksum_differs', 'other_location')]
        refused = self.on_site('contract', '--yes', code=FAILED)
        self.assertIn('%d readable images' % len(damaged), refused.err)
        self.delete_images(damaged)
        # So must they about images that contract cannot look at.
        refused = self.on_site('contract', '--yes', code=FAILED)
        self.assertIn('images have no hash and may still be readable', refused.err)
        self.assertIn('in a store of type ', self.on_site('contract', '--dry-run', code=FAILED).out)
        self.delete_images([image_id for image_id, image in self.images.items()
                            if image['result'] == 'unreadable'
                            or image['case'] in ('location pending delete',
                                                 'location status in upper case')])
        stores = [word for name in ('cinder', 'http', 'rbd', 's3', 'swift')
                  for word in ('--without-store', name)]
        self.on_site('contract', '--yes', *stores[2:], code=FAILED)
        self.on_site('contract', '--yes', *stores)
        self.on_site('check', code=DONE)

    def delete_images(self, image_ids):
        self.database.execute("UPDATE images SET deleted = 1, status = 'deleted' WHERE id IN (%s)"
                              % ', '.join('?' * len(image_ids)), *image_ids)

    def test_no_command_prints_a_secret(self):
        # on_site looks for them in what each prints
        for command in ('status', 'plan'):
            self.on_site(command)
            self.on_site(command, '--json')
        for command in program.CHANGING:
            # before expand, some have nothing to work on
            for option in ('--dry-run', '--json'):
                self.on_site(command, '--dry-run', option, code=(0, 1))
        self.on_site('sync', '--grace', '0s', code=FINDINGS)
        self.on_site('verify', code=FINDINGS)
        self.on_site('verify', '--json', code=FINDINGS)
        for command in ('status', 'plan', 'report'):
            self.on_site(command)
            self.on_site(command, '--json')
        self.on_site('report', '--csv')
        self.on_site('report', '--csv=findings')
        page = self.directory / 'report.html'
        self.on_site('report', '--html', page)
        self.assert_no_secret(page.read_text(), 'the HTML page')
        self.assert_no_secret(self.database.all_text('backglance_'), 'the ledger')

    def assert_results(self, result):
        wanted = {name: count for name, count in self.expected['results'].items()
                  if name != 'not queued'}
        self.assertEqual({name: total['images'] for name, total in result['classes'].items()}, wanted)
        found = dict(self.database.rows('SELECT image_id, result FROM backglance_item'))
        self.assertEqual(
            {self.images[image_id]['case']: name for image_id, name in found.items()},
            {image['case']: image['result'] for image in self.images.values()
             if image['result'] is not None})
        self.assertEqual(result['left']['images'], wanted.get(POSTPONED, 0))
        self.assertEqual(self.database.value(
            'SELECT count(*) FROM backglance_item WHERE lease_run IS NOT NULL'), 0)

    def assert_hashes(self, before):
        after = self.glance_rows('id, checksum, size, status, updated_at, os_hash_algo, os_hash_value')
        for image_id, (checksum, size, status, updated_at, algorithm, value) in after.items():
            image = self.images[image_id]
            with self.subTest(image['case']):
                self.assertEqual((size, status, updated_at), before[image_id][1:])
                if image['result'] is None:
                    continue
                self.assertEqual(value, image['hash_value'])
                self.assertEqual(value is None, algorithm is None)
                if before[image_id][0] is not None:
                    self.assertEqual(checksum, before[image_id][0])
                else:
                    self.assertEqual(checksum, image['md5'] if value else None)

    def assert_schemes(self):
        found = dict(self.database.rows('SELECT image_id, scheme FROM backglance_signature'))
        self.assertEqual(
            {self.images[image_id]['case']: scheme for image_id, scheme in found.items()},
            {image['case']: image['scheme'] for image in self.images.values()
             if image['scheme'] != 'none'})


class HostileMainJob(MainJob):
    """Also with sizes that no sum can hold."""

    make_options = ('--hostile', '--seed', 'hostile')


class HeadMainJob(sites.MadeSiteTest):
    """A site of a later release has the columns, and rows with half a hash."""

    make_options = ('--revision', 'head', '--seed', 'head')

    def test_hashes_follow_the_algorithm_of_the_row(self):
        before = self.glance_rows('id, os_hash_algo, os_hash_value')
        self.on_site('sync', code=FINDINGS)
        self.assertEqual(self.database.rows('SELECT version_num FROM alembic_version'),
                         self.pristine.rows('SELECT version_num FROM alembic_version'))
        for image_id, (algorithm, value) in self.glance_rows(
                'id, os_hash_algo, os_hash_value').items():
            image = self.images[image_id]
            with self.subTest(image['case']):
                if image['result'] is None:
                    self.assertEqual((algorithm, value), before[image_id])
                    continue
                self.assertEqual(value, image['hash_value'])
                if before[image_id][0] is not None:
                    self.assertEqual(algorithm, before[image_id][0])


if __name__ == '__main__':
    program.main()
