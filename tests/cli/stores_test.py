#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A site with several stores, one of which does not answer: what is read, what is kept, and what is said."""

import socket
import uuid

from glance.common import crypt as glance_crypt
import program
from program import DONE, FAILED, FINDINGS, MIGRATE_DUE, USAGE
import sites

SECRET = 'hunter2/secret'


def silent_port():
    """A port at which nobody listens."""
    with socket.socket() as found:
        found.bind(('127.0.0.1', 0))
        return found.getsockname()[1]


class SilentStoreTest(sites.SmallSiteTest):
    """`far` is an S3 store that nobody serves, `here` has files."""

    def setUp(self):
        super().setUp()
        self.url = 'http://127.0.0.1:%d' % silent_port()
        self.site.config.write_text(
            '[DEFAULT]\nenabled_backends = here:file, far:s3\n[database]\nconnection = %s\n'
            '[here]\nfilesystem_store_datadir = %s\n'
            '[far]\ns3_store_host = %s\ns3_store_bucket = images\ns3_store_access_key = key\n'
            's3_store_secret_key = %s\n' % (self.site.database.url, self.site.store, self.url, SECRET))
        self.here = self.site.add(b'here')
        self.far = str(uuid.uuid4())
        self.site.add(b'far', id=self.far,
                      location='s3://row:%s@gateway.example.org/images/%s' % (SECRET, self.far))
        self.site.database.execute('UPDATE image_locations SET meta_data = ? WHERE image_id = ?',
                                   '{"store": "far"}', self.far)
        self.on_site('expand')

    def assert_no_secret(self, result):
        for text in (SECRET, self.url.rpartition('/')[2], 'gateway.example.org'):
            self.assertNotIn(text, result.out + result.err)

    def test_the_other_store_is_read_and_no_result_is_recorded(self):
        for command in ('backfill', 'sync'):
            result = self.on_site(command, code=FAILED)
            self.assert_no_secret(result)
            self.assertIn('bucket images of store far', result.err)
            self.assertIn('left for another host, or for a later run', result.err)
        hashes = self.site.hashes()
        self.assertEqual(hashes[self.here][1], sites.sha512(b'here'))
        self.assertIsNone(hashes[self.far][1])
        self.assertEqual(self.site.database.rows(
            'SELECT state, result, attempts FROM backglance_item WHERE image_id = ?', self.far),
                         [('queued', None, 0)])
        self.on_site('check', code=MIGRATE_DUE)

    def test_status_plan_and_dry_runs_say_what_cannot_be_read(self):
        result = self.on_site('status')
        self.assertRegex(result.out, r'(?m)^Store +here: file  \S+, 1 image without a hash, 4 B$')
        self.assertRegex(result.out, r'(?m)^Store +far: s3  bucket images of store far, \*\* cannot be read here: '
                                     r'.*, 1 image without a hash, 3 B$')
        self.assert_no_secret(result)
        for command in (('plan',), ('backfill', '--dry-run')):
            result = self.on_site(*command)
            self.assertRegex(result.out, r'(?m)^  far: s3: 1 image without a hash, 3 B -- not readable here: ')
            self.assertIn('  1 of these cannot be read by what is configured here\n', result.out)
            self.assert_no_secret(result)
        stores = self.on_site('backfill', '--dry-run', '--json').object['stores']
        self.assertEqual([(store['id'], store['type'], store['images'], store['bytes'], store['configured'])
                          for store in stores], [('here', 'file', 1, 4, True), ('far', 's3', 1, 3, True)])
        self.assertIsNone(stores[0]['why_not'])
        self.assertTrue(stores[1]['why_not'])

    def test_report_and_metrics_split_images_bytes_and_findings_by_store(self):
        """Also where no database can read the scheme of a location, because it is encrypted."""
        self.site.path_of(self.site.add(b'lost')).unlink()
        metrics = self.site.directory / 'x.prom'
        for command in ('backfill', 'verify'):  # both find that the image is missing
            self.on_site(command, '--metrics', metrics, code=FAILED)
            text = metrics.read_text()
            for name, here in (('images_total', 2), ('image_bytes_total', 4), ('findings', 1)):
                for store, kind, wanted in (('here', 'file', here), ('far', 's3', 0)):
                    self.assertIn('backglance_store_%s{command="%s",store="%s",type="%s"} %d\n'
                                  % (name, command, store, kind, wanted), text)
        for key in ('', 'a key of 32 bytes, for locations'):
            if key:
                self.site.config.write_text(self.site.config.read_text().replace(
                    '[DEFAULT]', '[DEFAULT]\nmetadata_encryption_key = ' + key))
                for row, value in self.site.database.rows('SELECT id, value FROM image_locations'):
                    self.site.database.execute('UPDATE image_locations SET value = ? WHERE id = ?',
                                               glance_crypt.urlsafe_encrypt(key, value), row)
            report = self.on_site('report', '--json').object
            names = ('id', 'type', 'configured', 'images', 'bytes', 'images_with_hash', 'bytes_with_hash', 'findings')
            self.assertEqual(report['stores'], [dict(zip(names, store)) for store in (
                ('here', 'file', True, 2, 8, 1, 4, 1), ('far', 's3', True, 1, 3, 0, 0, 0))])
            text = self.on_site('report').out
            self.assertRegex(text, r'(?m)^  here: file +2 +1 +8 B +4 B +1$')
            self.assertRegex(text, r'(?m)^  far: s3 +1 +0 +3 B +0 B +0$')
            self.assertIn('By store', self.on_site('report', '--html', '-').out)

    def test_verify_records_nothing_of_a_store_that_does_not_answer(self):
        for image in (self.here, self.far):
            self.site.database.execute(
                "UPDATE images SET os_hash_algo = 'sha512', os_hash_value = ? WHERE id = ?",
                sites.sha512(b'here' if image == self.here else b'far'), image)
        result = self.on_site('verify', code=FAILED)
        self.assertIn('bucket images of store far', result.err)
        self.assertEqual(self.site.database.rows('SELECT image_id, result FROM backglance_verify'),
                         [(self.here, 'verified')])

    def test_contract_refuses_until_the_store_is_named(self):
        self.on_site('migrate', '--grace', '0s')
        self.on_site('backfill', code=FAILED)
        for arguments in ((), ('--without-store', 'here')):
            result = self.on_site('contract', '--yes', *arguments, code=FAILED)
            self.assertIn('bucket images of store far cannot be opened', result.err)
            self.assert_no_secret(result)
        for name in ('far', 's3', 'bucket images of store far'):
            dry = self.on_site('contract', '--dry-run', '--without-store', name)
            self.assertIn('left out by --without-store: 1 image\n', dry.out)

    def test_an_image_with_a_copy_in_the_silent_store_is_not_called_missing(self):
        self.site.add_location(self.far, 'file://%s/none' % self.site.store)
        self.on_site('backfill', code=FAILED)
        self.assertEqual(self.site.database.value(
            'SELECT result FROM backglance_item WHERE image_id = ?', self.far), None)

    def test_a_copy_that_a_checksum_proves_is_read_instead(self):
        (self.site.store / self.far).write_bytes(b'far')
        self.site.add_location(self.far, 'file://%s/%s' % (self.site.store, self.far))
        self.on_site('backfill', code=DONE)
        self.assertEqual(self.site.hashes()[self.far][1], sites.sha512(b'far'))


class UnknownStoreTest(sites.SmallSiteTest):
    """Images of stores that are not configured, or not switched on."""

    def test_locations_of_types_without_a_store_say_so(self):
        self.site.add(b'rbd', location='rbd://fsid/pool/image/snap')
        self.site.add(b'http', location='http://127.0.0.1:9/image')
        self.site.add(b'cinder', location='cinder://%s' % uuid.uuid4())
        self.on_site('expand')
        result = self.on_site('plan')
        for line in ('  http: 1 image without a hash, 4 B -- not readable here: http locations are switched off '
                     '(--allow-http)\n',
                     '  rbd: 1 image without a hash, 3 B -- not readable here: no store of type rbd is configured\n',
                     '  cinder: 1 image without a hash, 6 B -- not readable here: this release cannot read stores of '
                     'type cinder\n', '  3 of these cannot be read by what is configured here\n'):
            self.assertIn(line, result.out)
        self.on_site('backfill', code=FINDINGS)
        self.assertEqual(self.site.database.value(
            "SELECT COUNT(*) FROM backglance_item WHERE result = 'store_not_supported'"), 3)

    def test_a_rule_that_is_none_is_refused(self):
        for rule in ('', 'http://host', 'a b', '10.0.0.0/33', 'host:99999', '*'):
            with self.subTest(rule=rule):
                result = self.on_site('backfill', '--allow-http', rule, code=USAGE)
                self.assertIn('--allow-http', result.err)


class OtherDirectoryTest(sites.SmallSiteTest):
    """One of two store directories is not in the configuration of this host."""

    def test_images_of_a_directory_that_is_not_configured_stay_in_the_queue(self):
        second = self.scratch()
        here = self.site.add(b'here')
        there = []
        for i in range(3):
            image = str(uuid.uuid4())
            (second / image).write_bytes(b'%d' % i)
            there.append(self.site.add(b'%d' % i, id=image, location='file://%s/%s' % (second, image)))
        self.on_site('expand')
        result = self.on_site('backfill', code=FAILED)
        self.assertIn('%s, which is not one of the stores that are configured here' % second, result.err)
        self.assertEqual(self.site.hashes()[here][1], sites.sha512(b'here'))
        self.assertEqual(self.site.database.value(
            "SELECT COUNT(*) FROM backglance_item WHERE state = 'queued' AND result IS NULL"), 3)
        options = ('--database', self.site.database.url, '--store-dir', self.site.store, '--store-dir', second)
        self.program('backfill', *options, code=DONE)
        self.assertEqual(self.site.hashes()[there[2]][1], sites.sha512(b'2'))


if __name__ == '__main__':
    program.main()
