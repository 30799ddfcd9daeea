# SPDX-License-Identifier: Apache-2.0
"""A private Keystone of Debian's, for the tests of stores."""

import contextlib
import sqlite3

from key_manager import KeyManager, request


class Keystone(KeyManager):
    """Without a Barbican. With a write-ahead log, or SQLite refuses to write while Keystone has a read open."""

    def _start_barbican(self):
        pass

    def _serve(self, name, port, url):
        with contextlib.closing(sqlite3.connect(self.home / 'keystone.sqlite')) as database:
            database.execute('PRAGMA journal_mode = WAL')
        super()._serve(name, port, url)

    def post(self, path, token, **body):
        status, _, made = request('POST', self.auth_url + path, token, body)
        assert status == 201, (status, made)
        return next(iter(made.values()))

    def put(self, path, token):
        status, _, answer = request('PUT', self.auth_url + path, token)
        assert status == 204, (status, answer)

    def authenticate(self, user, password, project):
        """A token and what Keystone says of it."""
        status, headers, body = request('POST', self.auth_url + '/auth/tokens', body={'auth': {
            'identity': {'methods': ['password'], 'password': {'user': {
                'name': user, 'domain': {'name': 'Default'}, 'password': password}}},
            'scope': {'project': {'name': project, 'domain': {'name': 'Default'}}}}})
        assert status == 201, status
        return headers['X-Subject-Token'], body['token']

    def add_member(self, name, password):
        """A user with the role member in a project of the same name."""
        token = self.token()
        project = self.post('/projects', token, project={'name': name})
        user = self.post('/users', token, user={'name': name, 'password': password})
        member = request('GET', self.auth_url + '/roles?name=member', token)[2]['roles'][0]['id']
        self.put('/projects/%s/users/%s/roles/%s' % (project['id'], user['id'], member), token)

    def revoke(self, token):
        status, _, answer = request('DELETE', self.auth_url + '/auth/tokens', self.token(),
                                    headers={'X-Subject-Token': token})
        assert status == 204, (status, answer)
