# SPDX-License-Identifier: Apache-2.0
"""A site of tests/cli/sites.py whose images only Glance can read: a real glance-api behind a real Keystone. The program
is told another directory for Glance's store fs1, so that this store is away for it."""

import pathlib
import sys

TESTS = pathlib.Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS / name) for name in ('stores', 'cli', 'servers', 'glance_api', 'key_manager')]

import program  # noqa: E402  (found by the line above)
import sites  # noqa: E402
from forwarder import Forwarder  # noqa: E402
from glance_api import GlanceApi  # noqa: E402
from key_manager import PASSWORD  # noqa: E402
from own_keystone import Keystone  # noqa: E402

MEMBER, MEMBER_PASSWORD = 'somebody', 'planted-member'
AUTH = '''
[keystone_authtoken]
www_authenticate_uri = {url}
auth_url = {url}
auth_type = password
username = admin
user_domain_name = Default
project_name = admin
project_domain_name = Default
password = {password}
token_cache_time = -1
'''
# Only the stores differ from Glance's own configuration.
CONFIG = '''
[DEFAULT]
enabled_backends = fs1:file,here:file
[glance_store]
default_backend = fs1
[fs1]
filesystem_store_datadir = {away}
[here]
filesystem_store_datadir = {here}
[database]
connection = {database}
'''


class ApiSite:
    """`front` stands between the program and Glance, and keeps the requests: forwarder.Forwarder."""

    def __init__(self, home):
        self.home = pathlib.Path(home)
        self.site = sites.SmallSite(self.home / 'site', 'head')
        self.database = self.site.database
        self.keystone = Keystone(self.home / 'keystone')
        self.api = self.front = None

    def start(self):
        self.keystone.__enter__()
        url = self.keystone.auth_url
        self.api = GlanceApi(self.home / 'api', self.database.url,
                             keystone=AUTH.format(url=url, password=PASSWORD.replace('$', '$$')))
        self.api.start()
        self.front = Forwarder(('127.0.0.1', self.api.port))
        self.front.open()
        token = self.keystone.token()
        service = self.keystone.post('/services', token, service={'type': 'image', 'name': 'glance'})
        for interface in ('public', 'internal'):
            # One with a version and one without: a catalog has either.
            self.keystone.post('/endpoints', token, endpoint={
                'service_id': service['id'], 'interface': interface, 'region': 'RegionOne',
                'url': 'http://127.0.0.1:%d%s' % (self.front.port, '/v2/' if interface == 'internal' else '')})
        self.keystone.add_member(MEMBER, MEMBER_PASSWORD)
        self.client = self.api.client({'X-Auth-Token': token})
        self.config = self.home / 'backglance.conf'
        self.config.write_text(CONFIG.format(away=self.home / 'away', here=self.site.store,
                                             database=self.database.url))

    def stop(self):
        if self.front:
            self.front.close()
        if self.api:
            self.api.stop()
        self.keystone.stop()
        self.database.drop()

    def run(self, command, *arguments, env=None, begin=program.run):
        environment = {'PATH': '/usr/bin:/bin', **self.keystone.environment(), **(env or {})}
        return begin(command, '--config-file', self.config, *arguments, cwd=self.home, env=environment)

    def add(self, data, checksum=True):
        """An image that Glance has stored, without its hash; and with or without its checksum. Returns id and hash."""
        image = self.client.add(data)
        digest = self.client.show(image)['os_hash_value']
        self.erase(image, checksum)
        return image, digest

    def erase(self, image, checksum=True):
        """The guard takes another hash for one that Glance has begun, and lets it through."""
        with self.database.batch():
            self.database.execute("UPDATE images SET os_hash_algo = 'none', os_hash_value = NULL WHERE id = ?", image)
            self.database.execute('UPDATE images SET os_hash_algo = NULL%s WHERE id = ?'
                                  % ('' if checksum else ', checksum = NULL'), image)

    def object_of(self, image):
        return self.api.home / 'fs1' / image

    def hash_of(self, image):
        return self.database.value('SELECT os_hash_value FROM images WHERE id = ?', image)

    def result_of(self, image):
        """Result and reason."""
        rows = self.database.rows('SELECT result, reason FROM backglance_item WHERE image_id = ?', image)
        return rows[0] if rows else (None, None)

    def remove_images(self):
        for image in self.client.list():
            self.database.execute('DELETE FROM backglance_item WHERE image_id = ?', image)
            self.client.delete(image)
