#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Reads images out of a real Swift behind a real Keystone: tokens of version 3, the catalog, application credentials,
and accounts of other projects.

    swift_keystone_test.py STORE_READER

Comments that begin with "Row:" name a hazard of the acceptance table of stores.
"""

import pathlib
import shutil
import signal
import sys
import tempfile
import unittest

from swift_cases import Objects, config_text, meta, pattern

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / 'key_manager'))

from key_manager import PASSWORD  # noqa: E402  (found by the line above)
from own_keystone import Keystone  # noqa: E402
from reader import Reader, set_binary  # noqa: E402
from servers import make_directory, remove_from_memory  # noqa: E402
from swift import Swift  # noqa: E402

SEGMENT = 64 << 10
ACCOUNTS = '''
[ref1]
auth_address = {auth}
user = admin:admin
key = {password}
[credential]
auth_address = {auth}
application_credential_id = {credential[id]}
application_credential_secret = {credential[secret]}
[domain]
auth_address = {root}
user = admin:admin
key = {password}
user_domain_name = Default
project_domain_name = Default
[nodomain]
auth_address = {root}
user = admin:admin
key = {password}
user_domain_name = Another
[wrong]
auth_address = {auth}
user = admin:admin
key = plantedwrongkey
[noproject]
auth_address = {auth}
user = admin
key = {password}
[nokeystone]
auth_address = {root}/nothing
user = admin:admin
key = {password}
'''


def scoped(keystone, user, password, project):
    """A token, the storage URL in its catalog, and what Keystone says of it."""
    token, body = keystone.authenticate(user, password, project)
    return token, next(service['endpoints'][0]['url'] for service in body['catalog']
                       if service['type'] == 'object-store'), body


class SwiftKeystone(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        home = pathlib.Path(tempfile.mkdtemp(prefix='backglance-swift-keystone-'))
        cls.addClassCleanup(shutil.rmtree, home, ignore_errors=True)
        make_directory(home / 'server')
        cls.addClassCleanup(remove_from_memory, home / 'server')
        keystone = Keystone(home / 'server' / 'keystone')
        cls.addClassCleanup(keystone.stop)
        keystone.__enter__()
        cls.swift = Swift(home / 'server' / 'swift', keystone=(keystone.auth_url, 'admin', PASSWORD))
        cls.addClassCleanup(cls.swift.stop, signal.SIGKILL)
        cls.swift.start()
        cls.keystone = keystone
        token = keystone.token()
        service = keystone.post('/services', token, service={'type': 'object-store', 'name': 'swift'})
        keystone.post('/regions', token, region={'id': 'RegionThree'})
        for interface, region, url in (('public', 'RegionOne', cls.swift.keystone_url),
                                       ('internal', 'RegionOne', cls.swift.keystone_url + '/'),
                                       ('public', 'RegionThree', 'http://127.0.0.1:1/v1/AUTH_%(tenant_id)s')):
            keystone.post('/endpoints', token, endpoint={'service_id': service['id'], 'interface': interface,
                                                         'region': region, 'url': url})
        # A project of somebody else.
        keystone.add_member('tenant', 'plantedtenant')
        token, storage, cls.admin = scoped(keystone, 'admin', PASSWORD, 'admin')
        cls.credential = keystone.post('/users/%s/application_credentials' % cls.admin['user']['id'], token,
                                       application_credential={'name': 'reader'})
        cls.objects = Objects(cls.caller(token, storage))
        cls.objects.put('images')
        cls.tenant_token, cls.tenant_storage, _ = scoped(keystone, 'tenant', 'plantedtenant', 'tenant')
        cls.tenant = Objects(cls.caller(cls.tenant_token, cls.tenant_storage))
        cls.tenant.put('images')
        cls.write_config(home)
        cls.reader = Reader(cls.config)
        cls.reader.survey()

    @classmethod
    def write_config(cls, home):
        root = cls.keystone.auth_url.rpartition('/v3')[0]
        (home / 'accounts.conf').write_text(ACCOUNTS.format(auth=cls.keystone.auth_url, root=root, password=PASSWORD,
                                                            credential=cls.credential))
        common = {'swift_store_config_file': home / 'accounts.conf', 'swift_store_container': 'images',
                  'swift_store_region': 'RegionOne'}
        options = {'swift_store_auth_address': root, 'swift_store_user': 'admin:admin', 'swift_store_key': PASSWORD,
                   'swift_store_container': 'images', 'swift_store_region': 'RegionOne'}
        cls.config = home / 'glance-api.conf'
        cls.config.write_text(config_text({
            'fast': common,
            'inside': {**common, 'swift_store_endpoint_type': 'internalURL'},
            'options': options,
            'nowhere': {**common, 'swift_store_region': 'RegionTwo'},
            'endpoint': {**common, 'swift_store_region': 'RegionTwo',
                         'swift_store_endpoint': cls.swift.keystone_url % {'tenant_id': cls.admin['project']['id']}},
            'tenants': {**options, 'swift_store_multi_tenant': 'True'}}))

    @classmethod
    def tearDownClass(cls):
        cls.reader.__exit__()
        # Row: all | secret in row or config | in no output
        for secret in (PASSWORD, 'planted', 'gAAAA', cls.credential['id'], cls.credential['secret'], '127.0.0.1',
                       cls.admin['project']['id']):
            assert secret not in cls.reader.said, (secret, cls.reader.said)

    @classmethod
    def caller(cls, token, storage):
        return lambda method, path, body=None, headers=(): cls.swift.request(
            method, storage + '/' + path, body, {'X-Auth-Token': token, **dict(headers)})

    def read(self, name, reference='ref1', store='fast'):
        return self.reader.read('swift+config://%s/images/%s' % (reference, name), meta(store))

    def assert_read(self, answer, expected):
        self.assertEqual((answer['result'], answer['reason']), ('hashed', None))
        for name, value in expected.items():
            self.assertEqual(answer[name], value, name)

    def assert_failed(self, answer, result, kind, words):
        self.assertEqual((answer['result'], answer['kind']), (result, kind), answer['reason'])
        self.assertIn(words, answer['reason'])

    def test_password_and_application_credential(self):
        expected = self.objects.plain('images', 'plain', pattern(1 << 20, 1))
        for reference in ('ref1', 'domain', 'credential'):
            self.assert_read(self.read('plain', reference), expected)

    def test_options_without_an_accounts_file(self):
        expected = self.objects.plain('images', 'options', b'by options')
        self.assert_read(self.read('options', store='options'), expected)

    def test_endpoint_by_interface_region_and_option(self):
        expected = self.objects.plain('images', 'endpoint', b'by an endpoint')
        for store in ('fast', 'inside', 'endpoint'):
            self.assert_read(self.read('endpoint', store=store), expected)
        self.assert_failed(self.read('endpoint', store='nowhere'), 'unreadable', 'place', 'region RegionTwo')

    def test_credentials_in_the_location(self):
        expected = self.tenant.plain('images', 'own', b'with credentials')
        host = self.keystone.auth_url.partition('://')[2]
        value = 'swift+http://tenant%%3Atenant:%s@%s/images/own'
        self.assert_read(self.reader.read(value % ('plantedtenant', host), meta('fast')), expected)
        # A version 2.0 in an old row is Keystone's version 3 today.
        self.assert_read(self.reader.read(value % ('plantedtenant', host.replace('/v3', '/v2.0')), meta('fast')),
                         expected)
        self.assert_failed(self.reader.read(value % ('plantedwrong', host), meta('fast')), 'unreadable', 'image',
                           'Keystone refuses the user in the location (HTTP 401)')

    # Row: all | 401/403 for all | place
    def test_users_that_keystone_refuses(self):
        for reference in ('wrong', 'nodomain'):
            self.assert_failed(self.read('plain', reference), 'unreadable', 'place',
                               'Keystone refuses the configured user (HTTP 401)')
        self.assert_failed(self.read('plain', 'noproject'), 'unreadable', 'place', 'project:user')
        self.assert_failed(self.read('plain', 'nokeystone'), 'unreadable', 'place', 'check the auth address')

    def test_dynamic_large_object(self):
        expected = self.objects.dynamic('images', 'dlo', pattern(21 * SEGMENT, 2), SEGMENT)
        self.assert_read(self.read('dlo', 'credential'), expected)

    # Row: swift | multi-tenant row, no rights | unreadable; token sent to no host but the catalog's
    def test_multi_tenant_locations(self):
        expected = self.tenant.plain('images', 'image', b'of a tenant')
        value = 'swift+http://%s/images/image' % self.tenant_storage.partition('://')[2]
        self.assert_failed(self.reader.read(value, meta('tenants')), 'unreadable', 'image', 'ResellerAdmin')
        # A read ACL, which the owner gives.
        self.tenant.call('POST', 'images', headers={'X-Container-Read': '%s:*' % self.admin['project']['id']})
        self.assert_read(self.reader.read(value, meta('tenants')), expected)
        self.tenant.call('POST', 'images', headers={'X-Container-Read': ''})
        # The role, with a new token: of another process.
        token = self.keystone.token()
        role = self.keystone.post('/roles', token, role={'name': 'ResellerAdmin'})
        self.keystone.put('/projects/%s/users/%s/roles/%s' % (
            self.admin['project']['id'], self.admin['user']['id'], role['id']), token)
        with Reader(self.config) as reader:
            self.assert_read(reader.read(value, meta('tenants')), expected)
        elsewhere = value.replace(str(self.swift.ports['keystone-proxy']), str(self.swift.ports['proxy']))
        before = len(self.swift.requests())
        self.assert_failed(self.reader.read(elsewhere, meta('tenants')), 'unreadable', 'image', 'no token was sent')
        self.assertEqual(len(self.swift.requests()), before)

    def test_survey(self):
        away = self.reader.survey()
        for place in ('container images of store fast', 'container images of store inside',
                      'container images of store options', 'container images of store endpoint',
                      'account of store tenants'):
            self.assertEqual(away[place], '', place)
        self.assertIn('region RegionTwo', away['container images of store nowhere'])


if __name__ == '__main__':
    set_binary(sys.argv.pop(1))
    unittest.main()
