#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The program reads images through a real Glance API, with tokens of a real Keystone.

    glance_api_test.py BACKGLANCE [unittest's own arguments]

Comments that begin with "Row:" name a hazard of the acceptance table of stores.
"""

import hashlib
import pathlib
import random
import shutil
import tempfile
import unittest

import api_site
import program
from forwarder import answer
from key_manager import PASSWORD
from program import DONE, FAILED, FINDINGS, USAGE

SITE = None
SECRETS = (PASSWORD, api_site.MEMBER_PASSWORD, 'gAAAA', '127.0.0.1')
API = '--through-api'
UNVERIFIED = '--through-api-unverified'


def setUpModule():
    global SITE
    home = pathlib.Path(tempfile.mkdtemp(prefix='backglance-api-'))
    unittest.addModuleCleanup(shutil.rmtree, home, ignore_errors=True)
    SITE = api_site.ApiSite(home)
    unittest.addModuleCleanup(SITE.stop)
    SITE.start()
    result = SITE.run('expand')
    assert result.code == DONE, result


def content(size, seed=1):
    return random.Random(seed).randbytes(size)


class GlanceApiTest(program.ProgramTest):
    def setUp(self):
        SITE.front.requests.clear()
        self.addCleanup(SITE.remove_images)

    def run_on_site(self, command, *arguments, code=DONE, **options):
        result = SITE.run(command, *arguments, **options)
        self.assert_code(result, code)
        # Row: all | secret in row or config | in no output, ledger
        for secret in SECRETS:
            self.assertNotIn(secret, result.out + result.err + SITE.database.all_text('backglance'))
        return result

    def backfill(self, *arguments, **options):
        return self.run_on_site('backfill', *arguments, **options)

    def downloads(self, image=''):
        return [head for head in SITE.front.requests if '%s/file ' % image in head.partition('\r\n')[0]]

    def assert_hashed(self, image, digest):
        self.assertEqual((SITE.hash_of(image), SITE.result_of(image)[0]), (digest, 'hashed'))

    def assert_finding(self, image, result, words):
        found, reason = SITE.result_of(image)
        self.assertEqual((SITE.hash_of(image), found), (None, result), reason)
        self.assertIn(words, reason)

    def assert_read_again(self, image, result):
        """changed_while_read, which is a finding at the third time."""
        self.assertRegex(result.out, r'(?m)^  changed while read +1 .* 1 to be read again$')
        self.assertIsNone(SITE.hash_of(image))

    def test_digests_are_glances_own(self):
        # Row: api | 204 and size 0 | hashed (empty)
        images = [SITE.add(content(size)) for size in (0, 1, 65536, 100_003, 5 << 20)]
        self.backfill(code=FAILED)
        self.assertEqual([SITE.hash_of(image) for image, _ in images], [None] * 5)
        for arguments in ((API,), (API, '--streams-per-store', '8')):
            self.backfill(*arguments)
            for image, digest in images:
                self.assert_hashed(image, digest)
                SITE.erase(image)
        self.assertTrue(all('Range:' not in head for head in self.downloads()))

    def test_an_image_without_a_checksum_is_refused_unless_the_operator_accepts_it(self):
        # Row: api | checksum NULL, not allowed unverified | unreadable
        image, digest = SITE.add(content(70_000), checksum=False)
        self.backfill(API, code=FINDINGS)
        self.assert_finding(image, 'unreadable', 'Glance has no checksum of it')
        self.assertEqual(self.downloads(), [])
        self.backfill(UNVERIFIED, '--retry-failed')
        self.assert_hashed(image, digest)

    def test_an_object_that_is_longer_than_the_size(self):
        data = content(100_000)
        image, digest = SITE.add(data)
        other, _ = SITE.add(data)
        unproved, _ = SITE.add(data, checksum=False)
        for one in (image, unproved):
            SITE.object_of(one).write_bytes(data + b'more')
        SITE.object_of(other).write_bytes(b'more' + data)
        self.backfill(API, code=FINDINGS)
        # What users get: Glance sends no more than the size.
        self.assert_hashed(image, digest)
        self.assert_finding(other, 'checksum_differs', 'Glance says')
        self.assert_finding(unproved, 'unreadable', 'Glance has no checksum of it')

    def test_an_object_that_is_gone_or_too_short(self):
        # Row: api | 204 and size > 0 | missing
        gone, _ = SITE.add(content(1000))
        short, _ = SITE.add(content(300_000))
        good, digest = SITE.add(content(2000))
        SITE.object_of(gone).unlink()
        SITE.object_of(short).write_bytes(content(300_000)[:200_000])
        self.backfill(API, code=FINDINGS)
        self.assert_finding(gone, 'missing', 'HTTP 204')
        self.assert_finding(short, 'unreadable', 'ends each time after')
        self.assert_hashed(good, digest)

    def test_a_broken_connection_is_mended_by_the_checksum_alone(self):
        size = 3 << 20
        image, digest = SITE.add(content(size))
        unproved, _ = SITE.add(content(size, 2), checksum=False)
        SITE.front.cut_after = size // 2
        self.backfill(API, code=FINDINGS)
        self.assert_hashed(image, digest)
        self.assertEqual(len(self.downloads(image)), 2)
        SITE.front.cut_after = size // 2
        self.assert_read_again(unproved, self.backfill(UNVERIFIED, '--retry-failed'))

    def test_a_revoked_token_is_renewed(self):
        # Row: api | 401 in mid-run | renew once
        images = [SITE.add(content(1000, seed)) for seed in range(3)]
        SITE.front.stalled = True
        try:
            process = SITE.run('backfill', API, begin=program.start)
            program.wait_for(lambda: SITE.front.requests)
            SITE.keystone.revoke(self.tokens()[0])
        finally:
            SITE.front.stalled = False
        self.assert_code(program.finish(process), DONE)
        for image, digest in images:
            self.assert_hashed(image, digest)
        self.assertEqual(len(set(self.tokens())), 2)

    def tokens(self):
        return [line.partition(': ')[2] for head in SITE.front.requests for line in head.split('\r\n')
                if line.lower().startswith('x-auth-token: ')]

    def test_answers_that_no_glance_gives_on_demand(self):
        image, digest = SITE.add(content(1000))
        # Row: all | 429/498/5xx | retried
        SITE.front.answers = [None, answer(503, Retry_After='0'), None, answer(500)]
        self.backfill(API)
        self.assert_hashed(image, digest)
        self.assertEqual(SITE.front.answers, [])
        # Row: api | 403 of one image | unreadable
        for status, words in ((403, 'role admin'), (400, 'HTTP 400'), (302, 'HTTP 302')):
            SITE.erase(image)
            SITE.front.answers = [None, None, answer(status, Location='http://127.0.0.1:1/')]
            self.backfill(API, '--retry-failed', code=FINDINGS)
            self.assert_finding(image, 'unreadable', words)
        # A proxy's own answer proves neither a length nor an end.
        SITE.front.answers = [None, None, answer(200, b'what')]
        self.assert_read_again(image, self.backfill(API, '--retry-failed'))

    def test_a_user_who_does_not_see_the_images_records_nothing(self):
        image, _ = SITE.add(content(1000))
        result = self.backfill(API, code=FAILED, env={
            'OS_USERNAME': api_site.MEMBER, 'OS_PASSWORD': api_site.MEMBER_PASSWORD,
            'OS_PROJECT_NAME': api_site.MEMBER})
        self.assertIn('role admin', result.err)
        self.assertEqual(SITE.result_of(image)[0], None)

    def test_credentials(self):
        image, digest = SITE.add(content(1000))
        for name in ('OS_AUTH_URL', 'OS_USERNAME', 'OS_PASSWORD', 'OS_PROJECT_NAME'):
            result = self.backfill(API, code=USAGE, env={name: ''})
            self.assertIn('--through-api', result.err)
        token = SITE.keystone.token()
        self.assertIn('OS_IMAGE_ENDPOINT_OVERRIDE', self.backfill(API, code=USAGE, env={'OS_TOKEN': token}).err)
        self.assertEqual(SITE.front.requests, [])
        # Row: all | 401/403 for all | place
        for env, words in (({'OS_PASSWORD': 'planted-wrong'}, 'Keystone refuses the user'),
                           ({'OS_REGION_NAME': 'nowhere'}, 'no endpoint of type image'),
                           ({'OS_TOKEN': 'planted-token', 'OS_IMAGE_ENDPOINT_OVERRIDE': self.url()},
                            'refuses the token'),
                           ({'OS_IMAGE_ENDPOINT_OVERRIDE': self.url() + '/nothing'}, 'does not list images')):
            result = self.backfill(API, code=FAILED, env=env)
            self.assertIn(words, result.err)
            self.assertNotIn('planted', result.out + result.err)
            self.assertEqual(SITE.result_of(image)[0], None)
        for env in ({'OS_TOKEN': token, 'OS_IMAGE_ENDPOINT_OVERRIDE': self.url()}, {'OS_INTERFACE': 'internal'}):
            self.backfill(API, env=env)
            self.assert_hashed(image, digest)
            SITE.erase(image)

    def test_application_credential_of_a_cloud(self):
        image, digest = SITE.add(content(1000))
        token, facts = SITE.keystone.authenticate('admin', PASSWORD, 'admin')
        made = SITE.keystone.post('/users/%s/application_credentials' % facts['user']['id'], token,
                                  application_credential={'name': 'planted-name', 'secret': 'planted-secret'})
        home = self.scratch()
        clouds = home / 'clouds.yaml'
        by_id = {'application_credential_id': made['id'], 'application_credential_secret': 'planted-secret'}
        by_name = {'application_credential_name': 'planted-name', 'application_credential_secret': 'planted-secret',
                   'username': 'admin', 'user_domain_name': 'Default'}

        def run(auth, kind='v3applicationcredential', code=DONE, **env):
            auth = {'auth_url': SITE.keystone.auth_url, **auth}
            clouds.write_text('clouds:\n  site:\n%s    auth:\n%s' % (
                '    auth_type: %s\n' % kind if kind else '',
                ''.join('      %s: %s\n' % one for one in auth.items())))
            result = self.backfill(API, code=code, env={'OS_CLIENT_CONFIG_FILE': str(clouds), 'OS_CLOUD': 'site', **env})
            self.assertNotIn('planted', result.out + result.err)
            return result

        for auth in (by_id, by_name):
            for kind in ('v3applicationcredential', None):
                run(auth, kind)
                self.assert_hashed(image, digest)
                SITE.erase(image)
        # The environment alone; a password beside it does not count.
        self.backfill(API, env={'OS_APPLICATION_CREDENTIAL_ID': made['id'], 'OS_PASSWORD': 'planted-wrong',
                                'OS_APPLICATION_CREDENTIAL_SECRET': 'planted-secret'})
        self.assert_hashed(image, digest)
        SITE.erase(image)
        SITE.database.execute('DELETE FROM backglance_item')
        result = run({**by_id, 'application_credential_secret': 'planted-wrong'}, code=FAILED)
        self.assertIn('Keystone refuses the application credential', result.err)
        self.assertIsNone(SITE.result_of(image)[0])
        for auth, words in (({'application_credential_id': made['id']}, 'application_credential_secret is not set'),
                            ({'application_credential_secret': 'planted-x'}, 'application_credential_id is not set'),
                            ({**by_name, 'username': '""'}, 'username is not set')):
            self.assertIn(words, run(auth, code=USAGE).err)
        # Named, the password counts.
        self.assertIn('username is not set', run(by_id, 'password', code=USAGE).err)

    def url(self):
        return 'http://127.0.0.1:%d' % SITE.front.port

    def test_an_image_with_two_locations_is_left(self):
        image, _ = SITE.add(content(1000))
        SITE.site.add_location(image, 'cinder://%s' % image)
        self.backfill(API, code=FINDINGS)
        self.assert_finding(image, 'unreadable', 'cannot read stores of type cinder')
        self.assertEqual(self.downloads(), [])

    def test_a_store_that_this_release_cannot_read(self):
        # Row: cinder, vsphere | API reader off / on | store_not_supported / as api
        data = content(1000)
        image, _ = SITE.add(data)
        with SITE.database.batch():
            SITE.database.execute('UPDATE image_locations SET value = ?, meta_data = ? WHERE image_id = ?',
                                  'cinder://fast/%s' % image, '{"store": "fast"}', image)
        self.backfill(code=FINDINGS)
        self.assert_finding(image, 'store_not_supported', 'cannot read stores of type cinder')
        # This Glance has no Cinder either: another answer is given for it.
        SITE.front.answers = [None, None, answer(200, data)]
        self.backfill(API, '--retry-failed')
        self.assert_hashed(image, hashlib.sha512(data).hexdigest())
        SITE.database.execute('UPDATE image_locations SET value = ?, meta_data = ? WHERE image_id = ?',
                              'file://%s' % SITE.object_of(image), '{"store": "fs1"}', image)

    def test_status_and_plan_say_what_is_read_through_the_api(self):
        SITE.add(content(1000))
        for arguments, words in (((API,), 'read through the Glance API, those with a checksum'),
                                 ((UNVERIFIED,), 'read through the Glance API')):
            result = self.run_on_site('plan', *arguments)
            self.assertRegex(result.out, r'(?m)^  fs1: file: 1 image without a hash, 1000 B -- %s: ' % words)
            self.assertNotIn('cannot be read by what is configured', result.out)
            self.assertRegex(self.run_on_site('status', *arguments).out, r'(?m)^Store +fs1: file .*, %s \(' % words)
        stores = self.run_on_site('backfill', '--dry-run', API, '--json').object['stores']
        self.assertEqual([store['through_api'] for store in stores if store['id'] == 'fs1'], [True])
        self.assertIn('1 of these cannot be read', self.run_on_site('plan').out)
        self.assertEqual(self.downloads(), [])

    def test_the_gate_of_contract_asks_without_reading(self):
        SITE.add(content(1000))
        self.run_on_site('migrate', '--grace', '0s')
        away = ('--without-store', SITE.home / 'away')
        result = self.run_on_site('contract', '--dry-run', API, *away, code=FAILED)
        self.assertRegex(result.out, r'readable without a hash: 1 image|1 readable image has no hash')
        result = self.run_on_site('contract', '--dry-run', API, '--without-store', 'fs1')
        self.assertIn('left out by --without-store: 1 image\n', result.out)
        self.assertEqual(self.downloads(), [])

    def test_an_erased_hash_is_read_again_and_not_restored(self):
        image, digest = SITE.add(content(1000))
        self.backfill(API)
        SITE.erase(image)
        self.backfill(API)
        self.assert_hashed(image, digest)
        self.assertEqual(len(self.downloads(image)), 2)

    def test_verify_compares_what_the_api_sends(self):
        data = content(1000)
        image, _ = SITE.add(data)
        self.backfill(API)
        SITE.object_of(image).write_bytes(data[::-1])
        self.run_on_site('verify', API, code=FINDINGS)
        self.assertEqual(SITE.database.rows('SELECT image_id, result FROM backglance_verify'),
                         [(image, 'checksum_differs')])


if __name__ == '__main__':
    program.main()
