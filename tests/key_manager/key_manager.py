# SPDX-License-Identifier: Apache-2.0
"""A private Keystone and a private Barbican of Debian's, on free ports of loopback: the real services, each in one
process of wsgiref, on SQLite and with keys of their own.

Needs python3-keystone and python3-barbican; starts no packaged service.
"""

import base64
import contextlib
import json
import os
import pathlib
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'glance_api'))

from glance_api import free_port  # noqa: E402  (found by the line above)

START_SECONDS = 90
PASSWORD = 'a pass word of the "admin" of $this site'
KEYSTONE = '''
[DEFAULT]
log_file = {home}/keystone.log
[database]
connection = sqlite:///{home}/keystone.sqlite
[token]
provider = fernet
expiration = {expiration}
allow_expired_window = 0
[fernet_tokens]
key_repository = {home}/fernet
[credential]
key_repository = {home}/credential
[identity]
password_hash_rounds = 4
[oslo_policy]
policy_file = {home}/none.yaml
'''
BARBICAN = '''
[DEFAULT]
log_file = {home}/barbican.log
sql_connection = sqlite:///{home}/barbican.sqlite
db_auto_create = true
host_href = {url}
[secretstore]
enabled_secretstore_plugins = store_crypto
[crypto]
enabled_crypto_plugins = simple_crypto
[simple_crypto_plugin]
kek = YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoxMjM0NTY=
[queue]
enable = false
[oslo_policy]
policy_file = {home}/none.yaml
[keystone_authtoken]
www_authenticate_uri = {keystone}
auth_url = {keystone}
auth_type = password
username = admin
user_domain_name = Default
project_name = admin
project_domain_name = Default
password = {password}
token_cache_time = -1
'''
PASTE = '''
[composite:main]
use = egg:Paste#urlmap
/: versions
/v1: api
[app:versions]
paste.app_factory = barbican.api.app:create_version_app
[pipeline:api]
pipeline = authtoken context app
[app:app]
paste.app_factory = barbican.api.app:create_main_app
[filter:authtoken]
paste.filter_factory = keystonemiddleware.auth_token:filter_factory
[filter:context]
paste.filter_factory = barbican.api.middleware.context:ContextMiddleware.factory
'''


def request(method, url, token=None, body=None, headers=()):
    """Status, headers and the JSON object of the answer."""
    headers = {'Content-Type': 'application/json', 'Accept': 'application/json', **dict(headers)}
    if token:
        headers['X-Auth-Token'] = token
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
            text, status, found = answer.read(), answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        text, status, found = error.read(), error.code, dict(error.headers)
    return status, found, json.loads(text) if text.startswith(b'{') else text


class KeyManager:
    """Both servers. `expiration`: of Keystone's tokens, in seconds; `tls`: the certificate and key file of both."""

    def __init__(self, home, expiration=3600, tls=None):
        self.home = pathlib.Path(home)
        self.tls = tls
        self.expiration = expiration
        scheme = 'https' if tls else 'http'
        self.keystone_port, self.barbican_port = free_port(), free_port()
        self.auth_url = '%s://127.0.0.1:%d/v3' % (scheme, self.keystone_port)
        self.url = '%s://127.0.0.1:%d' % (scheme, self.barbican_port)
        self._processes = []

    def __enter__(self):
        self.home.mkdir(parents=True, exist_ok=True)
        (self.home / 'none.yaml').write_text('{}\n')
        self._start_keystone()
        self._start_barbican()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes = []

    def environment(self, project='admin', user='admin', password=PASSWORD):
        """As an openrc file sets it."""
        return {'OS_AUTH_URL': self.auth_url, 'OS_USERNAME': user, 'OS_PASSWORD': password,
                'OS_USER_DOMAIN_NAME': 'Default', 'OS_PROJECT_NAME': project, 'OS_PROJECT_DOMAIN_NAME': 'Default'}

    def token(self, project='admin'):
        status, headers, _ = request('POST', self.auth_url + '/auth/tokens', body={'auth': {
            'identity': {'methods': ['password'], 'password': {'user': {
                'name': 'admin', 'domain': {'name': 'Default'}, 'password': PASSWORD}}},
            'scope': {'project': {'name': project, 'domain': {'name': 'Default'}}}}})
        assert status == 201, status
        return headers['X-Subject-Token']

    def add_project(self, name):
        """A project in which the admin is a creator of secrets, as he is in the first."""
        token = self.token()
        status, _, made = request('POST', self.auth_url + '/projects', token, {'project': {'name': name}})
        assert status == 201, (status, made)
        _, _, found = request('GET', self.auth_url + '/users?name=admin', token)
        self._give_role(token, made['project']['id'], found['users'][0]['id'])

    def _give_role(self, token, project, user):
        _, _, roles = request('GET', self.auth_url + '/roles?name=admin', token)
        request('PUT', '%s/projects/%s/users/%s/roles/%s' % (self.auth_url, project, user, roles['roles'][0]['id']), token)

    def store(self, payload, secret_type='certificate', project='admin'):
        """The id of a new secret: bytes, or a text as text/plain."""
        if isinstance(payload, bytes):
            body = {'payload': base64.b64encode(payload).decode(), 'payload_content_encoding': 'base64',
                    'payload_content_type': 'application/octet-stream'}
        else:
            body = {'payload': payload, 'payload_content_type': 'text/plain'}
        body['secret_type'] = secret_type
        status, _, made = request('POST', self.url + '/v1/secrets', self.token(project), body)
        assert status == 201, (status, made)
        return made['secret_ref'].rpartition('/')[2]

    def _start_keystone(self):
        config = self.home / 'keystone.conf'
        config.write_text(KEYSTONE.format(home=self.home, expiration=self.expiration))
        user, group = pathlib.Path('/proc/self').owner(), pathlib.Path('/proc/self').group()
        for command in (['db_sync'], ['fernet_setup', '--keystone-user', user, '--keystone-group', group],
                        ['credential_setup', '--keystone-user', user, '--keystone-group', group],
                        ['bootstrap', '--bootstrap-password', PASSWORD, '--bootstrap-public-url', self.auth_url,
                         '--bootstrap-internal-url', self.auth_url, '--bootstrap-region-id', 'RegionOne']):
            subprocess.run(['/usr/bin/python3', '/usr/bin/keystone-manage', '--config-file', config, *command], check=True,
                           capture_output=True)
        self._serve('keystone', self.keystone_port, self.auth_url)

    def _start_barbican(self):
        (self.home / 'paste.ini').write_text(PASTE)
        (self.home / 'barbican.conf').write_text(BARBICAN.format(
            home=self.home, keystone=self.auth_url, url=self.url, password=PASSWORD.replace('$', '$$')))
        self._serve('barbican', self.barbican_port, self.url + '/')

    def _serve(self, name, port, url):
        with open(self.home / (name + '.out'), 'ab') as log:
            process = subprocess.Popen(
                ['/usr/bin/python3', '-B', str(HERE / 'serve.py'), name, str(self.home), str(port),
                 *map(str, self.tls or ())], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={'PATH': '/usr/bin:/bin', **({'REQUESTS_CA_BUNDLE': str(self.tls[0])} if self.tls else {})})
        self._processes.append(process)
        deadline = time.monotonic() + START_SECONDS
        while not self._answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise AssertionError('%s did not start:\n%s' % (name, (self.home / (name + '.out')).read_text()[-3000:]))
            time.sleep(0.1)

    def _answers(self, url):
        context = ssl.create_default_context(cafile=self.tls[0]) if self.tls else None
        try:
            with urllib.request.urlopen(url, timeout=10, context=context):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False
